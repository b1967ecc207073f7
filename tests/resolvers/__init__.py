"""Tests of what `resolvers/` does."""
