"""Units of work in tests: connections that a test holds open, and statements that only tests run."""

import asyncio
import re
import sqlite3
from collections import namedtuple
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from db.engine import Connection, Database, Transaction, storage
from db.engine.filters import values_of
from db.engine.pools import Session
from db.engine.postgres_connection import PostgresConnection
from db.engine.sqlite import SqliteConnection
from db.engine.statement import Expression, Statement

Found = list[Any]

_KEPT_MAX = 4
"""Units of a test that are open at the same time seldom are more."""

_engines: dict[tuple[asyncio.AbstractEventLoop, sa.URL], AsyncEngine] = {}
"""Engines that keep their connections to PostgreSQL, which belong to a loop."""

_drivers: dict[tuple[asyncio.AbstractEventLoop, sa.URL], list[sqlite3.Connection]] = {}
"""Connections to SQLite files that are kept and not in use."""


_CHANGES_DRIVER = re.compile(r"\s*(PRAGMA|ATTACH|CREATE\s+TEMP)", re.IGNORECASE)
"""Statements whose effect stays with the connection to a SQLite file after its transaction."""


class _HeldConnection(SqliteConnection):
    """Connection to a SQLite file that notes whether it may be used for another unit."""

    is_changed = False

    def _observe(self, statement: str) -> None:
        self.is_changed = self.is_changed or _CHANGES_DRIVER.match(statement) is not None
        super()._observe(statement)


@asynccontextmanager
async def reading(database: Database) -> AsyncIterator[Connection]:
    """Hold a transaction open that reads, whatever is awaited meanwhile."""
    async with _held(database, read_only=True) as connection:
        yield connection


@asynccontextmanager
async def writing(database: Database) -> AsyncIterator[Transaction]:
    """Hold a transaction open that writes, whatever is awaited meanwhile; commit it at the end."""
    async with _held(database, read_only=False) as tx:
        yield tx


async def fetch_all(connection: Connection, expression: Expression, values: Mapping[str, object] = {}) -> Found:
    """The rows of a statement."""
    return list(await connection.fetch(compiled(expression), values or {}))


def compiled(expression: Expression) -> Statement[Any]:
    """A statement that is compiled once, for a test that runs it often."""
    if isinstance(expression, sa.TextClause):
        expression = expression.columns(sa.column("value"))
    names = [str(column.key) for column in expression.exported_columns]
    row = namedtuple("row", names, rename=True)  # type: ignore[misc]  # noqa: PYI024 — its fields are those of the statement.
    return Statement(expression, row)


async def every_row(connection: Connection, table: sa.Table) -> Found:
    """All rows of a table, in the order of its key."""
    return list(await connection.fetch(_of_table(table)))


@cache
def _of_table(table: sa.Table) -> Statement[Any]:
    return compiled(sa.select(table).order_by(*table.primary_key))


async def fetch_value(connection: Connection, expression: Expression) -> Any:  # noqa: ANN401 — of any column.
    """The first value of the first row of a statement; None if it has no row."""
    found = await fetch_all(connection, expression)
    return found[0][0] if found else None


async def fetch_values(connection: Connection, expression: Expression) -> list[Any]:
    """The first value of each row of a statement."""
    return [row[0] for row in await fetch_all(connection, expression)]


async def execute(tx: Transaction, expression: Expression) -> int:
    """Run a statement, and return how many rows it wrote."""
    return await tx.execute(Statement(expression, values_of))


async def insert(tx: Transaction, table: sa.Table, lines: Sequence[Mapping[str, object]]) -> None:
    """Insert a row for each of these lines."""
    if lines:
        await tx.execute_many(_insertion(table, tuple(lines[0])), lines)


@cache
def _insertion(table: sa.Table, names: tuple[str, ...]) -> Statement[Any]:
    return Statement(sa.insert(table), values_of, inserted=names)


@asynccontextmanager
async def _held(database: Database, *, read_only: bool) -> AsyncIterator[Connection]:
    on_engine = _on_sqlite if database.url.get_backend_name() == "sqlite" else _on_postgresql
    held = on_engine(database, read_only=read_only)
    async with held as connection:
        yield connection


@asynccontextmanager
async def _on_sqlite(database: Database, *, read_only: bool) -> AsyncIterator[Connection]:
    kept = _drivers.get((asyncio.get_running_loop(), database.url))
    driver = kept.pop() if kept else _new_driver(str(database.url.database))
    try:
        driver.execute("PRAGMA foreign_keys = ON")
        # Another transaction of the test may have to end first, for which the loop must run. So it must where a test
        # reads again and again until something has happened.
        await asyncio.to_thread(driver.execute, "BEGIN" if read_only else "BEGIN IMMEDIATE")
        connection = _HeldConnection(driver, database.observers)
        yield connection
        driver.execute("COMMIT")
    except BaseException:
        driver.close()
        raise
    if kept is None or connection.is_changed:
        driver.close()
    else:
        kept.append(driver)


def _new_driver(path: str) -> sqlite3.Connection:
    return sqlite3.connect(storage.uri(path), isolation_level=None, uri=True, timeout=15, check_same_thread=False)


@asynccontextmanager
async def keeping_connections(database: Database) -> AsyncIterator[None]:
    """Meanwhile keep the connections of units in this loop for the next ones: a new one costs as much as a test.

    The server must not be restarted, nor the database be copied.
    """
    key = asyncio.get_running_loop(), database.url
    if database.url.get_backend_name() == "sqlite":
        _drivers[key] = []
        yield
        for driver in _drivers.pop(key):
            driver.close()
    else:
        _engines[key] = engine = create_async_engine(
            database.url, isolation_level="AUTOCOMMIT", pool_size=_KEPT_MAX, max_overflow=-1, pool_use_lifo=True
        )
        yield
        del _engines[key]
        await engine.dispose()


@asynccontextmanager
async def kept_open(database: Database) -> AsyncIterator[Database]:
    """Keep the connections to a database of units and of its own until it is closed at the end."""
    async with keeping_connections(database):
        yield database
    await database.close()


@asynccontextmanager
async def _on_postgresql(database: Database, *, read_only: bool) -> AsyncIterator[Connection]:
    engine = _engines.get((asyncio.get_running_loop(), database.url)) or _engine(database.url)
    async with engine.connect() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        isolation = "repeatable_read" if read_only else "read_committed"
        try:
            async with driver.transaction(isolation=isolation, readonly=read_only):
                yield PostgresConnection(Session(connection, driver, demotions=0, can_copy=True), database.observers)
            # Settings and locks of a test are not for the next one.
            await driver.reset()
        except (Exception, asyncio.CancelledError):
            await connection.invalidate()
            raise


@cache
def _engine(url: sa.URL) -> AsyncEngine:
    # A new engine asks the server for its version and settings. Its connections are new each time, as a server may
    # have been restarted.
    return create_async_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
