"""Tests of the process: HTTP, settings, logs, the command line."""
