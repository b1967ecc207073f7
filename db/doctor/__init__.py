"""Checks of the data against its own rules."""
