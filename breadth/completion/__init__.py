"""Completion of a batch of values into the JSON of a response, one module per kind of type."""
