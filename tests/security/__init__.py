"""What is meant to exhaust the server: each document against a real process."""
