"""Every statement compiles for both engines, and each engine takes it."""

import importlib
import pkgutil
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from enum import Enum
from itertools import product
from types import ModuleType
from typing import Any, TypeVar

import asyncpg  # type: ignore[import-untyped]  # It has no types.
import pytest
import sqlalchemy as sa
from sqlalchemy import TextClause, TextualSelect
from sqlalchemy.engine import Dialect, make_url

import db
from db import activations, actors, clients, events, invitations, orders, partners, stock_movements, tokens, users
from db.activation_joins import ACTIVATED_BY, CLIENT, PRODUCT
from db.activations import ActivationFilter, ActivationRow, ActivationSortKey
from db.clients import ClientFilter, ClientSortKey
from db.engine import Connection, Database, listings, listings_of_parents
from db.engine.column_types import Instant
from db.engine.filters import RowsById, Scoped
from db.engine.keyset import Keyset, Window
from db.engine.listings import Listing
from db.engine.sqlite import SqliteConnection
from db.engine.statement import Joins, Statement
from db.events import EventFilter
from db.orders import OrderFilter, OrderSortKey
from db.partners import PartnerFilter, PartnerSortKey
from db.tokens import TokenFilter
from db.users import UserFilter
from domain.access import Role
from domain.activations import ActivationCancellationReason, ActivationStatus
from domain.clients import ClientStatus
from domain.events import EventType
from domain.orders import OrderStatus, OrderType
from domain.partners import PartnerStatus
from domain.tenancy import ALL_PARTNERS, Scope
from tests.factories import NOON

SortKey = TypeVar("SortKey", bound=Enum)

DIALECTS: dict[str, Dialect] = {
    "sqlite": make_url("sqlite://").get_dialect()(),
    "postgresql": make_url("postgresql+asyncpg://").get_dialect()(),
}

ONE_ENGINES = {"db.engine.postgres._READ_ONLY_SETTING", "db.engine.hints._NOTIFY"}
"""Statements with a function that the other engine lacks."""


def modules() -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(db.__path__, "db."):
        # Alembic runs its steps and its environment itself.
        if ".versions" not in found.name and not found.name.endswith(".env"):
            yield importlib.import_module(found.name)


def _statements(module: ModuleType) -> Iterator[tuple[str, Statement[Any]]]:
    for name, each in vars(module).items():
        if isinstance(each, Statement):
            yield name, each
        pair = each.statement if isinstance(each, RowsById) else each
        if isinstance(pair, Scoped):
            yield from ((f"{name}.{of}", statement) for of, statement in pair._asdict().items())


STATEMENTS: dict[str, Statement[Any]] = {
    f"{module.__name__}.{name}": each for module in modules() for name, each in _statements(module)
}


@contextmanager
def prepared(database: Database) -> Iterator[sqlite3.Connection]:
    """Connection of the driver to the SQLite file, with the functions that the engine gives to its own."""
    with closing(sqlite3.connect(str(database.url.database))) as driver:
        SqliteConnection(driver, [])
        yield driver


def _compile(name: str, dialect: Dialect) -> None:
    assert STATEMENTS[name].compiled(dialect).text, name


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_statement_compiles(dialect: str) -> None:
    assert STATEMENTS
    for name in STATEMENTS:
        # A call of its own, which a traceback shows with the name.
        _compile(name, DIALECTS[dialect])


async def test_the_engine_takes_every_statement(database: Database) -> None:
    engine = database.url.get_backend_name()
    texts = {
        name: each.compiled(DIALECTS[engine])
        for name, each in STATEMENTS.items()
        if not isinstance(each.expression, TextClause | TextualSelect) and name not in ONE_ENGINES
    }

    if engine == "sqlite":
        with prepared(database) as driver:
            for compiled in texts.values():
                driver.execute(f"EXPLAIN {compiled.text}", [None] * compiled.text.count("?"))
    else:
        driver = await asyncpg.connect(database.url.set(drivername="postgresql").render_as_string(hide_password=False))
        for compiled in texts.values():
            await driver.prepare(compiled.text)
        await driver.close()


_LOCKS_SHARED = re.compile(r"\bFROM (partners|users|products|price_tables)\b.* FOR (SHARE|NO KEY UPDATE)", re.DOTALL)


def test_rows_that_many_transactions_share_are_locked_in_queues() -> None:
    texts = {name: each.compiled(DIALECTS["postgresql"]).text for name, each in STATEMENTS.items()}
    texts["db.actors.share"] = actors._share(((Role.MANAGER,), True)).compiled(DIALECTS["postgresql"]).text  # noqa: SLF001 — it is made for its roles.
    locking = {name: text for name, text in texts.items() if _LOCKS_SHARED.search(text)}

    assert locking
    assert {name for name, text in locking.items() if "pg_advisory_xact_lock" not in text} == set()


FILTERS: dict[type[Any], dict[str, object]] = {
    ActivationFilter: {
        "search": "a",
        "search_cnpj": "1",
        "search_key": "A",
        "search_code": "A",
        "client_id": 1,
        "client_name": "a",
        "cnpj": "1",
        "activation_key": "A",
        "authorization_code": "A",
        "ecf_serial_number": "A",
        "product_id": 1,
        "status": frozenset(ActivationStatus),
        "activated_by_id": 1,
        "cancelled_by_id": 1,
        "note": "a",
        "cancellation_reason": frozenset(ActivationCancellationReason),
        "cancelled_from": NOON,
        "cancelled_to": NOON,
        "activated_from": NOON,
        "activated_to": NOON,
        "updated_since": NOON,
    },
    ClientFilter: {
        "status": frozenset(ClientStatus),
        "search": "a",
        "search_cnpj": "1",
        "search_ecf": "A",
        "name": "a",
        "cnpj": "1",
        "city": "a",
        "state": "SP",
        "ecf_serial_number": "A",
        "has_active_activations": True,
        "registered_from": NOON,
        "registered_to": NOON,
        "updated_since": NOON,
    },
    OrderFilter: {
        "number": 1,
        "type": OrderType.PURCHASE,
        "status": frozenset(OrderStatus),
        "product_id": 1,
        "created_by_id": 1,
        "approved_by_id": 1,
        "total_minimum": 1,
        "total_maximum": 1,
        "created_from": NOON,
        "created_to": NOON,
        "completed_from": NOON,
        "completed_to": NOON,
    },
    PartnerFilter: {"search": "a", "search_cnpj": "1", "cnpj": "1", "status": frozenset(PartnerStatus)},
    EventFilter: {
        "types": frozenset(EventType),
        "client_id": 1,
        "order_id": 1,
        "product_id": 1,
        "activation_id": 1,
        "webhook_id": 1,
        "user_id": 1,
        "actor_id": 1,
        "token_id": 1,
        "price_table_id": 1,
        "occurred_from": NOON,
        "occurred_to": NOON,
    },
    UserFilter: {"roles": frozenset(Role), "is_active": True},
    TokenFilter: {"partner_id": 1, "email": "a", "id": 1, "prefix": "a", "digest": b"a"},
}


def chosen(kind: type[Any]) -> Iterator[Any]:
    """No filter, each one alone, and all of them together."""
    given = FILTERS[kind]
    assert set(given) == set(kind.__dataclass_fields__)
    yield kind()
    yield from (kind(**{name: asked}) for name, asked in given.items())
    yield kind(**given)


def _sorted(kind: type[Any], orders_of: type[SortKey], *, descending: bool) -> Iterator[tuple[Any, SortKey]]:
    """Each filter alone in one ascending order, and no filter and all of them in every order."""
    nothing, *alone, everything = chosen(kind)
    if not descending:
        yield from product(alone, list(orders_of)[:1])
    yield from product((nothing, everything), orders_of)


def all_listings() -> Iterator[Listing[Any]]:
    yield from (events.listing(1, each) for each in chosen(EventFilter))
    for scope in SCOPES:
        for descending in (False, True):
            for of_activations in _sorted(ActivationFilter, ActivationSortKey, descending=descending):
                yield activations.listing(scope, *of_activations, descending=descending)
            for of_clients in _sorted(ClientFilter, ClientSortKey, descending=descending):
                yield clients.listing(scope, *of_clients, descending=descending)
            for of_orders in _sorted(OrderFilter, OrderSortKey, descending=descending):
                yield orders.listing(scope, *of_orders, descending=descending)
            for of_partners in _sorted(PartnerFilter, PartnerSortKey, descending=descending):
                yield partners.listing(scope, *of_partners, descending=descending)
        for status in (None, ActivationStatus.ACTIVE):
            yield activations.of_clients(scope, [1], status)
            yield activations.of_partners(scope, [1], status)
        yield from (clients.of_partners(scope, [1], status) for status in (None, ClientStatus.ACTIVE))
        yield from (orders.of_partners(scope, [1], status) for status in (None, OrderStatus.PENDING))
        yield events.of_partners(scope, [1])
        yield users.of_partners(scope, [1])
        yield from (users.listing(scope, each) for each in chosen(UserFilter))
        yield invitations.listing(scope, at=NOON)
        yield stock_movements.of_stocks(scope, [2**32 + 1])


SCOPES: tuple[Scope, ...] = (1, ALL_PARTNERS)


def _bound(statement: Statement[Any]) -> set[str]:
    compiled: Any = statement.expression.compile(dialect=DIALECTS["postgresql"])
    return set(compiled.binds)


def test_a_read_of_one_partner_names_it_others_do_not() -> None:
    found = {
        f"{module.__name__}.{name}": (_bound(each.of_partner), _bound(each.of_all))
        for module in modules()
        for name, each in vars(module).items()
        if isinstance(each, Scoped)
    }

    assert found
    assert {name for name, (of_partner, _) in found.items() if "partner_id" not in of_partner} == set()
    assert {name for name, (_, of_all) in found.items() if "partner_id" in of_all} == set()


def test_a_list_of_one_partner_names_it_others_do_not() -> None:
    for listing in all_listings():
        named = "partner_id" in _bound(Statement(sa.select(*listing.columns).where(*listing.where), listing.row))

        assert named is (listing.values["partner_id"] is not ALL_PARTNERS)


def windows(listing: Listing[Any]) -> Iterator[Window]:
    """Each window of a partner's ascending list without a filter, or searched by an index; of others two.

    These are the first page, and a page with both cursors.
    """
    key = listing.sorting.key.type
    at = Keyset(NOON if isinstance(key, Instant) else key.python_type(), 1)
    of_partner = listing.values["partner_id"] is not ALL_PARTNERS
    all_of_them = of_partner and not listing.sorting.descending and (len(listing.where) == 1 or listing.searched)
    for backward, after, before in product((False, True), (None, at), (None, at)):
        if all_of_them or (backward, after, before) in {(False, None, None), (True, at, at)}:
            yield Window(2, backward=backward, after=after, before=before)


async def read(connection: Connection, listing: Listing[Any], window: Window) -> None:
    if listing.parent is None:
        joins: Joins = dict.fromkeys((ACTIVATED_BY, CLIENT, PRODUCT)) if listing.row is ActivationRow else {}
        await listings.page(connection, listing, window, None, joins)
        await listings.any_beyond(connection, listing, window)
    else:
        await listings_of_parents.pages(connection, listing, window)
        await listings_of_parents.beyond(connection, listing, window)


async def count(connection: Connection, listing: Listing[Any]) -> None:
    if listing.parent is None:
        await listings.count(connection, listing)
        await listings.count(connection, listing, 1)
    else:
        await listings_of_parents.counts(connection, listing)
        await listings_of_parents.counts(connection, listing, 1)


async def test_the_engine_takes_every_page_of_every_list(own_database: Database) -> None:
    async def work(connection: Connection) -> None:
        for listing in all_listings():
            await count(connection, listing)
            for window in windows(listing):
                await read(connection, listing, window)
        for each in chosen(TokenFilter):
            await tokens.live(connection, each, at=NOON)
        for scope, of_orders in product(SCOPES, chosen(OrderFilter)):
            await orders.total(connection, scope, of_orders)

    await own_database.read(work)
