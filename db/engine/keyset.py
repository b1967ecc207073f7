"""Keyset paging: a page begins at the position of a row, so new and deleted rows move nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import sqlalchemy as sa
from sqlalchemy import ColumnElement, TableValuedAlias

from db.engine.column_types import Many
from db.engine.expressions import AnyColumn, AnySelect


class Keyset(NamedTuple):
    """Position of a row in an order: its sort key, then its id."""

    key: Any
    id: int


class Window(NamedTuple):
    """Part of a list: `size` rows from its beginning, or from its end if `backward`."""

    size: int
    backward: bool = False
    after: Keyset | None = None
    before: Keyset | None = None

    @property
    def shape(self) -> tuple[bool, bool, bool]:
        """What determines the statements of a window."""
        return self.backward, self.after is not None, self.before is not None

    @property
    def is_at_end(self) -> bool:
        """Whether the window begins at an end of the list, which no rows precede."""
        return (self.before if self.backward else self.after) is None

    def bound(self) -> dict[str, object]:
        """Return the values that the statements of a window bind."""
        bound: dict[str, object] = {"limit": self.size + 1}
        for name, position in (("after", self.after), ("before", self.before)):
            if position is not None:
                bound[f"{name}_key"], bound[f"{name}_id"] = position
        return bound


@dataclass(frozen=True, slots=True)
class Sorting:
    """Order of a list: by a column that is never null, then by id in the same direction."""

    key: AnyColumn
    id: ColumnElement[int]
    descending: bool = False

    def past(self, cursor: str, *, or_at: bool = False) -> ColumnElement[bool]:
        """Return a condition: a row is after the cursor of that name."""
        return self._beyond(cursor, greater=not self.descending, or_at=or_at)

    def short_of(self, cursor: str, *, or_at: bool = False) -> ColumnElement[bool]:
        """Return a condition: a row is before the cursor of that name."""
        return self._beyond(cursor, greater=self.descending, or_at=or_at)

    def clauses(self, *, reverse: bool) -> tuple[AnyColumn, AnyColumn]:
        """Return the ORDER BY, from either end."""
        if self.descending != reverse:
            return self.key.desc(), self.id.desc()
        return self.key.asc(), self.id.asc()

    def _beyond(self, cursor: str, *, greater: bool, or_at: bool) -> ColumnElement[bool]:
        row = sa.tuple_(self.key, self.id)
        limit = sa.tuple_(
            sa.bindparam(f"{cursor}_key", type_=self.key.type), sa.bindparam(f"{cursor}_id", type_=self.id.type)
        )
        if greater:
            return row >= limit if or_at else row > limit
        return row <= limit if or_at else row < limit


LIMIT = sa.bindparam("limit", type_=sa.Integer())
"""One row more than the page shows, which tells whether there is another page."""


def within(sorting: Sorting, window: Window) -> list[ColumnElement[bool]]:
    """Return the conditions that limit a list to the window's cursors."""
    conditions = []
    if window.after is not None:
        conditions.append(sorting.past("after"))
    if window.before is not None:
        conditions.append(sorting.short_of("before"))
    return conditions


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of a list up to a limit: the first in an order, from either end, of those that fit conditions."""

    limit: ColumnElement[int]
    conditions: Sequence[ColumnElement[bool]] = ()
    sorting: Sorting | None = None
    reverse: bool = False
    limited: bool = True
    """Whether there may be more rows than the limit."""

    def of(self, rows: AnySelect, *, when: ColumnElement[bool] | None = None) -> AnySelect:
        """Return the statement for this part of the rows; for none of them, unless the condition holds."""
        if self.sorting is not None:
            rows = rows.order_by(*self.sorting.clauses(reverse=self.reverse))
        if when is None and not self.limited:
            return rows.where(*self.conditions)
        # With a limit of 0, both engines read no rows; a condition, SQLite would try on each.
        limit = self.limit if when is None else sa.case((when, self.limit), else_=0)
        return rows.where(*self.conditions).limit(limit)

    def merged(self, parts: sa.FromClause) -> "Part":
        """Return the same part of the rows of several parts, of which these are the columns."""
        if self.sorting is None:
            return Part(self.limit)
        key = parts.c[self.sorting.key.name]
        return Part(self.limit, (), Sorting(key, parts.c.id, descending=self.sorting.descending), self.reverse)


def part(sorting: Sorting, window: Window) -> Part:
    """Return the part of a list that is a page and one more row."""
    return Part(LIMIT, within(sorting, window), sorting, window.backward)


def page(rows: AnySelect, sorting: Sorting, window: Window) -> AnySelect:
    """Return the statement for a page and one more row, which shows whether there is another page."""
    return rows.where(*within(sorting, window)).order_by(*sorting.clauses(reverse=window.backward)).limit(LIMIT)


def page_by_ids(rows: AnySelect, sorting: Sorting, window: Window) -> AnySelect:
    """Return the statement for the same page, which finds the ids of its rows before it reads them.

    If an index has all that the conditions look at, rows that don't fit are not read.
    """
    order = sorting.clauses(reverse=window.backward)
    found = rows.with_only_columns(sorting.id).where(*within(sorting, window)).order_by(*order).limit(LIMIT)
    return sa.select(*rows.selected_columns).where(sorting.id.in_(found.correlate(None))).order_by(*order)


IsParent: TypeAlias = Callable[[ColumnElement[int]], Sequence[ColumnElement[bool]]]
"""Makes the conditions that a row is one of the parent's, whose id is given."""


def pages(
    rows: AnySelect, sorting: Sorting, window: Window, is_parent: IsParent, parents: str, *, key: str
) -> AnySelect:
    """Return the statement for a page of each parent, each in the order of `page`, by PostgreSQL's indexes.

    `rows` are those of any parent, and `key` is the column by which they are sorted. The parents are bound by their
    name. The last column of each row is the parent's id. Ranked by a window, all rows of each parent would be read.
    """
    of = _unnested(sorting, parents)
    order = sorting.clauses(reverse=window.backward)
    first = rows.where(*is_parent(of.c.value), *within(sorting, window)).order_by(*order).limit(LIMIT)
    found = first.correlate(of).lateral("listed")
    listed = Sorting(found.c[key], found.c.id, descending=sorting.descending)
    return (
        sa.select(*found.c, of.c.value.label("parent_id"))
        .select_from(of.join(found, sa.true()))
        .order_by(of.c.key, *listed.clauses(reverse=window.backward))
    )


def pages_on_sqlite(rows: AnySelect, sorting: Sorting, window: Window, is_parent: IsParent, parents: str) -> AnySelect:
    """Return the same pages in the form that is fastest on SQLite, which has no lateral joins."""
    of = _json_each(sorting, parents)
    order = sorting.clauses(reverse=window.backward)
    first = rows.with_only_columns(sorting.id).where(*is_parent(of.c.value), *within(sorting, window))
    chosen = first.order_by(*order).limit(LIMIT).correlate(of)
    return (
        sa.select(*rows.selected_columns, of.c.value.label("parent_id"))
        .select_from(of.join(sorting.id.table, sorting.id.in_(chosen)))
        .order_by(of.c.key, *order)
    )


def parents_beyond(
    rows: AnySelect, sorting: Sorting, window: Window, is_parent: IsParent, parents: str, *, on_sqlite: bool
) -> AnySelect:
    """Return the statement for the parents whose pages are preceded by rows, of which it looks for one each."""
    of = (_json_each if on_sqlite else _unnested)(sorting, parents)
    preceding = beyond(rows, sorting, window).where(*is_parent(of.c.value)).correlate(of)
    return sa.select(of.c.value).where(preceding.exists())


def counts(rows: AnySelect, sorting: Sorting, is_parent: IsParent, parents: str, *, on_sqlite: bool) -> AnySelect:
    """Return the statement for the number of rows of each parent, each counted by an index of the parent's rows.

    A limit of the rows is that of each parent's.
    """
    of = (_json_each if on_sqlite else _unnested)(sorting, parents)
    of_each = rows.where(*is_parent(of.c.value)).correlate(of).subquery()
    return sa.select(of.c.value, sa.select(sa.func.count()).select_from(of_each).scalar_subquery())


def _unnested(sorting: Sorting, parents: str) -> TableValuedAlias:
    bound: sa.BindParameter[Any] = sa.bindparam(parents, type_=Many(sorting.id.type))
    values = sa.func.unnest(bound).table_valued(
        sa.column("value", sorting.id.type), with_ordinality="key", name="parents"
    )
    return values.render_derived()


def _json_each(sorting: Sorting, parents: str) -> TableValuedAlias:
    bound: sa.BindParameter[Any] = sa.bindparam(parents, type_=Many(sorting.id.type))
    return sa.func.json_each(bound).table_valued("key", "value", name="parents")


def beyond(rows: AnySelect, sorting: Sorting, window: Window) -> AnySelect:
    """Return the statement for rows before the page."""
    return rows.where(_is_beyond(sorting, window))


def part_beyond(sorting: Sorting, window: Window) -> Part:
    """Return the part of a list that is the row before the page."""
    return Part(sa.literal(1, sa.Integer()), [_is_beyond(sorting, window)], sorting, not window.backward)


def _is_beyond(sorting: Sorting, window: Window) -> ColumnElement[bool]:
    if window.backward:
        return sorting.past("before", or_at=True)
    return sorting.short_of("after", or_at=True)
