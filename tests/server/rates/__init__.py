"""Tests of server.rates."""
