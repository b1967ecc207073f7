"""Tests of `schema/`."""
