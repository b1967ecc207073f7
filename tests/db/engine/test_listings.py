"""Lists are paged by keyset: every row once, in order, whatever comes and goes between the pages."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import cycle
from typing import Any, NamedTuple

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from db import activations, clients, tables
from db.clients import ClientFilter, ClientRow, ClientSortKey
from db.engine import Database, listings, listings_of_parents
from db.engine.keyset import Keyset, Window
from db.engine.listings import Listing
from tests.factories import NOON, add_activations, add_client, add_partner, add_product, add_user
from tests.units import execute, reading, writing

# Few keys, so that many rows share one; bytes put upper case first and accents last, a dictionary would not.
names = st.sampled_from(["acai", "Zebra", "~", "é", "acai 2"])
moments = st.integers(0, 3).map(lambda minutes: NOON + timedelta(minutes=minutes))
sizes = st.lists(st.integers(1, 5), min_size=1, max_size=5)
a_few = settings(max_examples=20)


class Wanted(NamedTuple):
    """A client to be written."""

    name: str
    at: datetime


wanted_clients = st.lists(st.builds(Wanted, names, moments), max_size=14)


async def a_partner_with(database: Database, wanted: Sequence[Wanted]) -> tuple[int, list[int]]:
    async with writing(database) as tx:
        partner_id = await add_partner(tx)
        return partner_id, [await add_client(tx, partner_id, name=client.name, at=client.at) for client in wanted]


async def walk(
    database: Database,
    listing: Listing[Any],
    page_sizes: Sequence[int],
    *,
    backward: bool,
    between: Callable[[], Awaitable[None]] | None = None,
) -> list[Any]:
    """Every row of a list, page by page from either end."""
    shown: list[Any] = []
    position: Keyset | None = None
    for size in cycle(page_sizes):
        window = Window(size=size, backward=backward, **{"before" if backward else "after": position})
        async with reading(database) as connection:
            page = await listings.page(connection, listing, window)
        assert len(page.rows) <= size
        shown = [*page.rows, *shown] if backward else [*shown, *page.rows]
        if not page.more:
            break
        position = listing.position(page.rows[0 if backward else -1])
        if between:
            await between()
    return shown


@a_few
@given(
    wanted=wanted_clients,
    page_sizes=sizes,
    by=st.sampled_from(ClientSortKey),
    descending=st.booleans(),
    backward=st.booleans(),
)
async def test_pages_of_any_size_show_every_row_once_and_in_order(
    database: Database,
    wanted: list[Wanted],
    page_sizes: list[int],
    by: ClientSortKey,
    *,
    descending: bool,
    backward: bool,
) -> None:
    partner_id, ids = await a_partner_with(database, wanted)
    listing = clients.listing(partner_id, ClientFilter(), by, descending=descending)

    shown = await walk(database, listing, page_sizes, backward=backward)

    async with reading(database) as connection:
        assert await listings.count(connection, listing) == len(ids)
    assert sorted(row.id for row in shown) == ids
    assert shown == sorted(shown, key=listing.position, reverse=descending)


@a_few
@given(
    wanted=wanted_clients,
    leaving=st.lists(st.integers(0, 13), max_size=6),
    coming=st.lists(st.builds(Wanted, names, moments), max_size=6),
    page_sizes=sizes,
    descending=st.booleans(),
    backward=st.booleans(),
)
async def test_a_row_that_stays_is_shown_once_while_others_come_and_go(
    database: Database,
    wanted: list[Wanted],
    leaving: list[int],
    coming: list[Wanted],
    page_sizes: list[int],
    *,
    descending: bool,
    backward: bool,
) -> None:
    partner_id, ids = await a_partner_with(database, wanted)
    left = [ids[index] for index in set(leaving) if index < len(ids)]
    to_leave, to_come = list(left), list(coming)

    async def others_come_and_go() -> None:
        async with writing(database) as tx:
            if to_leave:
                await execute(tx, sa.delete(tables.clients).where(tables.clients.c.id == to_leave.pop()))
            if to_come:
                name, at = to_come.pop()
                await add_client(tx, partner_id, name=name, at=at)

    listing = clients.listing(partner_id, ClientFilter(), ClientSortKey.NAME, descending=descending)
    shown = await walk(database, listing, page_sizes, backward=backward, between=others_come_and_go)

    shown_ids = [row.id for row in shown]
    assert len(set(shown_ids)) == len(shown_ids)
    assert set(ids) - set(left) <= set(shown_ids)
    assert shown == sorted(shown, key=listing.position, reverse=descending)


@a_few
@given(wanted=st.lists(st.builds(Wanted, names, moments), min_size=1, max_size=8), descending=st.booleans())
async def test_the_page_knows_what_stands_on_the_other_side_of_its_cursor(
    database: Database, wanted: list[Wanted], *, descending: bool
) -> None:
    partner_id, _ = await a_partner_with(database, wanted)
    listing = clients.listing(partner_id, ClientFilter(), ClientSortKey.NAME, descending=descending)
    rows: list[ClientRow] = await walk(database, listing, [5], backward=False)
    first, last = listing.position(rows[0]), listing.position(rows[-1])
    before_all, behind_all = (Keyset("", 0), Keyset("\U0010ffff", 0))[:: -1 if descending else 1]

    async with reading(database) as connection:
        for window, beyond in (
            (Window(size=1), False),
            (Window(size=1, backward=True), False),
            (Window(size=1, after=first), True),
            (Window(size=1, after=before_all), False),
            (Window(size=1, backward=True, before=last), True),
            (Window(size=1, backward=True, before=behind_all), False),
        ):
            assert await listings.any_beyond(connection, listing, window) is beyond


@a_few
@given(wanted=st.lists(st.builds(Wanted, names, moments), max_size=10), ends=st.tuples(names, names))
async def test_a_page_stays_between_its_two_cursors(
    database: Database, wanted: list[Wanted], ends: tuple[str, str]
) -> None:
    partner_id, _ = await a_partner_with(database, wanted)
    listing = clients.listing(partner_id, ClientFilter(), ClientSortKey.NAME, descending=False)
    after, before = (Keyset(end, 0) for end in sorted(ends))

    async with reading(database) as connection:
        page = await listings.page(connection, listing, Window(size=20, after=after, before=before))

    everything = await walk(database, listing, [5], backward=False)
    assert page.rows == [row for row in everything if after < listing.position(row) < before]


@a_few
@given(
    lists=st.lists(st.lists(moments, max_size=6), min_size=1, max_size=4),
    size=st.integers(1, 4),
    backward=st.booleans(),
    cursor=st.none() | st.builds(Keyset, moments, st.just(0)),
)
async def test_the_lists_of_many_parents_are_what_each_is_alone(
    database: Database, lists: list[list[datetime]], size: int, cursor: Keyset | None, *, backward: bool
) -> None:
    partner_id, parents = await a_partner_with(database, [Wanted("acai", NOON)] * len(lists))
    wanted = [(parent, at) for parent, times in zip(parents, lists, strict=True) for at in times]
    async with writing(database) as tx:
        user_id, product_id = await add_user(tx, partner_id), await add_product(tx)
        await add_activations(tx, partner_id, user_id=user_id, product_id=product_id, wanted=wanted)
    window = Window(size=size, backward=backward, **{"before" if backward else "after": cursor})
    together = activations.of_clients(partner_id, parents, None)

    async with reading(database) as connection:
        pages = await listings_of_parents.pages(connection, together, window)
        counts = await listings_of_parents.counts(connection, together)
        beyond = await listings_of_parents.beyond(connection, together, window)

        assert set(pages) <= set(parents)
        for parent, times in zip(parents, lists, strict=True):
            alone = activations.of_clients(partner_id, [parent], None)
            page = await listings.page(connection, alone, window)
            assert pages.get(parent, listings.Slice([], more=False)) == page
            assert counts.get(parent, 0) == len(times) == await listings.count(connection, alone)
            assert (parent in beyond) is await listings.any_beyond(connection, alone, window)


async def test_another_partners_rows_are_in_no_page(database: Database) -> None:
    partner_id, ids = await a_partner_with(database, [Wanted("acai", NOON)])
    await a_partner_with(database, [Wanted("acai", NOON)] * 3)

    shown = await walk(
        database,
        clients.listing(partner_id, ClientFilter(), ClientSortKey.NAME, descending=False),
        [2],
        backward=False,
    )

    assert [row.id for row in shown] == ids


def test_a_cursor_is_tied_to_the_list_and_its_order() -> None:
    orders = {
        clients.listing(1, ClientFilter(), by, descending=descending).order
        for by in ClientSortKey
        for descending in (False, True)
    }

    assert len(orders) == 2 * len(ClientSortKey)
    assert activations.of_clients(1, [1], None).order not in orders


async def test_a_list_without_parents_is_not_read_for_parents(database: Database) -> None:
    listing = replace(activations.of_clients(1, [1], None), parent=None)

    async with reading(database) as connection:
        with pytest.raises(TypeError, match=r"client\.activations has no parents"):
            await listings_of_parents.pages(connection, listing, Window(size=1))
