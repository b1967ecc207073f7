"""Tests of what `schema/` does."""
