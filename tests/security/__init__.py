"""Attacks that would exhaust the server: each document against a real process."""
