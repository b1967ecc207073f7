"""Sending of webhooks."""
