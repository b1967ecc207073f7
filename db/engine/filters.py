"""What many statements ask: filters with names in the place of their values, and rows by their ids."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import UpdateBase
from sqlalchemy.dialects import postgresql, sqlite

from db.engine.expressions import AnyColumn, among, found_by_id
from db.engine.statement import Statement, Values

Row = TypeVar("Row")
Filter = TypeVar("Filter")
Value = TypeVar("Value")

PARTNER: sa.BindParameter[int] = sa.bindparam("partner_id")
"""The partner, which every statement of a partner's data names."""

_NAMES: dict[type[Any], tuple[str, ...]] = {}

Shape = tuple[tuple[str, bool | None], ...]
"""The names of a filter's values that are given. A boolean is in it as a value, since it chooses the condition."""


def shaped(partner_id: int | None, chosen: Any) -> tuple[Shape, dict[str, object]]:  # noqa: ANN401 — a data class of any kind.
    """The shape of a filter, a data class whose fields are None where they ask for nothing, and the values it binds.

    The partner is one of them, None for the vendor, who may see those of all partners.
    """
    asked = [(name, value) for name in _names(type(chosen)) if (value := getattr(chosen, name)) is not None]
    shape = tuple([(name, value if isinstance(value, bool) else None) for name, value in asked])
    return shape, {"partner_id": partner_id, **dict(asked)}


def named(kind: type[Filter], of_shape: Shape) -> Filter:
    """A filter of that shape with the names of its values in their place."""
    unasked = dict.fromkeys(_names(kind))
    asked: dict[str, Any] = {name: sa.bindparam(name) if flag is None else flag for name, flag in of_shape}
    return kind(**(unasked | asked))


def _names(kind: type[Any]) -> tuple[str, ...]:
    if kind not in _NAMES:
        _NAMES[kind] = tuple(each.name for each in fields(kind))
    return _NAMES[kind]


def by_ids(table: sa.Table, columns: Sequence[AnyColumn], row: Callable[..., Row]) -> Statement[Row]:
    """The partner's rows among these ids; it binds `partner_id` and `ids`."""
    mine = found_by_id(table.c.partner_id) == PARTNER, among(table.c.id, "ids")
    return Statement(sa.select(*columns).where(*mine), row, reads=one_each("ids"))


def one_each(name: str) -> Callable[[Values], int]:
    """Return the most rows that a unique index has: one for each value that is bound by the name."""
    return lambda values: len(values[name])


def one_row(_values: Values) -> int:
    """Return 1, the most rows that a unique index has for one value."""
    return 1


def value(found: Value) -> Value:
    """The row of a statement with one column: its value."""
    return found


def values_of(*found: object) -> tuple[Any, ...]:
    """The row of a statement whose columns have no class."""
    return found


def upsert(
    table: sa.Table,
    written: Callable[[postgresql.Insert | sqlite.Insert], UpdateBase],
    row: Callable[..., Row],
    *,
    inserted: Sequence[str],
) -> Statement[Row]:
    """An INSERT with ON CONFLICT, which standard SQL lacks and both engines write alike."""
    return Statement(written(postgresql.insert(table)), row, on_sqlite=written(sqlite.insert(table)), inserted=inserted)
