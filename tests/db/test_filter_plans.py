"""Each filter of a list reads by the index that the documentation says, on both engines, with many rows."""

import re
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import sqlalchemy as sa
from graphql import GraphQLEnumType, GraphQLInputObjectType

from benchmarks.growth_data import connected
from db import activations, clients, events, exports, orders, partners, users
from db.activations import ActivationFilter, ActivationSortKey
from db.clients import ClientFilter, ClientSortKey
from db.engine import Database, listings, statistics
from db.engine.filters import NO_VALUES
from db.engine.keyset import Keyset, Window
from db.engine.listings import Listing
from db.engine.statement import Statement, Values
from db.events import EventFilter
from db.orders import OrderFilter, OrderSortKey
from db.partners import PartnerFilter, PartnerSortKey
from db.users import UserFilter
from domain.activations import ActivationCancellationReason, ActivationStatus
from domain.clients import ClientStatus
from domain.events import EventType
from domain.export_columns import COLUMNS_OF
from domain.exports import ExportList
from domain.orders import OrderStatus, OrderType
from schema import weights
from tests.databases import Databases
from tests.db.many_rows import FILLED, AnyDriver, Explained, fill
from tests.factories import NOON
from tests.schema.introspection import GRAPHQL
from tests.units import writing

PAGE = Path(__file__).parents[2] / "docs" / "api" / "filters.md"
CANCELLED = "ix_activations_partner_id_cancelled_at_id"
EARLY = NOON.replace(year=2020, month=2)
SOON_AFTER = EARLY + timedelta(hours=2)
LATE = NOON.replace(year=2020, month=3, day=10)
"""A few hours before the last row."""


@pytest.fixture(scope="module")
async def filled(engine: str, databases: Databases) -> sa.URL:
    """Database with many rows in each table, analyzed."""
    url = sa.make_url(databases.migrated(engine))
    await fill(url)
    database = Database(url.render_as_string(hide_password=False))
    async with writing(database) as tx:
        await statistics.analyze(tx, *FILLED)
    await database.close()
    return url


@pytest.fixture(scope="module")
async def driver(filled: sa.URL) -> AsyncIterator[AnyDriver]:
    """Connection of the driver to the database, for all tests: a new one reads the schema again."""
    if filled.get_backend_name() == "sqlite":
        with closing(sqlite3.connect(str(filled.database))) as of_file:
            yield of_file
    else:
        of_server = await connected(filled)
        yield of_server
        await of_server.close()


class Case(NamedTuple):
    """Filter or order of a list, and the column by which an index finds its rows, or the partial index."""

    listing: Listing[Any]
    found_by: str | None = None


def _cases() -> Iterator[tuple[str, Case]]:
    """Each filter and each order of one partner's lists, by its name in the documentation."""
    for name, of_clients, index in (
        ("search", ClientFilter(search="c77777", search_cnpj="77777", search_ecf="C77777"), None),
        ("name", ClientFilter(name="c77777"), None),
        ("cnpj", ClientFilter(cnpj="100000777"), "cnpj"),
        ("city", ClientFilter(city="ty 77"), None),
        ("state", ClientFilter(state="RJ"), None),
        ("ecfSerialNumber", ClientFilter(ecf_serial_number="BE778"), "ecf_serial_number"),
        ("status", ClientFilter(status=frozenset({ClientStatus.CANCELLED})), None),
        ("hasActiveActivations", ClientFilter(has_active_activations=False), "ix_clients_without_activations"),
        (
            "registeredAt",
            ClientFilter(registered_from=EARLY, registered_to=SOON_AFTER),
            "registered_at",
        ),
        ("updatedSince", ClientFilter(updated_since=LATE), "updated_at"),
    ):
        yield f"clients.{name}", Case(clients.listing(1, of_clients, ClientSortKey.NAME, descending=False), index)
    for name, of_activations, index in (
        ("search", ActivationFilter(search="c77777", search_key="C77777", search_code="C77777"), None),
        ("clientId", ActivationFilter(client_id=77777), "client_id"),
        ("clientName", ActivationFilter(client_name="c77777"), None),
        ("cnpj", ActivationFilter(cnpj="10000007777777"), "cnpj"),
        ("activationKey", ActivationFilter(activation_key="KEY-77777"), "activation_key"),
        (
            "authorizationCode",
            ActivationFilter(authorization_code="1000077777"),
            "authorization_code",
        ),
        (
            "ecfSerialNumber",
            ActivationFilter(ecf_serial_number="BE77778"),
            "ecf_serial_number",
        ),
        ("productId", ActivationFilter(product_id=3), "product_id"),
        ("status", ActivationFilter(status=frozenset({ActivationStatus.ACTIVE})), None),
        (
            "activatedById",
            ActivationFilter(activated_by_id=2),
            "activated_by_id",
        ),
        (
            "activatedAt",
            ActivationFilter(activated_from=EARLY, activated_to=SOON_AFTER),
            "activated_at",
        ),
        ("cancelledById", ActivationFilter(cancelled_by_id=2), CANCELLED),
        (
            "cancelledAt",
            ActivationFilter(cancelled_from=EARLY, cancelled_to=SOON_AFTER),
            "cancelled_at",
        ),
        ("updatedSince", ActivationFilter(updated_since=LATE), "updated_at"),
        (
            "cancellationReason",
            ActivationFilter(cancellation_reason=frozenset({ActivationCancellationReason.CLIENT_CANCELLED})),
            CANCELLED,
        ),
        ("note", ActivationFilter(note="note 77"), "ix_activations_noted"),
    ):
        listed = activations.listing(1, of_activations, ActivationSortKey.ACTIVATED_AT, descending=True)
        yield f"activations.{name}", Case(listed, index)
    for name, of_orders, index in (
        ("number", OrderFilter(number=77777), "number"),
        ("type", OrderFilter(type=OrderType.ADDITIONAL_SEATS), None),
        ("status", OrderFilter(status=frozenset({OrderStatus.CANCELLED})), None),
        ("productId", OrderFilter(product_id=3), None),
        ("createdById", OrderFilter(created_by_id=2), "created_by_id"),
        ("approvedById", OrderFilter(approved_by_id=2), "approved_by_id"),
        ("totalWithSetupFee", OrderFilter(total_minimum=1_000_000, total_maximum=1_010_000), None),
        (
            "createdAt",
            OrderFilter(created_from=EARLY, created_to=SOON_AFTER),
            "created_at",
        ),
        ("completedAt", OrderFilter(completed_from=EARLY, completed_to=SOON_AFTER), None),
    ):
        yield f"orders.{name}", Case(orders.listing(1, of_orders, OrderSortKey.NUMBER, descending=True), index)
    for name, of_events, index in (
        ("types", EventFilter(types=frozenset({EventType.STOCK_LOW})), None),
        ("clientId", EventFilter(client_id=4), "client_id"),
        ("orderId", EventFilter(order_id=6), "order_id"),
        ("activationId", EventFilter(activation_id=5), "activation_id"),
        ("userId", EventFilter(user_id=1000), "user_id"),
        ("actorId", EventFilter(actor_id=2), "actor_id"),
        ("apiTokenId", EventFilter(token_id=1001), "token_id"),
        ("priceTableId", EventFilter(price_table_id=1002), "price_table_id"),
        ("productId", EventFilter(product_id=1003), "product_id"),
        ("webhookId", EventFilter(webhook_id=1004), "webhook_id"),
        ("occurredAt", EventFilter(occurred_from=EARLY, occurred_to=SOON_AFTER), None),
    ):
        yield f"events.{name}", Case(events.listing(1, of_events), index)

    for by in ClientSortKey:
        yield f"clients by {by.value}", Case(clients.listing(1, ClientFilter(), by, descending=False), IN_ORDER)
    for of_activations_by in ActivationSortKey:
        listed = activations.listing(1, ActivationFilter(), of_activations_by, descending=False)
        yield f"activations by {of_activations_by.value}", Case(listed, IN_ORDER)
    for of_orders_by in OrderSortKey:
        listed_orders = orders.listing(1, OrderFilter(), of_orders_by, descending=False)
        yield f"orders by {of_orders_by.value}", Case(listed_orders, IN_ORDER)


IN_ORDER = "in order"
"""An index has the rows in the order of the list."""


def _serves(plan: str, found_by: str) -> bool:
    if found_by == IN_ORDER:
        return not re.search(r"TEMP B-TREE|^ *-> +Sort ", plan, re.MULTILINE)
    if found_by.startswith("ix_"):
        return found_by in plan
    # Which index it is, the partner's or the vendor's, is the planner's choice.
    return re.search(rf"(?:SEARCH .*|Index Cond: .*)\b{found_by}\b", plan) is not None


def _documented() -> dict[str, str]:
    """What the documentation says that each filter and each order reads."""
    lines = re.findall(r"^\| `(\w+)` \| (by )?`(\w+)` \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return {f"{of_list} by {name}" if by else f"{of_list}.{name}": reads for of_list, by, name, reads in lines}


async def test_each_filter_and_order_reads_what_the_documentation_says(engine: str, driver: AnyDriver) -> None:
    explained, documented = Explained(engine, driver), _documented()
    for name, case in _cases():
        await listings.page(explained, case.listing, Window(25), frozenset({"id"}))  # type: ignore[arg-type]  # It has what a page calls.
        assert documented[name] == ("the partner's rows" if case.found_by is None else "an index"), name
        assert case.found_by is None or _serves(explained.plan, case.found_by), f"{name}:\n{explained.plan}"


STEPS_MAX = 100
"""More steps of SQLite than a statement takes that reads no row, and fewer than one that reads 20."""


class Idle(Explained):
    """Connection that checks of each statement that it reads no row."""

    async def fetch(self, statement: Statement[Any], values: Values) -> list[Any]:
        """Explain the statement with these values; run it on SQLite, whose plans say nothing of it."""
        await super().fetch(statement, values)
        if self.dialect.name == "sqlite":
            compiled, steps = statement.compiled(self.dialect), bytearray()
            self.driver.set_progress_handler(partial(steps.append, 0), 1)
            self.driver.execute(compiled.text, compiled.bound(values)).fetchall()
            self.driver.set_progress_handler(None, 0)
            assert len(steps) < STEPS_MAX, compiled.text
        else:
            assert re.findall("One-Time Filter: false|Scan", self.plan) == ["One-Time Filter: false"], self.plan
        return [0]


def _without_values() -> Iterator[Listing[Any]]:
    """Each list, in each order, by a filter that has no values."""
    for of_clients_by in ClientSortKey:
        for of_clients in (ClientFilter(status=NO_VALUES), ClientFilter(status=NO_VALUES, city="ty 77", search="c7")):
            yield clients.listing(1, of_clients, of_clients_by, descending=False)
    for of_activations_by in ActivationSortKey:
        for of_activations in (
            ActivationFilter(status=NO_VALUES),
            ActivationFilter(status=NO_VALUES, search="c7", search_key="C7", search_code="C7"),
            ActivationFilter(cancellation_reason=NO_VALUES, client_name="c7"),
        ):
            yield activations.listing(1, of_activations, of_activations_by, descending=True)
    for of_orders_by in OrderSortKey:
        yield orders.listing(1, OrderFilter(status=NO_VALUES, product_id=3), of_orders_by, descending=True)
    yield events.listing(1, EventFilter(types=NO_VALUES))
    yield users.listing(1, UserFilter(roles=NO_VALUES))
    yield partners.listing(1, PartnerFilter(status=NO_VALUES), PartnerSortKey.NAME, descending=False)


async def test_a_filter_by_no_values_reads_no_row(engine: str, driver: AnyDriver) -> None:
    idle: Any = Idle(engine, driver)
    values = {str: "c", int: 1, datetime: EARLY}
    for listing in _without_values():
        for backward in (False, True):
            position = Keyset(values[listing.key_type.of], 1)
            window = Window(25, backward=backward, after=position, before=position)
            await listings.page(idle, listing, Window(25, backward=backward))
            await listings.page(idle, listing, window)
            await listings.any_beyond(idle, listing, window)
        await listings.count(idle, listing)
        await listings.count(idle, listing, 1_000)
        await listings.those_in(idle, listing, [1, 2])
    for kind, listing in (
        (ExportList.CLIENTS, clients.listing(1, ClientFilter(status=NO_VALUES), ClientSortKey.NAME, descending=False)),
        (ExportList.EVENTS, events.listing(1, EventFilter(types=NO_VALUES))),
    ):
        await idle.fetch(*exports.of_listing(listing, [*COLUMNS_OF[kind]], hidden=frozenset()))
    await orders.total(idle, 1, OrderFilter(status=NO_VALUES))


def test_what_reads_all_of_the_partners_rows_costs_points() -> None:
    kinds = {"clients": "Client", "activations": "Activation", "orders": "Order", "events": "Event"}
    free = set()
    for name, reads in _documented().items():
        kind, _, key = name.partition(" by ") if " by " in name else name.partition(".")
        weighed = weights.VALUE_WEIGHTS if " by " in name else weights.INPUT_WEIGHTS
        coordinate = f"{kinds[kind]}{'SortKey' if ' by ' in name else 'Filter'}.{key}"
        if reads == "the partner's rows" and coordinate not in weighed:
            free.add(name)

    assert free == set()


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True, scope="session")
async def test_an_export_of_a_whole_list_sorts_no_rows(engine: str, driver: AnyDriver) -> None:
    explained = Explained(engine, driver)
    kinds = {"clients": ExportList.CLIENTS, "activations": ExportList.ACTIVATIONS, "orders": ExportList.ORDERS}
    wanted = [(kinds[name.partition(" ")[0]], case.listing) for name, case in _cases() if case.found_by == IN_ORDER]
    wanted.append((ExportList.EVENTS, events.listing(1, EventFilter())))
    statements = [exports.of_listing(listing, [*COLUMNS_OF[each]], hidden=frozenset()) for each, listing in wanted]
    statements.append(exports.of_stock(1, None, [*COLUMNS_OF[ExportList.LICENSE_STOCK]]))

    for export in statements:
        await explained.fetch(*export)
        assert _serves(explained.plan, IN_ORDER), explained.plan


def test_every_filter_and_order_is_documented_and_explained() -> None:
    lists = {"Client": "clients", "Activation": "activations", "Order": "orders", "Event": "events"}
    filters: set[str] = set()
    for kind, name in lists.items():
        fields = GRAPHQL.type_map[f"{kind}Filter"]
        assert isinstance(fields, GraphQLInputObjectType)
        filters |= {f"{name}.{field}" for field in fields.fields} - {f"{name}.partnerId"}
        keys = GRAPHQL.type_map.get(f"{kind}SortKey")
        filters |= {f"{name} by {key}" for key in keys.values} if isinstance(keys, GraphQLEnumType) else set()

    assert filters == set(_documented()) == {name for name, _ in _cases()}
