"""The server process: settings, logs, the web application and the command line."""
