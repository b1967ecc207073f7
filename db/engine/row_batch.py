"""Rows as the driver returned them: converted to row objects on demand, or read a column at a time.

Functions that convert rows are generated for the columns of a statement.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from functools import lru_cache, partial
from itertools import chain, groupby
from operator import attrgetter, itemgetter
from types import CodeType
from typing import Any, Generic, NamedTuple, NoReturn, Self, SupportsIndex, TypeVar, overload

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeEngine

from db.engine.column_types import Instant

Row = TypeVar("Row")

_TRANSPOSED_MAX = 1_000
"""Number of rows from which on a column is read by itself: all of them together would take milliseconds."""

_TIME_ZONE = attrgetter("tzinfo")

Found = Sequence[Sequence[Any]]
"""Rows as the driver gives them."""


@dataclass(frozen=True, slots=True)
class Column:
    """Index of the column in driver rows, and its converter (None if the driver's value is used as it is)."""

    place: int
    made: Callable[[Sequence[Any]], list[Any]] | None = None


@dataclass(frozen=True, slots=True)
class Layout(Generic[Row]):
    """Layout of a statement's rows: their class, its factory, and the columns.

    `key` is the index of the column with the id of each row's owner, if there is one. `related` are the layouts of
    joined rows, by join.
    """

    of_class: type[Row]
    make: Callable[[Found], list[Row]]
    columns: Mapping[str, Column]
    key: int | None = None
    related: Mapping[Hashable, "Layout[Any]"] = field(default_factory=dict)


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
            if len(self._found) > _TRANSPOSED_MAX:
                alone = self._values(column.place)
                return alone if column.made is None else column.made(alone)
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
        if len(self._found) > _TRANSPOSED_MAX:
            return RowBatch(layout, self._found) if all(self._values(layout.columns["id"].place)) else None
        by_column = self._columns()
        # No id is 0, and to compare each with None takes three times as long.
        if not all(by_column[layout.columns["id"].place]):
            return None
        return RowBatch(layout, self._found, by_column)

    def of(self, places: Iterable[int]) -> "RowBatch[Row]":
        """Return the rows at these indices."""
        return RowBatch(self._layout, [self._found[place] for place in places])

    def parts(self, size: int) -> "Sequence[RowBatch[Row]]":
        """Return these rows as batches of so many each."""
        return [self[at : at + size] for at in range(0, len(self._found), size)]

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

    def _values(self, place: int) -> list[Any]:
        return list(map(itemgetter(place), self._found))

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


Values = Sequence[Any]


class Deferred:
    """Value of a column that a query did not select; every use of it raises TypeError."""

    def __repr__(self) -> str:
        """Tell it in a message."""
        return "DEFERRED"

    def _refuse(self, *_: object) -> NoReturn:
        message = "The column was not selected; the reader must name it in `reads`."
        raise TypeError(message)

    __bool__ = __str__ = __eq__ = __lt__ = __hash__ = __iter__ = __len__ = _refuse


DEFERRED: Any = Deferred()
"""In the place of every column that was not read."""


class Converter(NamedTuple):
    """Converter of a column's driver values: an expression for one value, and a function for many."""

    expression: str = "{value}"
    known: Any = None
    of_many: Callable[[Values], list[Any]] | None = None


AS_IT_IS = Converter()


def of(column_type: TypeEngine[Any], dialect: Dialect) -> Converter:
    """Return the converter of a type."""
    if isinstance(column_type, sa.Enum) and column_type.enum_class is not None:
        members: dict[str | None, Enum | None] = {None: None} | {each.name: each for each in column_type.enum_class}
        return Converter("{known}[{value}]", members, lambda values: list(map(members.__getitem__, values)))
    if isinstance(column_type, Instant):
        if dialect.name == "sqlite":
            return Converter("None if {value} is None else {known}({value})", datetime.fromisoformat, _moments)
        return Converter("{known}({value})", _in_utc, _all_in_utc)
    process = column_type.dialect_impl(dialect).result_processor(dialect, None)
    return (
        AS_IT_IS
        if process is None
        else Converter("{known}({value})", process, lambda values: list(map(process, values)))
    )


def _in_utc(moment: datetime | None) -> datetime | None:
    # asyncpg writes the first and the last datetime as infinity, and reads infinity without a time zone.
    return moment if moment is None or moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _all_in_utc(moments: Values) -> list[datetime | None]:
    try:
        if all(map(_TIME_ZONE, moments)):
            return list(moments)
    except AttributeError:
        # There are nulls among them.
        pass
    return list(map(_in_utc, moments))


def _moments(texts: Values) -> list[datetime | None]:
    read = datetime.fromisoformat
    try:
        return list(map(read, texts))
    except TypeError:
        return [None if text is None else read(text) for text in texts]


def layout(
    row: Callable[..., Row],
    names: Sequence[str],
    readings: Sequence[Converter],
    places: range,
) -> Layout[Row]:
    """Return the layout of rows by the names and indices of their columns."""
    return Layout(
        row,  # type: ignore[arg-type]  # Where it is no class, it makes values of one.
        _maker(row, names, readings, places),
        {name: Column(place, readings[place].of_many) for name, place in zip(names, places, strict=False)},
    )


def _maker(
    row: Callable[..., Row],
    names: Sequence[str],
    readings: Sequence[Converter],
    places: range,
) -> Callable[[Found], list[Row]]:
    """Return a function that converts driver rows.

    It is generated for the columns: a loop over rows with inlined conversions takes a third of the time of
    one that loops over their columns too.
    """
    if not readings:
        return lambda _: []
    fields: Sequence[str] | None = getattr(row, "_fields", None)
    alone = len(places) == len(readings)
    if fields is not None and alone and len(names) == len(fields) and all(each.known is None for each in readings):
        make: Callable[[Values], Row] = partial(tuple.__new__, row)  # type: ignore[type-var, arg-type]
        return lambda found: list(map(make, found))
    values = [reading.expression.format(value=f"v{place}", known=f"k{place}") for place, reading in enumerate(readings)]
    known = {f"k{place}": reading.known for place, reading in enumerate(readings)}
    own = [values[place] for place in places]
    if fields is not None and len(names) < len(fields):
        read = dict(zip(names, own, strict=True))
        own = [read.get(field, "unread") for field in fields]
    # What makes a named tuple in the end; its own `_make` counts the values first, and there is one for each column.
    made = f"row({', '.join(own)})" if fields is None else f"new(row, ({''.join(f'{value}, ' for value in own)}))"
    source = f"lambda found: [{made} for {', '.join(f'v{place}' for place in range(len(values)))}, in found]"
    function: Callable[[Found], list[Row]] = eval(  # noqa: S307 — it is made of numbers alone.
        _code(source), known | {"row": row, "new": tuple.__new__, "unread": DEFERRED}
    )
    return function


@lru_cache(maxsize=1_000)
def _code(source: str) -> CodeType:
    """Compile a function that converts rows, which many statements of one kind of rows have in common."""
    return compile(source, "<rows>", "eval")
