"""Lists of a large database, by what most of its rows fit or few do, and a connection that measures what they read."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import product
from typing import Any, NamedTuple, TypeAlias

from benchmarks import growth_data
from benchmarks.growth_data import LARGE_PARTNER, Sizes
from benchmarks.list_reads import Counting
from db import activations, clients, events, orders, stock_movements
from db.activations import ActivationFilter, ActivationSortKey
from db.clients import ClientFilter, ClientSortKey
from db.engine.keyset import Keyset
from db.engine.listings import Listing
from db.events import EventFilter
from db.licenses import StockRow
from db.orders import OrderFilter, OrderSortKey
from domain.activations import ActivationStatus
from domain.tenancy import ALL_PARTNERS, Scope
from tests.factories import NOON

SIZES = Sizes(clients=20_000, activations=100_000, orders=10_000)
SIZE = 25

STEPS_MAX = 20_000
"""SQLite takes some dozens of its instructions for each row."""

BLOCKS_MAX = 1_000
"""PostgreSQL looks at some blocks for each row that an index finds."""

SCOPES: tuple[Scope, ...] = LARGE_PARTNER, ALL_PARTNERS
A_USER = 50
"""A user of the large partner."""

UNKNOWN = 400_000_000
PRODUCTS = range(1, 6)
MIDDLE = Keyset(NOON.replace(year=2020, month=2), 50_000)
SOME_CLIENTS = range(2, 52, 2)
NEW_CLIENTS = 310
"""Clients without activations, more than are few."""


class Measured(Counting):
    """Connection that says whether a statement read a bounded number of rows."""

    @property
    def is_bounded(self) -> bool:
        """Whether the last statement read a bounded number of rows."""
        return self.read <= self.read_max

    @property
    def read_max(self) -> int:
        """What a statement reads at most for a bounded number of rows."""
        return STEPS_MAX if self.dialect.name == "sqlite" else BLOCKS_MAX

    def plan(self) -> str:
        """Return SQLite's plan of the last statement."""
        text, bound = self.last
        with closing(sqlite3.connect(str(self.url.database))) as driver:
            return "\n".join(step[-1] for step in driver.execute(f"EXPLAIN QUERY PLAN {text}", bound))


AnyMeasured: TypeAlias = Any
"""`Measured`, which has what lists call of a connection."""


class Case(NamedTuple):
    """List, and whether it is one of each parent."""

    listing: Listing[Any]
    of_parents: bool = False


def first_pages() -> Iterator[tuple[str, Case]]:
    """Each list without a filter, or with one that most rows fit, in each order that an index has."""
    for scope, of in ((LARGE_PARTNER, "partner"), (ALL_PARTNERS, "vendor")):
        for descending in (False, True):
            for by in ClientSortKey:
                listed_by = clients.listing(scope, ClientFilter(), by, descending=descending)
                yield f"{of}: clients by {by}", Case(listed_by)
            for when in ActivationSortKey:
                listed = activations.listing(scope, ActivationFilter(), when, descending=descending)
                yield f"{of}: activations by {when}", Case(listed)
            for number in OrderSortKey:
                listed_orders = orders.listing(scope, OrderFilter(), number, descending=descending)
                yield f"{of}: orders by {number}", Case(listed_orders)
        stocks = [stock(product_id) for product_id in PRODUCTS]
        yield f"{of}: the ledger", Case(stock_movements.of_stocks(scope, stocks), of_parents=True)
        of_clients = activations.of_clients(scope, SOME_CLIENTS, None)
        yield f"{of}: activations of clients", Case(of_clients, of_parents=True)
        of_partners = activations.of_partners(scope, [LARGE_PARTNER], ActivationStatus.ACTIVE)
        yield f"{of}: activations of partners", Case(of_partners, of_parents=True)
        yield f"{of}: clients of partners", Case(clients.of_partners(scope, [LARGE_PARTNER], None), of_parents=True)
        yield f"{of}: events of partners", Case(events.of_partners(scope, [LARGE_PARTNER]), of_parents=True)
    yield "events", Case(events.listing(LARGE_PARTNER, EventFilter()))
    for has in (True, False):
        by_activity = ClientFilter(has_active_activations=has)
        listed_so = clients.listing(LARGE_PARTNER, by_activity, ClientSortKey.NAME, descending=False)
        yield f"clients with active activations: {has}", Case(listed_so)
    active = ActivationFilter(status=frozenset({ActivationStatus.ACTIVE}))
    by_time = ActivationSortKey.ACTIVATED_AT
    yield "active activations", Case(activations.listing(LARGE_PARTNER, active, by_time, descending=True))


def stock(product_id: int) -> int:
    return StockRow(LARGE_PARTNER, product_id, 0, 0, 0, 0, 0, None, None).number


def of_one_thing() -> Iterator[Listing[Any]]:
    """Lists of all partners by a client, a product, or a user, who is the partner's, the vendor's, or unknown."""
    by_time, by_number = ActivationSortKey.ACTIVATED_AT, OrderSortKey.NUMBER
    for descending in (False, True):
        for user_id in (A_USER, growth_data.VENDOR, UNKNOWN):
            of_user = ActivationFilter(activated_by_id=user_id)
            yield activations.listing(ALL_PARTNERS, of_user, by_time, descending=descending)
            for of_orders in (OrderFilter(created_by_id=user_id), OrderFilter(approved_by_id=user_id)):
                yield orders.listing(ALL_PARTNERS, of_orders, by_number, descending=descending)
        for product_id in (3, UNKNOWN):
            of_product = ActivationFilter(product_id=product_id)
            yield activations.listing(ALL_PARTNERS, of_product, by_time, descending=descending)
        for client_id in (growth_data.LARGE_CLIENT, UNKNOWN):
            of_client = ActivationFilter(client_id=client_id)
            yield activations.listing(ALL_PARTNERS, of_client, by_time, descending=descending)


def few_fit() -> Iterator[ActivationFilter]:
    """Filters of activations that none or few of the large partner's fit, by each index of them."""
    soon_after = NOON.replace(year=2020, month=1, day=1, minute=5)
    for late in (NOON.replace(year=2099), soon_after):
        yield ActivationFilter(activated_from=late, activated_to=late.replace(minute=10))
    yield ActivationFilter(product_id=UNKNOWN)
    yield ActivationFilter(activated_by_id=UNKNOWN)
    yield ActivationFilter(note="xyzzy")
    yield ActivationFilter(note="note 777")


def clients_few_fit() -> Iterator[ClientFilter]:
    """Filters of clients that none or few fit."""
    soon_after = NOON.replace(year=2020, month=1, day=1, minute=5)
    for late in (NOON.replace(year=2099), soon_after):
        yield ClientFilter(registered_from=late, registered_to=late.replace(minute=10))
    for name in ("xyzzy", growth_data.name_of(7_778)):
        yield ClientFilter(name=name)
        yield ClientFilter(search=name, search_cnpj="XYZZY")


def orders_few_fit() -> Iterator[tuple[OrderFilter, Scope]]:
    """Filters of orders that none or few fit, and whose they are."""
    soon_after = NOON.replace(year=2020, month=1, day=1, minute=5)
    for late, scope in product((NOON.replace(year=2099), soon_after), SCOPES):
        yield OrderFilter(created_from=late, created_to=late.replace(minute=10)), scope
    yield OrderFilter(created_by_id=UNKNOWN), LARGE_PARTNER
    yield OrderFilter(created_by_id=UNKNOWN, created_from=NOON.replace(year=2000)), LARGE_PARTNER
    yield OrderFilter(created_by_id=A_USER, created_from=NOON.replace(year=2099)), LARGE_PARTNER
    yield OrderFilter(approved_by_id=UNKNOWN), LARGE_PARTNER
