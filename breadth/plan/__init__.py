"""Plan of an operation: its selections, their fields, and the resolver of each field."""
