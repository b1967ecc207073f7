"""Large database of fifty partners, written by few statements: the first partner has half of all rows."""

import asyncio
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any, NamedTuple

import asyncpg  # type: ignore[import-untyped]  # It has no types.
import sqlalchemy as sa

from db import tables
from db.migrations import migrate

LARGE_PARTNER = 1
LARGE_CLIENT = 2
"""A client of the large partner with `ACTIVATIONS_OF_LARGE_CLIENT` activations."""

ACTIVATIONS_OF_LARGE_CLIENT = 10_000

VENDOR = 51
"""The vendor, and its user, who did a thousandth of all for the partners."""


class Sizes(NamedTuple):
    """Numbers of rows."""

    clients: int = 200_000
    activations: int = 1_000_000
    orders: int = 100_000


_MOMENTS = {
    "sqlite": "strftime('%Y-%m-%dT%H:%M:%S.000000Z', '2020-01-01', '+' || i || ' minutes')",
    "postgresql": "timestamptz '2020-01-01T00:00Z' + i * interval '1 minute'",
}
_BYTES = {"sqlite": "x''", "postgresql": "''::bytea"}
_SYLLABLES = "bacadafagajalamanaparasatavazabecedefegejelemeneperesetevezebicidifigijiliminipirisitivizi"


def _partner(number: str) -> str:
    return f"CASE WHEN {number} % 2 = 0 THEN 1 ELSE 2 + ({number} / 2) % 49 END"


def _actor(partner: str) -> str:
    return f"CASE WHEN i % 1000 = 0 THEN {VENDOR} ELSE 1 + ({partner} + 48) % 50 END"


def _word(*parts: int) -> str:
    return " || ".join(f"substr('{_SYLLABLES}', 1 + 2 * CAST(i / {part} % 45 AS INTEGER), 2)" for part in parts)


def name_of(client_id: int) -> str:
    """Return the name of a client that is not cancelled."""

    def word(*parts: int) -> str:
        places = [2 * (client_id // part % 45) for part in parts]
        return "".join(_SYLLABLES[place : place + 2] for place in places)

    return f"{word(1, 45, 2025)} {word(7, 311)} ltda"


_NAME = f"{_word(1, 45, 2025)} || ' ' || {_word(7, 311)} || ' ltda'"
_IS_CANCELLED = "i % 20 = 4"
_ENDED = "i % 10 = 0"
_ONCE = {
    tables.partners: {
        "name": "'Revenda ' || i",
        "name_folded": "'revenda ' || i",
        "cnpj": "CAST(i AS TEXT)",
        "is_vendor": f"i = {VENDOR}",
    },
    tables.users: {
        "partner_id": f"CASE WHEN i = {VENDOR} THEN i ELSE 1 + i % 50 END",
        "email": "'pessoa' || i || '@revenda.example'",
        "name": "'Pessoa ' || i",
        "role": f"CASE WHEN i = {VENDOR} THEN 'VENDOR_ADMIN' ELSE 'MANAGER' END",
        "password_hash": "'!'",
    },
    tables.products: {"code": "'P' || i", "name": "'Produto ' || i", "included_seats": "1", "active": "i > 0"},
    tables.price_tables: {"name": "'Pauta ' || i", "name_folded": "'pauta ' || i"},
    tables.price_table_versions: {
        "price_table_id": "i",
        "number": "1",
        "state": "'PUBLISHED'",
        "begins_at": "{at}",
        "published_at": "{at}",
        "tier_count": "0",
        "tier_sum": "0",
    },
}


def order_columns(actor: str) -> dict[str, str]:
    """Return the SQL of the columns of order `i` but for its partner; `actor` is that of who created it."""
    return {
        "number": "i",
        "type": "'PURCHASE'",
        "status": "CASE WHEN i % 2 = 0 THEN 'COMPLETED' ELSE 'PENDING' END",
        "price_table_id": "1",
        "price_table_version_id": "1",
        "monthly_total": "100 * i",
        "setup_fee_total": "i",
        "lines_hash": "{bytes}",
        "created_at": "{at}",
        "created_by_id": actor,
        "approved_at": "CASE WHEN i % 2 = 0 THEN {at} END",
        "approved_by_id": f"CASE WHEN i % 2 = 0 THEN {actor} END",
    }


def _rows(sizes: Sizes) -> Mapping[sa.Table, tuple[int, dict[str, str]]]:
    """Return how many rows each table gets, and the values of the columns of row `i`."""
    of_client = f"CASE WHEN i <= {ACTIVATIONS_OF_LARGE_CLIENT} THEN {LARGE_CLIENT} ELSE 1 + i % {sizes.clients} END"
    its_actor, actor_of_order = [_actor(f"({_partner(number)})") for number in (f"({of_client})", "i")]
    return {
        tables.clients: (
            sizes.clients,
            {
                "partner_id": _partner("i"),
                "cnpj": f"CASE WHEN NOT {_IS_CANCELLED} THEN CAST(10000000000000 + i AS TEXT) END",
                "name": f"CASE WHEN NOT {_IS_CANCELLED} THEN {_NAME} END",
                **dict.fromkeys(("name_folded", "names_folded"), f"CASE WHEN {_IS_CANCELLED} THEN '' ELSE {_NAME} END"),
                "trade_name_folded": "''",
                "city_folded": f"CASE WHEN {_IS_CANCELLED} THEN '' ELSE 'city ' || (i % 500) END",
                "state": "'SP'",
                "status": f"CASE WHEN {_IS_CANCELLED} THEN 'CANCELLED' ELSE 'ACTIVE' END",
                "registered_at": "{at}",
                "updated_at": "{at}",
            },
        ),
        tables.activations: (
            sizes.activations,
            {
                "partner_id": _partner(f"({of_client})"),
                "client_id": of_client,
                "product_id": "1 + i % 5",
                "authorization_code": "CAST(1000000000 + i AS TEXT)",
                "activation_key": "'KEY-' || i",
                "ecf_serial_number": "CASE WHEN i % 2 = 0 THEN 'BE' || i END",
                "seats": "1",
                "additional_seats": "0",
                "note": "CASE WHEN i % 50 = 0 THEN 'Note ' || i END",
                "note_folded": "CASE WHEN i % 50 = 0 THEN 'note ' || i END",
                "client_name_folded": f"'c' || {of_client}",
                "status": f"CASE WHEN {_ENDED} THEN 'CANCELLED' ELSE 'ACTIVE' END",
                "activated_at": "{at}",
                "updated_at": "{at}",
                "activated_by_id": its_actor,
                "cancelled_at": f"CASE WHEN {_ENDED} THEN {{at}} END",
                "cancelled_by_id": f"CASE WHEN {_ENDED} THEN {its_actor} END",
                "cancellation_reason": f"CASE WHEN {_ENDED} THEN 'ACTIVATION_CANCELLED' END",
            },
        ),
        tables.orders: (
            sizes.orders,
            {"partner_id": _partner("i"), **order_columns(actor_of_order)},
        ),
        tables.order_items: (
            sizes.orders * 2,
            {
                "partner_id": _partner("((i + 1) / 2)"),
                "order_id": "(i + 1) / 2",
                "product_id": "1 + i % 5",
                "quantity": "10",
                "bonus_quantity": "1",
                "seats": "1",
                "unit_monthly_price": "100",
                "unit_setup_fee": "100",
            },
        ),
        tables.stock_movements: (
            sizes.activations,
            {
                "partner_id": _partner(f"({of_client})"),
                "product_id": "1 + i % 5",
                "type": "'ACTIVATED'",
                "occurred_at": "{at}",
                "activation_id": "i",
                "activated": "1",
                **dict.fromkeys(("purchased", "bonus", "additional_seats_total", "additional_seats_allocated"), "0"),
            },
        ),
        tables.events: (
            sizes.activations,
            {
                "partner_id": _partner(f"({of_client})"),
                "number": "i",
                "type": "'LICENSE_ACTIVATED'",
                "occurred_at": "{at}",
                "actor_id": "1",
                "client_id": of_client,
                "activation_id": "i",
                "hash": "{bytes}",
            },
        ),
    }


_STOCK = """INSERT INTO license_stock (partner_id, product_id, purchased, bonus, activated, additional_seats_total,
        additional_seats_allocated)
    SELECT partner_id, product_id, 1000000, 0, sum(CASE WHEN status = 'ACTIVE' THEN 1 ELSE 0 END), 0, 0
    FROM activations GROUP BY partner_id, product_id"""
_COUNTERS = """INSERT INTO partner_counters (partner_id, order_number, event_number, event_hash)
    SELECT id, {orders}, {events}, {bytes} FROM partners"""


def fill(url: str, sizes: Sizes) -> None:
    """Make the tables in an empty database, and fill them."""
    migrate.upgrade(url)
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "sqlite":
        _fill_sqlite(str(parsed.database), sizes)
    else:
        asyncio.run(_fill_postgresql(parsed, sizes))


_ACTIVITY = """UPDATE clients SET last_activated_at = found.latest, active_activations = found.active FROM (
    SELECT client_id, max(activated_at) AS latest, sum(CASE WHEN status = 'ACTIVE' THEN 1 ELSE 0 END) AS active
    FROM activations GROUP BY client_id
) AS found WHERE found.client_id = clients.id"""


def _statements(engine: str, sizes: Sizes) -> list[str]:
    once = [insertion(engine, table, VENDOR, columns) for table, columns in _ONCE.items()]
    rows = [insertion(engine, table, number, columns) for table, (number, columns) in _rows(sizes).items()]
    counters = _COUNTERS.format(orders=sizes.orders, events=sizes.activations, bytes=_BYTES[engine])
    return [*once, *rows, _STOCK, _ACTIVITY, counters]


def insertion(engine: str, table: sa.Table, rows: int, columns: Mapping[str, str]) -> str:
    """Return the statement for so many rows, by the SQL of each column's value in row `i`."""
    numbers = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})"  # noqa: S608 — our own.
    values = ", ".join(columns.values()).replace("{at}", _MOMENTS[engine]).replace("{bytes}", _BYTES[engine])
    return f"INSERT INTO {table.name} (id, {', '.join(columns)}) {numbers} SELECT i, {values} FROM n"  # noqa: S608 — our own.


@contextmanager
def indexed_at_the_end(driver: sqlite3.Connection) -> Iterator[None]:
    """Fill tables of SQLite without their indexes: to sort one once is faster than to insert in it."""
    indexes = driver.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL").fetchall()
    for name, _ in indexes:
        driver.execute(f"DROP INDEX {name}")
    yield
    for _, create in indexes:
        driver.execute(create)


def _fill_sqlite(path: str, sizes: Sizes) -> None:
    with closing(sqlite3.connect(path)) as driver:
        driver.execute("PRAGMA synchronous = OFF")
        driver.execute("PRAGMA cache_size = -200000")
        with indexed_at_the_end(driver):
            for statement in _statements("sqlite", sizes):
                driver.execute(statement)
        driver.execute("ANALYZE")
        driver.commit()


async def _fill_postgresql(url: sa.URL, sizes: Sizes) -> None:
    driver = await connected(url)
    # No reference is checked.
    await driver.execute("SET session_replication_role = replica; SET maintenance_work_mem = '256MB'")
    names = [table.name for table in _rows(sizes)]
    indexes = await driver.fetch(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY($1) AND indexname LIKE 'ix%'", names
    )
    for name, _ in indexes:
        await driver.execute(f"DROP INDEX {name}")
    for statement in _statements("postgresql", sizes):
        await driver.execute(statement)
    for _, create in indexes:
        await driver.execute(create)
    for table in [*_ONCE, *_rows(sizes)]:
        await driver.execute(f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), max(id)) FROM {table.name}")  # noqa: S608 — our own.
    await driver.execute("VACUUM ANALYZE")
    await driver.close()


async def connected(url: sa.URL) -> Any:  # noqa: ANN401 — the driver has no types.
    """Connect to a database of PostgreSQL."""
    return await asyncpg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False))
