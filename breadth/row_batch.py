"""Row batches: objects of one class that are read a column at a time, and are made only if something needs one.

A resolver may return a row batch in place of a list of objects, and an attribute of objects may be one. It is a
sequence of the objects, and a field that is an attribute of them is read for all of them in one call. A class has
the members of `RowBatch`, and inherits nothing.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol, Self, TypeGuard

from breadth.values import Column, Value

_KNOWN_MAX = 2_000


class RowBatch(Protocol):
    """Objects of one class, none of which is null, an error, or awaited."""

    @property
    def of_class(self) -> type[Value]:
        """Class of the objects."""

    def column(self, name: str) -> "Sources":
        """Return the attribute of that name, one value for each object; raise whatever reading it raises.

        A list is not changed by the executor, which may put it into the response. In one that begins with a text,
        values of a subclass of `str` are texts too, and neither called nor awaited. After an exception, the attribute
        is read of one object after the other.
        """

    def joined(self, others: Sequence[Self]) -> Self | None:
        """Return one row batch of these objects and those of the others, in this order; None if there can't be one."""

    def __len__(self) -> int:
        """Return the number of objects."""

    def __iter__(self) -> Iterator[Value]:
        """Return the objects, one after the other."""

    def __getitem__(self, index: int, /) -> Value:
        """Return one of the objects."""


class Parted(RowBatch, Protocol):
    """A row batch that an executor with pauses reads in parts."""

    def parts(self, size: int) -> "Sequence[RowBatch]":
        """Return row batches of so many of the objects each, in order; the last may have fewer."""


class DictionaryEncoded(RowBatch, Protocol):
    """A row batch whose objects repeat: each distinct object is completed once, for all of its rows."""

    @property
    def dictionary(self) -> "Sources":
        """Distinct objects: a list, or a row batch."""

    @property
    def indices(self) -> list[int]:
        """Index in the dictionary, one for each row."""


Sources = Column | RowBatch
"""The objects of a batch."""

_ROW_BATCHES: dict[type, bool] = {list: False}


def is_row_batch(value: object) -> TypeGuard[RowBatch]:
    """Return whether the value is a row batch, which depends on its class only."""
    kind = type(value)
    found = _ROW_BATCHES.get(kind)
    if found is None:
        found = all(
            hasattr(kind, name) for name in ("of_class", "column", "joined", "__len__", "__iter__", "__getitem__")
        )
        # A program that makes classes as it runs must not fill the memory with them.
        if len(_ROW_BATCHES) < _KNOWN_MAX:
            _ROW_BATCHES[kind] = found
    return found


def is_dictionary_encoded(rows: RowBatch) -> TypeGuard[DictionaryEncoded]:
    """Return whether the objects of the row batch repeat."""
    return hasattr(rows, "indices")


def has_parts(objects: Sources) -> TypeGuard[Parted]:
    """Return whether the objects are a row batch that can be read in parts."""
    return hasattr(objects, "parts")
