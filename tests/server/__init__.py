"""The process: HTTP, settings, logs, the command line."""
