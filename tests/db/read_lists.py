"""Reading a whole list, by all statements that it has."""

from typing import Any

from db.engine import Connection, listings
from db.engine.keyset import Keyset, Window
from db.engine.listings import Listing

SIZE = 4
"""Rows of a page."""


async def read_by_pages(connection: Connection, listing: Listing[Any], *, backward: bool) -> list[object]:
    """Return all ids page by page, whether rows precede each page, and the number of all, and of all up to six."""
    window, seen = Window(SIZE, backward=backward), list[object]()
    while True:
        found = await listings.page(connection, listing, window)
        seen += [[row.id for row in found.rows], found.more, await listings.any_beyond(connection, listing, window)]
        if not found.more:
            up_to_six = min(6, await listings.count(connection, listing, 5))
            return [*seen, await listings.count(connection, listing), up_to_six]
        at: Keyset = listing.position(found.rows[0 if backward else -1])
        window = Window(SIZE, backward=True, before=at) if backward else Window(SIZE, after=at)
