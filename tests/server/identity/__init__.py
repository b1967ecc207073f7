"""Tests of tokens of an identity provider."""
