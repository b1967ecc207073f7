"""Sizes of the parts that an executor with a `pause` works on without one."""

OBJECTS_AT_ONCE = 250
"""Number of objects."""

VALUES_AT_ONCE = 2_500
"""Number of their fields' values."""

FIELDS_AT_ONCE = 8
"""Number of fields with a selection of their own, if they are selected of few objects."""
