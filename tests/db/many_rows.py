"""Tables of one partner with many rows each, and a connection that explains what reads them."""

import sqlite3
from contextlib import closing
from typing import Any, TypeAlias

import sqlalchemy as sa

from benchmarks.growth_data import connected, indexed_at_the_end, insertion, order_columns
from db import tables
from db.engine.statement import Statement, Values
from tests.db.test_statements import DIALECTS

_ROWS = {"sqlite": 20_000, "postgresql": 100_000}
"""Rows of each table: with fewer, PostgreSQL reads more of them in turn; SQLite's plans are the same for 100,000."""

RARE = "CASE WHEN i % 1000 = 0 THEN 2 ELSE 1 END"
"""Of two users, the one who did little."""

ENDED = "i % 20 = 0"
FILLED: dict[sa.Table, dict[str, str]] = {
    tables.clients: {
        "cnpj": "CAST(10000000000000 + i AS TEXT)",
        **dict.fromkeys(("name", "name_folded", "names_folded"), "'c' || i"),
        "trade_name_folded": "''",
        "city_folded": "'city ' || i % 500",
        "state": "'SP'",
        "status": "'ACTIVE'",
        "registered_at": "{at}",
        "updated_at": "{at}",
        "last_activated_at": "{at}",
        "active_activations": f"CASE WHEN {ENDED} THEN 0 ELSE 1 END",
    },
    tables.activations: {
        "client_id": "i",
        "product_id": "1 + i % 5",
        "authorization_code": "CAST(1000000000 + i AS TEXT)",
        "activation_key": "'KEY-' || i",
        "ecf_serial_number": "CASE WHEN i % 2 = 0 THEN 'BE' || i END",
        "seats": "1",
        "additional_seats": "0",
        "note_folded": "CASE WHEN i % 50 = 0 THEN 'note ' || i END",
        "client_name_folded": "'c' || i",
        "status": f"CASE WHEN {ENDED} THEN 'CANCELLED' ELSE 'ACTIVE' END",
        "activated_at": "{at}",
        "updated_at": "{at}",
        "activated_by_id": RARE,
        "cancelled_at": f"CASE WHEN {ENDED} THEN {{at}} END",
        "cancelled_by_id": f"CASE WHEN {ENDED} THEN {RARE} END",
        "cancellation_reason": f"CASE WHEN i % 1000 = 0 THEN 'MOVED' WHEN {ENDED} THEN 'ACTIVATION_CANCELLED' END",
    },
    tables.orders: order_columns(RARE),
    tables.events: {
        "number": "i",
        "type": "'CLIENT_UPDATED'",
        "occurred_at": "{at}",
        "actor_id": RARE,
        **{
            f"{thing}_id": f"CASE WHEN i % 4 = {place} THEN i END"
            for place, thing in enumerate(("client", "activation", "order"))
        },
        **{
            f"{thing}_id": f"CASE WHEN i % 1000 = {place} THEN i END"
            for place, thing in enumerate(("user", "token", "price_table", "product", "webhook"))
        },
        "hash": "{bytes}",
    },
}
"""Values of the columns of row `i`."""


def _insert(engine: str, table: sa.Table, columns: dict[str, str]) -> str:
    return insertion(engine, table, _ROWS[engine], {"partner_id": "1", **columns})


def _fill_sqlite(path: str) -> None:
    with closing(sqlite3.connect(path)) as driver:
        driver.execute("PRAGMA synchronous = OFF")
        with indexed_at_the_end(driver):
            for table, columns in FILLED.items():
                driver.execute(_insert("sqlite", table, columns))
        driver.commit()


async def fill(url: sa.URL) -> None:
    """Fill the tables."""
    if url.get_backend_name() == "sqlite":
        _fill_sqlite(str(url.database))
    else:
        await _fill_postgresql(url)


async def _fill_postgresql(url: sa.URL) -> None:
    driver = await connected(url)
    # No reference is checked. Tables that are empty when their transaction begins need no log of their pages; indexes
    # that several processes sort take more time of the processor than those of one.
    await driver.execute("SET session_replication_role = replica; SET max_parallel_maintenance_workers = 0")
    await driver.execute(f"BEGIN; TRUNCATE {', '.join(table.name for table in FILLED)} CASCADE")
    for table, columns in FILLED.items():
        indexes = await driver.fetch(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = $1 AND indexname LIKE 'ix%'", table.name
        )
        await driver.execute("".join(f"DROP INDEX {name};" for name, _ in indexes))
        await driver.execute(_insert("postgresql", table, columns))
        await driver.execute(";".join(create for _, create in indexes))
    await driver.execute("COMMIT")
    await driver.close()


AnyDriver: TypeAlias = Any
"""Connection of the driver to SQLite, or of the one to PostgreSQL, which has no types."""


class Explained:
    """Connection that explains each statement, in place of reading its rows."""

    def __init__(self, engine: str, driver: AnyDriver) -> None:
        self.dialect = DIALECTS[engine]
        self.driver = driver
        self.plan = ""

    async def fetch(self, statement: Statement[Any], values: Values) -> list[Any]:
        """Explain the statement with these values."""
        compiled = statement.compiled(self.dialect)
        bound = compiled.bound(values)
        if self.dialect.name == "sqlite":
            steps = self.driver.execute(f"EXPLAIN QUERY PLAN {compiled.text}", bound).fetchall()
            self.plan = "\n".join(step[-1] for step in steps)
        else:
            lines = await self.driver.fetch(f"EXPLAIN {compiled.text}", *bound)
            self.plan = "\n".join(line[0] for line in lines)
        return []
