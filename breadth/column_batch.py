"""Tables: objects of one class that are read a column at a time, and are made only where somebody asks for one.

A resolver may return a table wherever it could return a list of objects, and an attribute of objects may be one. It
is a sequence of the objects, and a field that is an attribute of them is read for all of them in one go. Nothing has to
inherit from anything: a class is one of tables where it has what `Table` has.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol, Self, TypeGuard

from breadth.values import Column, Value

_KNOWN_MAX = 2_000


class Table(Protocol):
    """Objects that are all there: none of them is null, an error, or awaited."""

    @property
    def of_class(self) -> type[Value]:
        """The class of the objects."""

    def column(self, name: str) -> "Sources":
        """The attribute of that name of each object. Raises whatever reading it raises."""

    def joined(self, others: Sequence[Self]) -> Self | None:
        """One table of the objects of this one and then those of the others, or None where there is none."""

    def __len__(self) -> int:
        """How many objects there are."""

    def __iter__(self) -> Iterator[Value]:
        """The objects."""

    def __getitem__(self, index: int, /) -> Value:
        """One of the objects."""


class Repeating(Table, Protocol):
    """A table in which one object may stand in several places, so that it is completed once for all of them."""

    @property
    def different(self) -> "Sources":
        """The objects."""

    @property
    def places(self) -> list[int]:
        """Index of the value of each object."""


Sources = Column | Table
"""The objects of a batch."""

_TABLES: dict[type, bool] = {list: False}


def is_table(value: object) -> TypeGuard[Table]:
    """Whether the value is a table, which depends on its class only."""
    kind = type(value)
    found = _TABLES.get(kind)
    if found is None:
        found = all(
            hasattr(kind, name) for name in ("of_class", "column", "joined", "__len__", "__iter__", "__getitem__")
        )
        # A program that makes classes as it runs must not fill the memory with them.
        if len(_TABLES) < _KNOWN_MAX:
            _TABLES[kind] = found
    return found


def is_repeating(table: Table) -> TypeGuard[Repeating]:
    """Whether the table says which of its objects are one and the same."""
    return hasattr(table, "places")
