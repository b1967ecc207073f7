"""The plan of an operation: its selections, their fields, and how each field is resolved."""
