"""Rows as the driver returned them: converted to row objects on demand, or read a column at a time."""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from itertools import chain, groupby
from operator import itemgetter
from types import MappingProxyType
from typing import Any, Generic, NamedTuple, Self, SupportsIndex, TypeVar, overload

Row = TypeVar("Row")

Found = Sequence[Sequence[Any]]
"""Rows as the driver gives them."""


class Column(NamedTuple):
    """Index of the column in driver rows, and its converter (None if the driver's value is used as it is)."""

    place: int
    made: Callable[[Sequence[Any]], list[Any]] | None = None


class Layout(NamedTuple, Generic[Row]):
    """Layout of a statement's rows: their class, its factory, and the columns.

    `key` is the index of the column with the id of each row's owner, if there is one. `related` are the layouts of
    joined rows, by join.
    """

    of_class: type[Row]
    make: Callable[[Found], list[Row]]
    columns: Mapping[str, Column]
    key: int | None = None
    related: Mapping[Hashable, "Layout[Any]"] = MappingProxyType({})


class RowBatch(Sequence[Row], Generic[Row]):
    """Immutable rows of a statement."""

    __slots__ = ("_by_column", "_found", "_layout", "_made")

    def __init__(self, layout: Layout[Row], found: Found, by_column: Sequence[Sequence[Any]] | None = None) -> None:
        """Take the driver's rows."""
        self._layout, self._found, self._by_column = layout, found, by_column
        self._made: list[Row] | None = None

    @property
    def of_class(self) -> type[Row]:
        """Class of the rows."""
        return self._layout.of_class

    def column(self, name: str) -> list[Any]:
        """Return an attribute of each row. Raises AttributeError for an unknown one."""
        column = self._layout.columns.get(name)
        if column is None:
            return [getattr(row, name) for row in self]
        by_column = self._by_column
        if by_column is None:
            by_column = self._columns()
        if not by_column:
            return []
        values = by_column[column.place]
        return list(values) if column.made is None else column.made(values)

    def related(self, join: Hashable) -> "RowBatch[Any] | None":
        """Return the rows that were joined, one for each; None if they were not, or if one of them is missing."""
        layout = self._layout.related.get(join)
        if layout is None or not self._found:
            return None
        by_column = self._columns()
        if None in by_column[layout.columns["id"].place]:
            return None
        return RowBatch(layout, self._found, by_column)

    def by_key(self) -> Iterator[tuple[Any, "RowBatch[Row]"]]:
        """Yield the rows of each owner, by which the statement has sorted them. Raises TypeError without one."""
        if self._layout.key is None:
            message = "The rows say nothing of whose they are."
            raise TypeError(message)
        for key, found in groupby(self._found, itemgetter(self._layout.key)):
            yield key, RowBatch(self._layout, list(found))

    def joined(self, others: Sequence[Self]) -> Self | None:
        """Return these rows and the others as one batch if all are of the same statement, else None."""
        if any(other._layout is not self._layout for other in others):  # noqa: SLF001 — of the same class.
            return None
        found = list(chain(self._found, *(other._found for other in others)))  # noqa: SLF001 — of the same class.
        return type(self)(self._layout, found)

    def _columns(self) -> Sequence[Sequence[Any]]:
        if self._by_column is None:
            self._by_column = list(zip(*self._found, strict=True))
        return self._by_column

    def _rows(self) -> list[Row]:
        if self._made is None:
            self._made = self._layout.make(self._found)
        return self._made

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self._found)

    def __iter__(self) -> Iterator[Row]:
        """Return the rows, which are created once."""
        return iter(self._rows())

    @overload
    def __getitem__(self, index: SupportsIndex, /) -> Row: ...

    @overload
    def __getitem__(self, index: slice, /) -> "RowBatch[Row]": ...

    def __getitem__(self, index: Any, /) -> Any:
        """Return a row, or a slice of them."""
        if isinstance(index, slice):
            return RowBatch(self._layout, self._found[index])
        if self._made is not None:
            return self._made[index]
        return self._layout.make([self._found[index]])[0]

    def __eq__(self, other: object) -> bool:
        """Return whether the other is a sequence of equal rows."""
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # As a list has none.
