"""`python -m benchmarks.growth`: how long lists and counts take with a million activations.

It makes the database if it is empty, which takes some minutes; `--url` keeps one for the next time. With `--counted`,
it counts steps of SQLite or blocks of PostgreSQL instead: of the page and the total of each list by each filter in each
order, of the largest partner and of all partners, beside their points.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks import growth_data, list_reads
from benchmarks.growth_data import LARGE_PARTNER, Sizes
from db import activations, clients, events, orders, partners, stock_movements
from db.activations import ActivationFilter, ActivationSortKey
from db.clients import ClientFilter, ClientSortKey
from db.engine import Connection, Database, listings, listings_of_parents, storage
from db.engine.keyset import Window
from db.engine.listings import Listing
from db.events import EventFilter
from db.licenses import StockRow
from db.migrations import migrate
from db.orders import OrderFilter, OrderSortKey
from domain.activations import ActivationStatus
from domain.tenancy import ALL_PARTNERS

_ROUNDS = 3
_PAGE = Window(25)

Reading = Callable[[Connection], Awaitable[Any]]


def main() -> None:
    """Print the time of each page and of each count, the best of three."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--url", help="an empty database, or one that this has filled; by default a SQLite file")
    options.add_argument("--clients", type=int, default=Sizes().clients)
    options.add_argument("--activations", type=int, default=Sizes().activations)
    options.add_argument("--orders", type=int, default=Sizes().orders)
    options.add_argument("--counted", action="store_true", help="count what every filter reads in every order")
    options.add_argument("--only", default="", help="a part of the names of the lists that are counted")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = given.url
        if url is None:
            file = str(Path(folder, "portal.db"))
            storage.create(file)
            url = f"sqlite+aiosqlite:///{file}"
        migrate.upgrade(url)
        if not asyncio.run(_is_filled(url)):
            began = time.perf_counter()
            growth_data.fill(url, Sizes(given.clients, given.activations, given.orders))
            print(f"made in {time.perf_counter() - began:.0f} s", flush=True)
        asyncio.run(_count(url, given.only) if given.counted else _measure(url))


async def _is_filled(url: str) -> bool:
    database = Database(url)
    try:
        return await database.read(partners.exists_any)
    finally:
        await database.close()


async def _measure(url: str) -> None:
    database = Database(url)
    try:
        for name, reading in _readings():
            taken = []
            for _ in range(_ROUNDS):
                began = time.perf_counter()
                await database.read(reading)
                taken.append(time.perf_counter() - began)
            print(f"{min(taken) * 1000:9.1f} ms  {name}", flush=True)
    finally:
        await database.close()


async def _count(url: str, only: str) -> None:
    connection = list_reads.Counting(sa.make_url(url))
    print(f"{'partner':>10} {'all':>10} {'points':>7}  page or total of a list")
    for case, total in product(list_reads.cases(), (False, True)):
        if only not in case.name:
            continue
        read = []
        for scope in (LARGE_PARTNER, ALL_PARTNERS):
            await case.reading(scope, total=total)(connection)
            read.append(connection.read)
        kind = "total" if total else "page"
        print(f"{read[0]:10} {read[1]:10} {case.points(total=total):7}  {kind} of {case.name}", flush=True)
    await connection.close()


def _readings() -> Iterator[tuple[str, Reading]]:
    for name, listing in _lists():
        yield name, partial(listings.page, listing=listing, window=_PAGE)
        yield f"{name}: count", partial(listings.count, listing=listing)
    for name, listing in _lists_of_parents():
        yield name, partial(listings_of_parents.pages, listing=listing, window=_PAGE)
        yield f"{name}: count", partial(listings_of_parents.counts, listing=listing)
    yield "the total of orders", partial(orders.total, scope=LARGE_PARTNER, chosen=OrderFilter())


def _lists() -> Iterator[tuple[str, Listing[Any]]]:
    one = LARGE_PARTNER
    for by in ClientSortKey:
        for descending in (False, True):
            ends = "descending" if descending else "ascending"
            yield f"clients by {by.value}, {ends}", clients.listing(one, ClientFilter(), by, descending=descending)
    for when in ActivationSortKey:
        listed = activations.listing(one, ActivationFilter(), when, descending=True)
        yield f"activations by {when.value}", listed
    for filtered, of_clients in (
        ("with active activations", ClientFilter(has_active_activations=True)),
        ("without active activations", ClientFilter(has_active_activations=False)),
        ("searched for a rare name", ClientFilter(search="bafizi bada")),
        ("searched for a common name", ClientFilter(search="ltda")),
        ("searched for two letters", ClientFilter(search="ba")),
        ("searched without a match", ClientFilter(search="xyzzy")),
        ("by city", ClientFilter(city="city 78")),
        ("of every status", ClientFilter(status=None)),
    ):
        yield f"clients {filtered}", clients.listing(one, of_clients, ClientSortKey.NAME, descending=False)
    for filtered, of_activations in (
        ("that are active", ActivationFilter(status=frozenset({ActivationStatus.ACTIVE}))),
        ("searched for a rare name", ActivationFilter(search="bafizi bada")),
        ("searched for a common name", ActivationFilter(search="ltda")),
        ("searched without a match", ActivationFilter(search="xyzzy")),
        ("of a product", ActivationFilter(product_id=3)),
        ("with a note", ActivationFilter(note="te 77")),
    ):
        by_time = ActivationSortKey.ACTIVATED_AT
        yield f"activations {filtered}", activations.listing(one, of_activations, by_time, descending=True)
    yield "orders", orders.listing(one, OrderFilter(), OrderSortKey.NUMBER, descending=True)
    of_product = OrderFilter(product_id=3)
    yield "orders of a product", orders.listing(one, of_product, OrderSortKey.NUMBER, descending=True)
    yield "events", events.listing(one, EventFilter())
    by_name = ClientSortKey.NAME
    yield "vendor: clients", clients.listing(ALL_PARTNERS, ClientFilter(), by_name, descending=False)
    rare = ClientFilter(search="bafizi bada")
    yield "vendor: clients searched", clients.listing(ALL_PARTNERS, rare, by_name, descending=False)
    newest = ActivationSortKey.ACTIVATED_AT
    yield "vendor: activations", activations.listing(ALL_PARTNERS, ActivationFilter(), newest, descending=True)


def _lists_of_parents() -> Iterator[tuple[str, Listing[Any]]]:
    one = LARGE_PARTNER
    stocks = [StockRow(one, product_id, 0, 0, 0, 0, 0, None, None).number for product_id in range(1, 6)]
    yield "the ledgers of five products", stock_movements.of_stocks(one, stocks)
    yield "activations of 25 clients", activations.of_clients(one, range(2, 52, 2), None)
    yield "clients of a partner", clients.of_partners(one, [one], None)
    yield "active activations of a partner", activations.of_partners(one, [one], ActivationStatus.ACTIVE)
    yield "events of a partner", events.of_partners(one, [one])


if __name__ == "__main__":
    main()
