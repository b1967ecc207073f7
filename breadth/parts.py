"""Sizes of the parts that an executor with a `pause` works on without one."""

OBJECTS_AT_ONCE = 500
"""Number of objects."""

VALUES_AT_ONCE = 5_000
"""Number of their fields' values."""
