"""Lists that are read by page."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from db.engine import keyset, searches
from db.engine.connection import Connection
from db.engine.expressions import AnyColumn, AnySelect, among, among_rows
from db.engine.keyset import IsParent, Keyset, Part, Sorting, Window
from db.engine.searches import Search
from db.engine.statement import NO_JOINS, Columns, Joins, Statement, Values

Row = TypeVar("Row", bound=tuple[Any, ...])


LISTINGS_KEPT = 256
"""How many listings of one kind are kept with their statements: there is one for each choice of filters and order."""


_ANY_NUMBER = 2**31 - 1
"""Limit of a count, more rows than any list has."""


ID_MAX = 2**63 - 1


class KeyType(NamedTuple):
    """Type of the values of a sort key, the largest number that its column takes, and whether its texts are folded."""

    of: type[Any]
    number_max: int = ID_MAX
    folded: bool = False


class Slice(NamedTuple, Generic[Row]):
    """Rows of a page in the list's order, and whether more follow in the direction of reading."""

    rows: Sequence[Row]
    more: bool


@dataclass(frozen=True, kw_only=True)
class Listing(Generic[Row]):
    """List: its conditions and order; `parent` is the column of the parent's id, if there are many parents.

    The conditions bind `values` by name: listings that differ only in them share their statements.
    """

    name: str
    row: type[Row]
    columns: Sequence[AnyColumn]
    where: Sequence[ColumnElement[bool]]
    key: str
    sorting: Sorting
    parent: ColumnElement[int] | None = None
    parents: str = "parent_ids"
    """The name by which the parents are bound, which the conditions leave out."""
    of_parents: Sequence[ColumnElement[bool]] = ()
    """Conditions that an index serves, where the parent is an expression of several columns."""
    is_parent: IsParent | None = None
    """The conditions that rows are of one such parent."""
    indexed: bool = True
    """Whether an index has the rows in this order."""
    searched: bool = False
    """Whether a page finds ids before it reads rows, because an index has all conditions, or many rows are sorted."""
    kept: Statement[Any] | None = None
    """Statement for the number of the rows, or that of each parent, which reads less than these rows."""
    search: Search | None = None
    """How pages are read sooner, if few rows match a search."""
    values: Values = field(default_factory=dict)
    statements: dict[Hashable, Statement[Any]] = field(default_factory=dict, init=False)
    order: str = field(init=False)
    """Name of this order of this list, to which a cursor belongs."""
    key_type: KeyType = field(init=False)
    """Type of the sort key's values."""
    filtered: bool = field(init=False)
    """Whether a page may read many rows, because of a filter or an order without an index."""

    def __post_init__(self) -> None:
        """Find once what each request asks for."""
        order = f"{self.name}.{self.key}.{'desc' if self.sorting.descending else 'asc'}"
        filtered = len(self.where) > 1 or not self.indexed
        key = self.sorting.key.type
        of_four_bytes = isinstance(key, sa.Integer) and not isinstance(key, sa.BigInteger)
        number_max = 2**31 - 1 if of_four_bytes else ID_MAX
        key_type = KeyType(key.python_type, number_max, folded=self.key.endswith("_folded"))
        vars(self).update(order=order, key_type=key_type, filtered=filtered)

    def of(self, values: Values) -> "Listing[Row]":
        """Return the same listing with other values."""
        other: Listing[Row] = object.__new__(type(self))
        # One is made for each request, and what makes them is ten times as slow.
        other.__dict__.update(self.__dict__, values=values)
        return other

    def at_least(self, columns: Columns) -> Columns:
        """Return the columns with those of a row's position."""
        return None if columns is None else columns | {self.key, "id"}

    def position(self, row: Row) -> Keyset:
        """Return the position of a row in the list."""
        return Keyset(getattr(row, self.key), row.id)  # type: ignore[attr-defined]  # Every row class has an id.

    def statement(
        self,
        *kind: Hashable,
        expression: Callable[[], AnySelect],
        row: Callable[..., Any],
        on_sqlite: Callable[[], AnySelect] | None = None,
        keyed: bool = False,
        reads: Callable[[Values], int] | None = None,
    ) -> Statement[Any]:
        """Return the statement of that kind, which is built once."""
        found = self.statements.get(kind)
        if found is None:
            found = Statement(expression, row, on_sqlite=on_sqlite, keyed=keyed, reads=reads)
            self.statements[kind] = found
        return found

    @property
    def conditions(self) -> Sequence[ColumnElement[bool]]:
        """Return the conditions, with that of the parents if there are many."""
        if self.parent is None:
            return self.where
        return [*self.where, *self.of_parents, among(self.parent, self.parents)]


async def page(
    connection: Connection, listing: Listing[Row], window: Window, columns: Columns = None, joins: Joins = NO_JOINS
) -> Slice[Row]:
    """Return one page, with these columns, those of a row's position, and the joined rows."""
    statement = listing.statement(
        "page",
        window.shape,
        expression=lambda: _page(listing, window, on_sqlite=False),
        on_sqlite=_of_search(listing, lambda: _page(listing, window, on_sqlite=True)),
        row=listing.row,
        # Without a filter, an index has the rows of the page and reads no others.
        reads=None if listing.filtered else _rows_of_page,
    )
    found = await connection.fetch(statement.load_only(listing.at_least(columns), joins), _values(listing, window))
    return cut(found, window)


async def count(connection: Connection, listing: Listing[Row], at_most: int | None = None) -> int:
    """Return the length of the whole list; of one that is not kept and longer than `at_most`, any number above that."""
    if listing.kept is not None:
        # There may be no such partner.
        return sum(map(int, await connection.fetch(listing.kept, listing.values)))
    limited = at_most is not None
    statement = listing.statement(
        "count",
        limited,
        expression=lambda: _count(listing, limited=limited, on_sqlite=False),
        on_sqlite=_of_search(listing, lambda: _count(listing, limited=limited, on_sqlite=True)),
        row=int,
    )
    bound = {"limit": limit(at_most), "few": searches.FEW_MAX + 1}
    (total,) = await connection.fetch(statement, {**listing.values, **bound})
    return int(total)


async def those_in(connection: Connection, listing: Listing[Row], ids: Sequence[int]) -> list[int]:
    """Return which of these ids the list has, in its order."""
    statement = listing.statement(
        "those in",
        expression=lambda: (
            _plain(listing)
            .where(among(listing.sorting.id, "these_ids"))
            .order_by(*listing.sorting.clauses(reverse=False))
        ),
        row=int,
    )
    return list(await connection.fetch(statement, {**listing.values, "these_ids": ids}))


async def any_beyond(connection: Connection, listing: Listing[Row], window: Window) -> bool:
    """Return whether rows precede the page."""
    if window.is_at_end:
        return False
    statement = listing.statement(
        "any beyond",
        window.shape,
        expression=lambda: _any_beyond(listing, window, on_sqlite=False),
        on_sqlite=_of_search(listing, lambda: _any_beyond(listing, window, on_sqlite=True)),
        row=int,
    )
    return bool(await connection.fetch(statement, _values(listing, window)))


def cut(rows: Sequence[Row], window: Window) -> Slice[Row]:
    """Return the page's rows in the list's order, and whether the statement found one more."""
    more = len(rows) > window.size
    shown = rows[: window.size]
    return Slice(shown[::-1] if window.backward else shown, more)


def _values(listing: Listing[Row], window: Window) -> dict[str, object]:
    """Return the values that a statement of a list binds."""
    values = {**listing.values, **window.bound()}
    if listing.search is not None:
        values["few"] = searches.FEW_MAX + 1
    return values


def _of_search(listing: Listing[Row], on_sqlite: Callable[[], AnySelect]) -> Callable[[], AnySelect] | None:
    """Return what makes the statement for SQLite, if that is another one."""
    return None if listing.search is None else on_sqlite


def _page(listing: Listing[Row], window: Window, *, on_sqlite: bool) -> AnySelect:
    if listing.search is not None:
        found = listing.search.found(keyset.part(listing.sorting, window), on_sqlite=on_sqlite)
        by_id = among_rows(listing.sorting.id, found.ids)
        order = listing.sorting.clauses(reverse=window.backward)
        return sa.select(*listing.columns).where(*listing.search.by_id, by_id).order_by(*order)
    return (keyset.page_by_ids if listing.searched else keyset.page)(_rows(listing), listing.sorting, window)


def _any_beyond(listing: Listing[Row], window: Window, *, on_sqlite: bool) -> AnySelect:
    if listing.search is not None:
        return listing.search.found(keyset.part_beyond(listing.sorting, window), on_sqlite=on_sqlite).ids
    return keyset.beyond(_plain(listing), listing.sorting, window).limit(1)


def limit(at_most: int | None) -> int:
    """Return the value of a count's limit."""
    return _ANY_NUMBER if at_most is None else at_most + 1


def _count(listing: Listing[Row], *, limited: bool, on_sqlite: bool) -> AnySelect:
    if listing.search is not None:
        return listing.search.found(Part(keyset.LIMIT, limited=limited), on_sqlite=on_sqlite).number
    return sa.select(sa.func.count()).select_from(up_to_limit(_plain(listing), limited=limited).subquery())


def up_to_limit(rows: AnySelect, *, limited: bool) -> AnySelect:
    """Return the statement of which a count counts the rows."""
    # With a limit, planners expect to read few rows, so a count of all has none.
    return rows.limit(keyset.LIMIT) if limited else rows


def _rows_of_page(values: Values) -> int:
    return int(values["limit"])


def _rows(listing: Listing[Row]) -> AnySelect:
    return sa.select(*listing.columns).where(*listing.conditions)


def _plain(listing: Listing[Row]) -> AnySelect:
    return sa.select(listing.sorting.id).where(*listing.conditions)
