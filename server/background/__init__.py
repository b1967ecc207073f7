"""Tasks that run beside requests."""
