"""Tests of the request engine."""
