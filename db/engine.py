"""The engines: on SQLite a reading and a writing one on the same file, on PostgreSQL one for both."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NewType

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from domain.faults import Unavailable

BUSY_TIMEOUT_SECONDS = 15
"""How long a writer of one process waits for those of others on the same SQLite file."""

Connection = AsyncConnection
Transaction = NewType("Transaction", AsyncConnection)
"""A connection in the transaction of a mutation, which alone may lock and write."""


class Database:
    """Where statements run. Each reader and each transaction takes a connection of its own from a pool."""

    def __init__(self, url: str, *, readers: int = 8) -> None:
        """Prepare the engines for a database URL; nothing connects before it is asked to."""
        self.url = make_url(url)
        if self.url.get_backend_name() == "sqlite":
            if self.url.database not in {None, "", ":memory:"}:
                Path(str(self.url.database)).parent.mkdir(parents=True, exist_ok=True)
            self.reading = _sqlite(self.url, connections=readers, begin="BEGIN", query_only=True)
            self.writing = _sqlite(self.url, connections=1, begin="BEGIN IMMEDIATE", query_only=False)
        else:
            self.reading = self.writing = create_async_engine(
                self.url,
                pool_size=readers,
                max_overflow=readers,
                pool_pre_ping=True,
                isolation_level="READ COMMITTED",
                hide_parameters=True,
            )

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Connection]:
        """Lend a connection for reading. Nothing else that needs one may be awaited while it is held."""
        with _availability():
            async with self.reading.connect() as connection:
                yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Transaction]:
        """Open a transaction, commit it at the end, and roll it back where anything is raised."""
        with _availability():
            async with self.writing.begin() as connection:
                yield Transaction(connection)

    async def close(self) -> None:
        """Close every connection."""
        await self.reading.dispose()
        await self.writing.dispose()


class _availability:  # noqa: N801 — a context manager, used like a function.
    """Says UNAVAILABLE where the database is out of reach or too busy, and leaves other errors alone."""

    def __enter__(self) -> None:
        """Nothing to set up."""

    def __exit__(self, _type: object, error: BaseException | None, _trace: object) -> None:
        """Translate the errors that pass by waiting."""
        if isinstance(error, PoolTimeoutError | OSError) or (isinstance(error, DBAPIError) and _passing(error)):
            message = "The database is not available right now. Nothing was changed; try again."
            raise Unavailable(message) from error


def _passing(error: DBAPIError) -> bool:
    text = str(error.orig)
    return error.connection_invalidated or "database is locked" in text or "unable to open database" in text


def retryable(error: DBAPIError) -> bool:
    """Whether the transaction lost against another one and may be run again (PostgreSQL's 40001 and 40P01)."""
    return getattr(error.orig, "sqlstate", None) in {"40001", "40P01"}


def _sqlite(url: URL, *, connections: int, begin: str, query_only: bool) -> AsyncEngine:
    engine = create_async_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        connect_args={"timeout": BUSY_TIMEOUT_SECONDS},
        hide_parameters=True,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def set_up(connection: Any, _record: object) -> None:  # noqa: ANN401 — the driver's connection has no public type.
        # The driver must not begin transactions by itself: it would begin them DEFERRED, and those fail at once
        # with "database is locked" when they come to write while another one writes.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in _pragmas(query_only=query_only):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin_as_meant(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _pragmas(*, query_only: bool) -> list[str]:
    return [
        f"busy_timeout = {BUSY_TIMEOUT_SECONDS * 1000}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        f"query_only = {'ON' if query_only else 'OFF'}",
    ]
