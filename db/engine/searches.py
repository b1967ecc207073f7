"""Searches in indexes or another table, which find the rows that match first, if they are few."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from db.engine.expressions import AnySelect
from db.engine.keyset import Part

FEW_MAX = 300
"""How many rows that match a search are few: more of them are not looked for one by one."""

FEW = sa.bindparam("few", type_=sa.Integer)
"""One row more than are few, up to which a search looks."""


class Found(NamedTuple):
    """Statements for the ids of a part of a list: of two, one returns no rows."""

    few: AnySelect
    many: AnySelect | None = None

    @property
    def ids(self) -> AnySelect:
        """The ids of either."""
        return any_of(self._all, distinct=False)

    @property
    def number(self) -> AnySelect:
        """The statement for the number of the ids."""
        counts = [sa.select(sa.func.count()).select_from(each.subquery()) for each in self._all]
        first, *others = [each.scalar_subquery() for each in counts]
        return sa.select(sum(others, start=first))

    @property
    def _all(self) -> Sequence[AnySelect]:
        return [self.few] if self.many is None else [self.few, self.many]


class Finding(Protocol):
    """Makes the statements for the ids of a part of a list."""

    def __call__(self, part: Part, *, on_sqlite: bool) -> Found:
        """Return the statements for an engine."""


class Search(NamedTuple):
    """How the ids of a part of a list are found, and the conditions besides them by which its rows are read."""

    found: Finding
    by_id: Sequence[ColumnElement[bool]]


def are_few(ids: sa.CTE) -> ColumnElement[bool]:
    """Return a condition: the statement, whose limit is `few`, has all rows that match."""
    return sa.select(sa.func.count()).select_from(ids).scalar_subquery() < FEW


def any_of(selects: Sequence[AnySelect], *, distinct: bool) -> AnySelect:
    """Return the ids of any of the statements, each of which has its own order and limit."""
    if len(selects) == 1:
        return selects[0]
    each = [sa.select(one.subquery().c.id) for one in selects]
    return sa.select((sa.union if distinct else sa.union_all)(*each).subquery().c.id)
