"""Queries: statements that are compiled once for an engine, so that a request only brings their values."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from functools import partial
from typing import Any, Generic, NamedTuple, NoReturn, TypeVar

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Select, UpdateBase
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeEngine

from db.types import Instant

Row = TypeVar("Row")

Reader = Callable[[Iterable[Sequence[Any]]], list[Row]]
"""Makes rows of the driver's."""

Columns = frozenset[str] | None
"""The columns that are read of a row, by the names of its fields; None for all of them."""

_VARIANTS_MAX = 64


class Unread:
    """Stands in a row in the place of a column that was not read, and is of no use as a value."""

    def __repr__(self) -> str:
        """Tell it in a message."""
        return "UNREAD"

    def _refuse(self, *_: object) -> NoReturn:
        message = "The column was not read: whoever reads it has to say so beforehand."
        raise TypeError(message)

    __bool__ = __str__ = __eq__ = __lt__ = __hash__ = __iter__ = __len__ = _refuse


UNREAD: Any = Unread()
"""In the place of every column that was not read."""


class Query(Generic[Row]):
    """A statement whose values are bound by name, and the class of the rows that it returns, where it returns any.

    SQLite may have a statement of its own, where it finds the same rows faster so. An INSERT names the columns that it
    is given values for. `keyed` rows are pairs: what the row class takes, and the one column that follows.
    """

    def __init__(
        self,
        statement: Select[Any] | UpdateBase,
        row: Callable[..., Row],
        *,
        on_sqlite: Select[Any] | UpdateBase | None = None,
        inserted: Sequence[str] | None = None,
        keyed: bool = False,
        columns: Columns = None,
    ) -> None:
        """Compile nothing yet."""
        self.statement, self.row, self._on_sqlite, self.inserted = statement, row, on_sqlite, inserted
        self.keyed, self.columns = keyed, columns
        self._compiled: dict[str, Compiled[Row]] = {}
        self._reading: dict[Columns, Query[Row]] = {}
        self._maker: Reader[Row] | None = None

    def of(self, dialect: Dialect) -> Select[Any] | UpdateBase:
        """The statement for an engine."""
        return self.statement if self._on_sqlite is None or dialect.name != "sqlite" else self._on_sqlite

    def made(self, found: Iterable[Sequence[Any]]) -> list[Row]:
        """The rows of what SQLAlchemy has read already."""
        if self._maker is None:
            self._maker = _reader(self, [_AS_IT_IS] * len(_columns(self.statement)))
        return self._maker(found)

    def reading(self, columns: Columns) -> "Query[Row]":
        """The query for the same rows, of which only these columns are read and the others are UNREAD."""
        if columns is None:
            return self
        found = self._reading.get(columns)
        if found is None:
            found = self._narrowed(columns)
            if len(self._reading) < _VARIANTS_MAX:
                self._reading[columns] = found
        return found

    def _narrowed(self, columns: frozenset[str]) -> "Query[Row]":
        fields: Sequence[str] = getattr(self.row, "_fields", ())
        # What a row makes of its columns may need any of them.
        if not columns < set(fields):
            return self
        kept = [place for place, name in enumerate(fields) if name in columns]
        if self.keyed:
            kept.append(len(fields))
        return Query(
            _only(self.statement, kept),
            self.row,
            on_sqlite=None if self._on_sqlite is None else _only(self._on_sqlite, kept),
            keyed=self.keyed,
            columns=columns,
        )

    def compiled(self, dialect: Dialect) -> "Compiled[Row]":
        """The query for an engine."""
        found = self._compiled.get(dialect.name)
        if found is None:
            found = self._compiled[dialect.name] = Compiled(self, dialect)
        return found


class Compiled(Generic[Row]):
    """A query as a driver takes it: its text, how its values are bound, and how its rows are read."""

    def __init__(self, query: Query[Row], dialect: Dialect) -> None:
        """Compile the statement."""
        statement = query.of(dialect)
        compiled: Any = statement.compile(dialect=dialect, column_keys=query.inserted)
        self.text = str(compiled)
        self._fixed = compiled.construct_params(_check=False)
        self._binders = [
            (name, compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect))
            for name in compiled.positiontup or ()
        ]
        self.read = _reader(query, [_reading(column.type, dialect) for column in _columns(statement)])

    def bound(self, values: Mapping[str, Any]) -> Sequence[Any]:
        """The values in the order in which the text asks for them."""
        parameters = []
        for name, bind in self._binders:
            value = values[name] if name in values else self._fixed[name]
            parameters.append(value if bind is None else bind(value))
        return parameters


class _Reading(NamedTuple):
    """How a column's value is made of the driver's: an expression over it, and what that needs to know."""

    expression: str
    known: Any = None


_AS_IT_IS = _Reading("{value}")


def _columns(statement: Select[Any] | UpdateBase) -> Sequence[ColumnElement[Any]]:
    return list(statement.selected_columns if isinstance(statement, Select) else statement.exported_columns)


def _reading(column_type: TypeEngine[Any], dialect: Dialect) -> _Reading:
    if isinstance(column_type, sa.Enum) and column_type.enum_class is not None:
        members: dict[str | None, Enum | None] = {member.name: member for member in column_type.enum_class}
        return _Reading("{known}[{value}]", {None: None} | members)
    if isinstance(column_type, Instant):
        # PostgreSQL's driver gives moments in UTC.
        of_text = _Reading("None if {value} is None else {known}({value})", datetime.fromisoformat)
        return of_text if dialect.name == "sqlite" else _AS_IT_IS
    process = column_type.dialect_impl(dialect).result_processor(dialect, None)
    return _AS_IT_IS if process is None else _Reading("{known}({value})", process)


def _only(statement: Select[Any] | UpdateBase, places: Sequence[int]) -> Select[Any]:
    """The statement with those of its columns."""
    if not isinstance(statement, Select):
        message = "Only what selects can leave columns out."
        raise TypeError(message)
    columns = list(statement.selected_columns)
    return statement.with_only_columns(*(columns[place] for place in places), maintain_column_froms=True)


def _reader(query: Query[Row], readings: Sequence[_Reading]) -> Reader[Row]:
    """A function that makes rows of the driver's.

    It is written and compiled for the columns: a loop over rows with what is read in place takes a third of the time of
    one that loops over their columns too.
    """
    named = hasattr(query.row, "_fields")
    if not readings:
        return lambda _: []
    whole = query.columns is None and not query.keyed
    if named and whole and all(reading.known is None for reading in readings):
        make: Callable[[Sequence[Any]], Row] = partial(tuple.__new__, query.row)  # type: ignore[type-var, arg-type]
        return lambda found: list(map(make, found))
    names = [f"v{place}" for place in range(len(readings))]
    values = [
        reading.expression.format(value=name, known=f"k{name}") for name, reading in zip(names, readings, strict=True)
    ]
    known = {f"k{name}": reading.known for name, reading in zip(names, readings, strict=True)}
    of_key = f", {values.pop()}" if query.keyed else ""
    if query.columns is not None:
        read = iter(values)
        values = [next(read) if name in query.columns else "unread" for name in query.row._fields]  # type: ignore[attr-defined]
    # What makes a named tuple in the end; its own `_make` counts the values first, and there is one for each column.
    made = f"new(row, ({', '.join(values)},))" if named else f"row({', '.join(values)})"
    if query.keyed:
        made = f"({made}{of_key})"
    source = f"lambda found: [{made} for {', '.join(names)}, in found]"
    function: Reader[Row] = eval(  # noqa: S307 — it is made of numbers alone.
        source, known | {"row": query.row, "new": tuple.__new__, "unread": UNREAD}
    )
    return function
