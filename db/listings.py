"""Lists that are read page by page, alone or for many parents at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Select

from db import keyset
from db.engine import Connection
from db.keyset import Keyset, Sorting, Window

Row = TypeVar("Row", bound=tuple[Any, ...])


class Slice(NamedTuple, Generic[Row]):
    """The rows of one page in the list's order, and whether more follow in the direction of reading."""

    rows: Sequence[Row]
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing(Generic[Row]):
    """Which rows, in which order; `parent` is the column that says whose they are, where there are many parents."""

    name: str
    row: type[Row]
    columns: Sequence[ColumnElement[Any]]
    where: Sequence[ColumnElement[bool]]
    key: str
    sorting: Sorting
    parent: ColumnElement[int] | None = None

    @property
    def order(self) -> str:
        """A name for this order of this list, which ties a cursor to it."""
        return f"{self.name}.{self.key}.{'desc' if self.sorting.descending else 'asc'}"

    def position(self, row: Row) -> Keyset:
        """Where a row stands in the list."""
        return Keyset(getattr(row, self.key), row.id)  # type: ignore[attr-defined]  # Every row class has an id.


async def page(connection: Connection, listing: Listing[Row], window: Window) -> Slice[Row]:
    """One page."""
    found = (await connection.execute(keyset.page(_rows(listing), listing.sorting, window))).all()
    shown, more = keyset.cut(found, window)
    return Slice([listing.row(*values) for values in shown], more)


async def pages(connection: Connection, listing: Listing[Row], window: Window) -> dict[int, Slice[Row]]:
    """One page for each parent that has any rows."""
    statement = keyset.pages(_rows(listing), listing.sorting, window, _parent(listing))
    by_parent: dict[int, list[Row]] = {}
    for *values, parent in await connection.execute(statement):
        by_parent.setdefault(parent, []).append(listing.row(*values))
    return {parent: Slice(*keyset.cut(found, window)) for parent, found in by_parent.items()}


async def count(connection: Connection, listing: Listing[Row]) -> int:
    """How many rows the whole list has."""
    return int(await connection.scalar(sa.select(sa.func.count()).select_from(_plain(listing).subquery())) or 0)


async def counts(connection: Connection, listing: Listing[Row]) -> dict[int, int]:
    """How many rows the list of each parent has; none where it has none."""
    parent = _parent(listing)
    statement = sa.select(parent, sa.func.count()).where(*listing.where).group_by(parent)
    return {row[0]: row[1] for row in await connection.execute(statement)}


async def any_beyond(connection: Connection, listing: Listing[Row], window: Window) -> bool:
    """Whether rows stand on the other side of the cursor that the page begins at."""
    beyond = keyset.beyond(_plain(listing), listing.sorting, window)
    return beyond is not None and bool(await connection.scalar(sa.select(beyond.exists())))


async def parents_beyond(connection: Connection, listing: Listing[Row], window: Window) -> frozenset[int]:
    """The parents that have rows on the other side of the cursor that their page begins at."""
    beyond = keyset.beyond(sa.select(_parent(listing)).where(*listing.where), listing.sorting, window)
    return frozenset() if beyond is None else frozenset(await connection.scalars(beyond.distinct()))


def _rows(listing: Listing[Row]) -> Select[Any]:
    return sa.select(*listing.columns).where(*listing.where)


def _plain(listing: Listing[Row]) -> Select[Any]:
    return sa.select(listing.sorting.id).where(*listing.where)


def _parent(listing: Listing[Row]) -> ColumnElement[int]:
    if listing.parent is None:
        message = f"the list {listing.name} has no parents"
        raise TypeError(message)
    return listing.parent
