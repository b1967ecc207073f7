"""Metrics for Prometheus: what they are, how a process records them, and how they are read."""
