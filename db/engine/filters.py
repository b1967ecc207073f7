"""Parts of many statements: filters by bound values, and rows by ids."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Protocol, TypeAlias, TypeVar

import sqlalchemy as sa
from sqlalchemy import ColumnElement, UpdateBase
from sqlalchemy.dialects import postgresql, sqlite

from db.engine.connection import Connection
from db.engine.expressions import AnyColumn, among, found_by_id
from db.engine.statement import Columns, Statement, Values
from domain.tenancy import ALL_PARTNERS, Scope

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


class HasId(Protocol):
    """Row with an id."""

    @property
    def id(self) -> int:
        """Id of the object."""


Row = TypeVar("Row")
Identified = TypeVar("Identified", bound=HasId)
Filter = TypeVar("Filter", bound="DataclassInstance")
Value = TypeVar("Value")

PARTNER: sa.BindParameter[int] = sa.bindparam("partner_id")
"""The partner, which every statement of a partner's data names."""

Mine: TypeAlias = Callable[[AnyColumn], ColumnElement[bool]]
"""Makes the condition that a row is one of the scope's, of the column with its partner."""


class Scoped(NamedTuple, Generic[Row]):
    """Pair of statements: for one partner, and for all partners, which only the vendor's users run."""

    of_partner: Statement[Row]
    of_all: Statement[Row]

    def within(self, scope: Scope) -> Statement[Row]:
        """Return the statement for the scope."""
        return self.of_all if scope is ALL_PARTNERS else self.of_partner


def scoped(made: Callable[[Mine], Statement[Row]]) -> Scoped[Row]:
    """Take the statements for one partner and for all partners."""
    return Scoped(made(is_partner), made(is_any))


def is_partner(column: AnyColumn) -> ColumnElement[bool]:
    """Return a condition: a row belongs to the partner that is bound as `partner_id`."""
    return column == PARTNER


def is_any(_column: AnyColumn) -> ColumnElement[bool]:
    """Return the condition that holds for the rows of all partners."""
    return sa.true()


def tenancy(*, all_partners: bool) -> Mine:
    """Return what makes the condition of a statement about one partner, or about all partners."""
    return is_any if all_partners else is_partner


def of_parents(parents: sa.Table, name: str) -> Mine:
    """Return what makes the condition that a row's partner is one of the parents' that are bound by the name.

    A statement about all partners names them so, because indexes begin with the partner.
    """
    found = sa.select(parents.c.partner_id).where(among(parents.c.id, name))
    return lambda column: column.in_(found)


NO_VALUES: frozenset[Any] = frozenset()
"""Values of a list that is empty: no row has one of them."""

Shape = tuple[tuple[str, bool | frozenset[Any] | None], ...]
"""The names of a filter's values that are given.

A boolean and an empty list are in it as values, since they choose the condition.
"""


def shaped(scope: Scope, chosen: "DataclassInstance") -> tuple[Shape, dict[str, object]]:
    """Return the shape of a filter, whose unused fields are None, and the values that it binds.

    The partner is one of them; statements about all partners do not name it.
    """
    names, values_of_names = _reader(type(chosen))
    given = values_of_names(chosen)
    if given.count(None) == len(given):
        return (), {"partner_id": scope}
    asked = [(name, value) for name, value in zip(names, given, strict=True) if value is not None]
    shape = tuple([(name, value if value == NO_VALUES or isinstance(value, bool) else None) for name, value in asked])
    return shape, {"partner_id": scope, **dict(asked)}


@cache
def _reader(kind: "type[DataclassInstance]") -> tuple[Sequence[str], Callable[[object], tuple[object, ...]]]:
    """Return the names of a filter's fields, and what reads all of them at once."""
    names = tuple(kind.__dataclass_fields__)
    # Of one name, `attrgetter` returns no tuple.
    return names, attrgetter(*names) if len(names) > 1 else lambda chosen: (getattr(chosen, names[0]),)


def named(kind: type[Filter], of_shape: Shape) -> Filter:
    """Return a filter of that shape with the names of its values."""
    unasked = dict.fromkeys(kind.__dataclass_fields__)
    asked: dict[str, Any] = {name: sa.bindparam(name) if flag is None else flag for name, flag in of_shape}
    return kind(**(unasked | asked))


def one_of(column: AnyColumn, name: str, given: object) -> ColumnElement[bool]:
    """Return the condition that the column is one of the values that `named` gives a filter.

    If there are none, both engines know it before they read a row.
    """
    return sa.false() if given == NO_VALUES else among(column, name)


def matches_none(of_shape: Shape) -> bool:
    """Return whether filters of that shape match no row, because a list of values is empty."""
    return any(given == NO_VALUES for _, given in of_shape)


class RowsById(Generic[Identified]):
    """Read of the rows of a scope with given ids."""

    __slots__ = ("statement",)

    def __init__(self, made: Callable[[Mine], Statement[Identified]]) -> None:
        """Take the statement, which binds `partner_id` and `ids`."""
        self.statement = scoped(made)

    async def __call__(
        self, connection: Connection, scope: Scope, ids: Sequence[int], columns: Columns = None
    ) -> Mapping[int, Identified]:
        """Return the rows by id, with these of their columns; None for all."""
        statement = self.statement.within(scope)
        if columns is not None:
            statement = statement.load_only(columns | {"id"})
        found = await connection.fetch(statement, {"partner_id": scope, "ids": ids})
        return {row.id: row for row in found}


def rows_by_id(table: sa.Table, columns: Sequence[AnyColumn], row: Callable[..., Identified]) -> RowsById[Identified]:
    """Return the read of a table's rows with these columns."""
    return RowsById(
        lambda mine: Statement(
            sa.select(*columns).where(mine(found_by_id(table.c.partner_id)), among(table.c.id, "ids")),
            row,
            reads=one_each("ids"),
        )
    )


def shared_rows_by_id(
    table: sa.Table, columns: Sequence[AnyColumn], row: Callable[..., Identified]
) -> Callable[[Connection, Sequence[int]], Awaitable[Mapping[int, Identified]]]:
    """Return the read, by ids, of a table's rows that every partner may read."""
    statement = Statement(sa.select(*columns).where(among(table.c.id, "ids")), row, reads=one_each("ids"))

    async def read(connection: Connection, ids: Sequence[int]) -> Mapping[int, Identified]:
        return {found.id: found for found in await connection.fetch(statement, {"ids": ids})}

    return read


def one_each(name: str) -> Callable[[Values], int]:
    """Return the most rows that a unique index has: one for each value that is bound by the name."""
    return lambda values: len(values[name])


def one_row(_values: Values) -> int:
    """Return 1, the most rows that a unique index has for one value."""
    return 1


def value(found: Value) -> Value:
    """Return the value of a row with one column."""
    return found


def values_of(*found: object) -> tuple[Any, ...]:
    """Return the row of a statement without a row class."""
    return found


def upsert(
    table: sa.Table,
    written: Callable[[postgresql.Insert | sqlite.Insert], UpdateBase],
    row: Callable[..., Row],
    *,
    inserted: Sequence[str],
) -> Statement[Row]:
    """Return an INSERT with ON CONFLICT, which both engines have."""
    return Statement(written(postgresql.insert(table)), row, on_sqlite=written(sqlite.insert(table)), inserted=inserted)
