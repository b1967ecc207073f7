"""Tests that kill processes at random, and compare what callers saw with what is stored."""
