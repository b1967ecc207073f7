"""Factories of rows: functions that are generated for the columns of a statement."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from enum import Enum
from functools import partial
from typing import Any, NamedTuple, NoReturn, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeEngine

from db.engine.column_types import Instant
from db.engine.row_batch import Column, Found, Layout

Row = TypeVar("Row")

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
        return Converter("{known}({value})", _in_utc, lambda values: list(map(_in_utc, values)))
    process = column_type.dialect_impl(dialect).result_processor(dialect, None)
    return (
        AS_IT_IS
        if process is None
        else Converter("{known}({value})", process, lambda values: list(map(process, values)))
    )


def _in_utc(moment: datetime | None) -> datetime | None:
    # asyncpg writes the first and the last datetime as infinity, and reads infinity without a time zone.
    return moment if moment is None or moment.tzinfo is not None else moment.replace(tzinfo=UTC)


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
        source, known | {"row": row, "new": tuple.__new__, "unread": DEFERRED}
    )
    return function
