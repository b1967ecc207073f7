"""Tests of the real server, started as a process."""
