"""Lists that each of many parents has, read for all of the parents by one statement."""

from collections.abc import Callable
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from db.engine import keyset
from db.engine.connection import Connection
from db.engine.expressions import AnySelect
from db.engine.keyset import IsParent, Window
from db.engine.listings import Listing, Slice, cut, limit, up_to_limit
from db.engine.statement import Columns, Values

Row = TypeVar("Row", bound=tuple[Any, ...])


async def pages(
    connection: Connection, listing: Listing[Row], window: Window, columns: Columns = None
) -> dict[int, Slice[Row]]:
    """Return one page for each parent that has rows, with these columns and those of a row's position."""
    statement = listing.statement(
        "pages",
        window.shape,
        expression=lambda: keyset.pages(
            _of_any(listing), listing.sorting, window, _is_parent(listing), listing.parents, key=listing.key
        ),
        row=listing.row,
        keyed=True,
        reads=None if listing.filtered else _rows_of_pages(listing.parents),
        on_sqlite=lambda: keyset.pages_on_sqlite(
            _of_any(listing), listing.sorting, window, _is_parent(listing), listing.parents
        ),
    )
    values = {**listing.values, **window.bound()}
    found = await connection.fetch(statement.load_only(listing.at_least(columns)), values)
    return {parent: cut(of_parent, window) for parent, of_parent in found.by_key()}


async def counts(connection: Connection, listing: Listing[Row], at_most: int | None = None) -> dict[int, int]:
    """Return the length of each parent's list; of those longer than `at_most` as `listings.count` does."""
    if listing.kept is not None:
        return dict(await connection.fetch(listing.kept, listing.values))
    limited = at_most is not None
    statement = listing.statement(
        "counts",
        limited,
        expression=lambda: _counts(listing, limited=limited, on_sqlite=False),
        on_sqlite=lambda: _counts(listing, limited=limited, on_sqlite=True),
        row=_pair,
    )
    return dict(await connection.fetch(statement, {**listing.values, "limit": limit(at_most)}))


async def beyond(connection: Connection, listing: Listing[Row], window: Window) -> frozenset[int]:
    """Return the parents whose pages are preceded by rows."""
    if window.is_at_end:
        return frozenset()
    statement = listing.statement(
        "parents beyond",
        window.shape,
        expression=lambda: _beyond(listing, window, on_sqlite=False),
        on_sqlite=lambda: _beyond(listing, window, on_sqlite=True),
        row=int,
    )
    return frozenset(await connection.fetch(statement, {**listing.values, **window.bound()}))


def _rows_of_pages(parents: str) -> Callable[[Values], int]:
    return lambda values: len(values[parents]) * int(values["limit"])


def _pair(parent: int, rows: int) -> tuple[int, int]:
    return parent, rows


def _counts(listing: Listing[Row], *, limited: bool, on_sqlite: bool) -> AnySelect:
    ids = up_to_limit(sa.select(listing.sorting.id).where(*listing.where), limited=limited)
    return keyset.counts(ids, listing.sorting, _is_parent(listing), listing.parents, on_sqlite=on_sqlite)


def _of_any(listing: Listing[Row]) -> AnySelect:
    return sa.select(*listing.columns).where(*listing.where)


def _beyond(listing: Listing[Row], window: Window, *, on_sqlite: bool) -> AnySelect:
    ids = sa.select(listing.sorting.id).where(*listing.where)
    return keyset.parents_beyond(
        ids, listing.sorting, window, _is_parent(listing), listing.parents, on_sqlite=on_sqlite
    )


def _is_parent(listing: Listing[Row]) -> IsParent:
    parent = _parent(listing)
    return listing.is_parent or (lambda value: [parent == value])


def _parent(listing: Listing[Row]) -> ColumnElement[int]:
    if listing.parent is None:
        message = f"the list {listing.name} has no parents"
        raise TypeError(message)
    return listing.parent
