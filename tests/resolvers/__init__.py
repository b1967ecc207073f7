"""Tests of `resolvers/`."""
