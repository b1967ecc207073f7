"""Names of the types that are needed often."""

from collections.abc import Awaitable
from typing import Any, TypeVar, Union

T = TypeVar("T")

Value = Any
"""What a resolver gives or gets, an object that fields are resolved of, or what the response holds: of any type."""

Column = list[Value]
"""One value for each object of a batch. Always a list, so that what is no list has to be awaited."""

MaybeAwaitable = Union[T, Awaitable[T]]  # noqa: UP007 — a union of type variables is generic only in this form.

Key = str | int
"""A step of a path: the response key of a field, or the index of an item."""
