"""What lists read by each filter in each order, of one partner and of all, counted in what no busy machine changes."""

import sqlite3
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import product
from typing import Any, NamedTuple

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Dialect, make_url

from benchmarks.growth_data import LARGE_CLIENT, VENDOR, connected
from benchmarks.written import Request, points_of
from db import activations, clients, orders
from db.activations import ActivationFilter, ActivationSortKey
from db.clients import ClientFilter, ClientSortKey
from db.engine import listings
from db.engine.keyset import Window
from db.engine.listings import Listing
from db.engine.row_batch import RowBatch
from db.engine.statement import Statement, Values
from db.orders import OrderFilter, OrderSortKey
from domain.activations import ActivationCancellationReason, ActivationStatus
from domain.clients import ClientStatus
from domain.orders import OrderStatus, OrderType
from domain.tenancy import Scope
from resolvers import ids

DIALECTS: Mapping[str, Dialect] = {
    "sqlite": make_url("sqlite://").get_dialect()(),
    "postgresql": make_url("postgresql+asyncpg://").get_dialect()(),
}

_EVERY = 100
"""Steps of SQLite's virtual machine after which it calls the counter."""

_PAGE = Window(25)
_NOTHING = 400_000_000
"""Number of no object."""

_EARLY, _SOON = datetime(2020, 1, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, 3, tzinfo=UTC)
_LATE = datetime(2099, 1, 1, tzinfo=UTC)


class Counting:
    """Connection that counts what each statement reads: steps of SQLite, or blocks of PostgreSQL.

    It opens one of the driver's when it first reads, and keeps it: a new one reads the schema again.
    """

    def __init__(self, url: sa.URL) -> None:
        """Take the address of the database."""
        self.dialect = DIALECTS[url.get_backend_name()]
        self.url = url
        self.read = 0
        """What the last statement has read."""
        self.last: tuple[str, Any] = "", ()
        """The last statement, and what it bound."""
        self._driver: Any = None

    async def fetch(self, statement: Statement[Any], values: Values) -> RowBatch[Any]:
        """Run the statement with these values, and return its rows."""
        compiled = statement.compiled(self.dialect)
        bound = compiled.bound(values)
        self.last = compiled.text, bound
        if self.dialect.name == "sqlite":
            self._driver = self._driver or sqlite3.connect(str(self.url.database))
            self.read, rows = _steps(self._driver, compiled.text, bound)
        else:
            self._driver = self._driver or await connected(self.url)
            (plan,) = await self._driver.fetchrow(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {compiled.text}", *bound)
            root = orjson.loads(plan)[0]["Plan"]
            self.read = root["Shared Hit Blocks"] + root["Shared Read Blocks"]
            rows = await self._driver.fetch(compiled.text, *bound)
        return RowBatch(compiled.layout, rows)

    async def close(self) -> None:
        """Close the driver's connection."""
        if self.dialect.name == "sqlite":
            self._driver.close()
        else:
            await self._driver.close()


def _steps(driver: sqlite3.Connection, text: str, bound: Sequence[Any]) -> tuple[int, list[Any]]:
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += _EVERY

    driver.set_progress_handler(count, _EVERY)
    rows = driver.execute(text, bound).fetchall()
    return steps, rows


class Case(NamedTuple):
    """List by a filter in an order, as a document writes it, and as the database reads it."""

    list: str
    filter: str
    order: str
    listing: Callable[[Scope], Listing[Any]]

    @property
    def name(self) -> str:
        """The list, its order and its filter."""
        return f"{self.list} by {self.order} {{{self.filter}}}"

    def points(self, *, total: bool) -> int:
        """Return what the page costs, or the total without a page."""
        selected = "totalCount" if total else "nodes { id }"
        text = f"{{ {self.list}(filter: {{{self.filter}}}, sort: {{by: {self.order}}}) {{ {selected} }} }}"
        found = points_of(Request("lists", text, {}))
        if found is None:
            message = f"refused: {text}"
            raise ValueError(message)
        return found

    def reading(self, scope: Scope, *, total: bool) -> Callable[[Any], Awaitable[object]]:
        """Return what reads the page, or counts."""
        listing = self.listing(scope)
        if total:
            return lambda connection: listings.count(connection, listing)
        return lambda connection: listings.page(connection, listing, _PAGE, frozenset({"id"}))


def _at(moment: datetime) -> str:
    return f'"{moment:%Y-%m-%dT%H:%M:%SZ}"'


def _id(of_type: str, number: int) -> str:
    return f'"{ids.encode(of_type, number)}"'


_USERS = (50, VENDOR, 1, _NOTHING)
"""Users of the large partner, of the vendor, of a small partner, and none."""

_OF_CLIENTS: Sequence[tuple[str, ClientFilter]] = (
    ("", ClientFilter()),
    ('search: "qzx"', ClientFilter(search="qzx", search_ecf="QZX")),
    ('search: "a"', ClientFilter(search="a", search_ecf="A")),
    ('name: "qzx"', ClientFilter(name="qzx")),
    ('name: "a"', ClientFilter(name="a")),
    ('cnpj: "99999999999999"', ClientFilter(cnpj="99999999999999")),
    ('cnpj: "1"', ClientFilter(cnpj="1")),
    ('city: "qzx"', ClientFilter(city="qzx")),
    ('city: "ty 78"', ClientFilter(city="ty 78")),
    ('state: "XX"', ClientFilter(state="XX")),
    ('ecfSerialNumber: "QZX"', ClientFilter(ecf_serial_number="QZX")),
    ("status: null", ClientFilter(status=None)),
    ("status: [CANCELLED]", ClientFilter(status=frozenset({ClientStatus.CANCELLED}))),
    ("hasActiveActivations: true", ClientFilter(has_active_activations=True)),
    ("hasActiveActivations: false", ClientFilter(has_active_activations=False)),
    (f"registeredAt: {{from: {_at(_LATE)}}}", ClientFilter(registered_from=_LATE)),
    (
        f"registeredAt: {{from: {_at(_EARLY)}, to: {_at(_SOON)}}}",
        ClientFilter(registered_from=_EARLY, registered_to=_SOON),
    ),
    (f"updatedSince: {_at(_LATE)}", ClientFilter(updated_since=_LATE)),
)
_OF_ACTIVATIONS: Sequence[tuple[str, ActivationFilter]] = (
    ("", ActivationFilter()),
    ('search: "qzx"', ActivationFilter(search="qzx", search_key="QZX", search_code="QZX")),
    ('search: "a"', ActivationFilter(search="a", search_key="A", search_code="A")),
    ('clientName: "qzx"', ActivationFilter(client_name="qzx")),
    ('clientName: "a"', ActivationFilter(client_name="a")),
    (f"clientId: {_id('Client', LARGE_CLIENT)}", ActivationFilter(client_id=LARGE_CLIENT)),
    (f"clientId: {_id('Client', 7_777)}", ActivationFilter(client_id=7_777)),
    (f"clientId: {_id('Client', _NOTHING)}", ActivationFilter(client_id=_NOTHING)),
    ('cnpj: "99999999999999"', ActivationFilter(cnpj="99999999999999")),
    ('activationKey: "QZX"', ActivationFilter(activation_key="QZX")),
    ('authorizationCode: "QZX"', ActivationFilter(authorization_code="QZX")),
    ('ecfSerialNumber: "QZX"', ActivationFilter(ecf_serial_number="QZX")),
    (f"productId: {_id('Product', 3)}", ActivationFilter(product_id=3)),
    (f"productId: {_id('Product', 40)}", ActivationFilter(product_id=40)),
    ("status: [ACTIVE]", ActivationFilter(status=frozenset({ActivationStatus.ACTIVE}))),
    ("status: [CANCELLED]", ActivationFilter(status=frozenset({ActivationStatus.CANCELLED}))),
    *((f"activatedById: {_id('User', each)}", ActivationFilter(activated_by_id=each)) for each in _USERS),
    *((f"cancelledById: {_id('User', each)}", ActivationFilter(cancelled_by_id=each)) for each in _USERS),
    ('note: "qzx"', ActivationFilter(note="qzx")),
    (
        "cancellationReason: [CLIENT_CANCELLED]",
        ActivationFilter(cancellation_reason=frozenset({ActivationCancellationReason.CLIENT_CANCELLED})),
    ),
    (f"activatedAt: {{from: {_at(_LATE)}}}", ActivationFilter(activated_from=_LATE)),
    (f"cancelledAt: {{from: {_at(_LATE)}}}", ActivationFilter(cancelled_from=_LATE)),
    (
        f"cancelledAt: {{from: {_at(_EARLY)}, to: {_at(_LATE)}}}",
        ActivationFilter(cancelled_from=_EARLY, cancelled_to=_LATE),
    ),
    (f"updatedSince: {_at(_LATE)}", ActivationFilter(updated_since=_LATE)),
)
_OF_ORDERS: Sequence[tuple[str, OrderFilter]] = (
    ("", OrderFilter()),
    ("number: 400000000", OrderFilter(number=_NOTHING)),
    ("type: ADDITIONAL_SEATS", OrderFilter(type=OrderType.ADDITIONAL_SEATS)),
    ("status: [CANCELLED]", OrderFilter(status=frozenset({OrderStatus.CANCELLED}))),
    (f"productId: {_id('Product', 3)}", OrderFilter(product_id=3)),
    (f"productId: {_id('Product', 40)}", OrderFilter(product_id=40)),
    *((f"createdById: {_id('User', each)}", OrderFilter(created_by_id=each)) for each in _USERS),
    *((f"approvedById: {_id('User', each)}", OrderFilter(approved_by_id=each)) for each in _USERS),
    ('totalWithSetupFee: {minimum: "99999999.00"}', OrderFilter(total_minimum=9_999_999_900)),
    (f"createdAt: {{from: {_at(_LATE)}}}", OrderFilter(created_from=_LATE)),
    (f"completedAt: {{from: {_at(_LATE)}}}", OrderFilter(completed_from=_LATE)),
    (
        f"completedAt: {{from: {_at(_EARLY)}, to: {_at(_LATE)}}}",
        OrderFilter(completed_from=_EARLY, completed_to=_LATE),
    ),
)


def cases() -> Iterator[Case]:
    """Yield each list by each filter in each order."""
    for of_clients, by in product(_OF_CLIENTS, ClientSortKey):
        yield Case("clients", of_clients[0], by.value, _of_clients(of_clients[1], by))
    for of_activations, when in product(_OF_ACTIVATIONS, ActivationSortKey):
        yield Case("activations", of_activations[0], when.value, _of_activations(of_activations[1], when))
    for of_orders, number in product(_OF_ORDERS, OrderSortKey):
        yield Case("orders", of_orders[0], number.value, _of_orders(of_orders[1], number))


def _of_clients(chosen: ClientFilter, by: ClientSortKey) -> Callable[[Scope], Listing[Any]]:
    return lambda scope: clients.listing(scope, chosen, by, descending=False)


def _of_activations(chosen: ActivationFilter, by: ActivationSortKey) -> Callable[[Scope], Listing[Any]]:
    return lambda scope: activations.listing(scope, chosen, by, descending=True)


def _of_orders(chosen: OrderFilter, by: OrderSortKey) -> Callable[[Scope], Listing[Any]]:
    return lambda scope: orders.listing(scope, chosen, by, descending=True)
