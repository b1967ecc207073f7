"""Pages of connections: checked arguments in, rows out; what costs a query of its own waits until it is asked for."""

from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar

from sqlalchemy import types as sqltypes

from db import listings
from db.keyset import Keyset, Window
from db.listings import Listing
from db.types import Instant
from domain.faults import BadUserInput
from resolvers import cursors
from resolvers.context import Context
from resolvers.loaders import PageKey, Pages

SIZE_DEFAULT = 25
SIZE_MAX = 100

Row = TypeVar("Row", bound=tuple[Any, ...])


class PageArguments(NamedTuple):
    """The paging arguments of a connection, as they came."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None


class Edge(NamedTuple, Generic[Row]):
    """A row and its cursor."""

    node: Row
    cursor: str


@dataclass(slots=True)
class Page(Generic[Row]):
    """The rows of a page, and how to find out the rest."""

    partner_id: int
    listing: Listing[Row]
    window: Window
    nodes: Sequence[Row]
    more: bool
    count: Callable[[], Awaitable[int]]
    beyond: Callable[[Window], Awaitable[bool]]

    @property
    def edges(self) -> list["Edge[Row]"]:
        """The rows with their cursors."""
        return [Edge(row, self.cursor(row)) for row in self.nodes]

    @property
    def page_info(self) -> "Page[Row]":
        """Where the page stands, which it knows itself."""
        return self

    @property
    def start_cursor(self) -> str | None:
        """The cursor of the first row."""
        return self.cursor(self.nodes[0]) if self.nodes else None

    @property
    def end_cursor(self) -> str | None:
        """The cursor of the last row."""
        return self.cursor(self.nodes[-1]) if self.nodes else None

    def cursor(self, row: Row) -> str:
        """The cursor of one of its rows."""
        return cursors.encode(self.listing.order, self.partner_id, self.listing.position(row))

    async def has_next(self) -> bool:
        """Whether rows follow in the list's order."""
        return (self.more and not self.window.backward) or await self._any_at(self.window.before, backward=True)

    async def has_previous(self) -> bool:
        """Whether rows stand before in the list's order."""
        return (self.more and self.window.backward) or await self._any_at(self.window.after, backward=False)

    async def _any_at(self, cursor: Keyset | None, *, backward: bool) -> bool:
        """Whether rows stand at or behind the cursor at one end of the window; where there is none, the list ends."""
        return cursor is not None and await self.beyond(replace(self.window, backward=backward))


def window(arguments: PageArguments, listing: Listing[Row], partner_id: int) -> Window:
    """The part of the list that the arguments ask for; BadUserInput where they make no sense."""
    first, after, last, before = arguments
    if first is not None and last is not None:
        message = "Give “first” or “last”, not both."
        raise BadUserInput(message, argument="last")
    name, size = ("first", first) if last is None else ("last", last)
    if size is not None and not 0 <= size <= SIZE_MAX:
        message = f"“{name}” must be between 0 and {SIZE_MAX}, not {size}."
        raise BadUserInput(message, argument=name)
    key_type = _python_type(listing.sorting.key.type)
    return Window(
        size=SIZE_DEFAULT if size is None else size,
        backward=last is not None,
        after=None if after is None else cursors.decode(after, "after", listing.order, partner_id, key_type),
        before=None if before is None else cursors.decode(before, "before", listing.order, partner_id, key_type),
    )


async def page(context: Context, listing: Listing[Row], arguments: PageArguments) -> Page[Row]:
    """A page of one list of the viewer's partner."""
    database, partner_id = context.portal.database, context.partner_id
    wanted = window(arguments, listing, partner_id)

    async def count() -> int:
        async with database.read() as connection:
            return await listings.count(connection, listing)

    async def beyond(window: Window) -> bool:
        async with database.read() as connection:
            return await listings.any_beyond(connection, listing, window)

    async with database.read() as connection:
        found = await listings.page(connection, listing, wanted)
    return Page(partner_id, listing, wanted, found.rows, found.more, count, beyond)


async def page_of(
    pages: Pages[Row], arguments: PageArguments, *, partner_id: int, parent_id: int, chosen: Hashable = None
) -> Page[Row]:
    """A page of the list of one parent, read in one statement with those of the other parents."""
    listing = pages.listing(partner_id, [parent_id], chosen)
    key = PageKey(partner_id, parent_id, window(arguments, listing, partner_id), chosen)
    found = await pages.page.load(key)
    return Page(
        partner_id,
        listing,
        key.window,
        found.rows,
        found.more,
        count=lambda: pages.count.load(key),
        beyond=lambda window: pages.beyond.load(key._replace(window=window)),
    )


def _python_type(column_type: sqltypes.TypeEngine[Any]) -> type[Any]:
    return datetime if isinstance(column_type, Instant) else column_type.python_type
