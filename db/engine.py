"""The engines: on SQLite a reading and a writing one on the same file, on PostgreSQL one for both."""

import os
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from db import postgres
from db.postgres import PostgresUnit
from db.tally import counted
from db.units import Here, Observer, Thread, Unit, Writer
from domain.faults import Unavailable

BUSY_TIMEOUT_SECONDS = 15
"""How long a writer of one process waits for those of others on the same SQLite file."""

_READING_THREADS = max(2, min(8, os.cpu_count() or 2))
"""More than there are cores would wait for each other, and one would let a long search hold up everybody."""

_PASSING = ("database is locked", "unable to open database")

_BUSY_HERE_SECONDS = 0.25

_READING_CACHE_KIB = 8_000
"""How much of the file a reading connection of SQLite keeps at most. Rows of many clients lie all over the file: with
the usual two megabytes, each of them is asked of the system anew."""

SYNCHRONOUS = frozenset({"full", "normal"})
"""What a SQLite URL may ask for: the last commits survive a power failure with `full` only, the data with either."""

Connection = AsyncConnection | Unit | PostgresUnit
"""What statements run on."""

Transaction = Connection
"""A connection in the transaction of a mutation, which alone may lock and write."""

Result = TypeVar("Result")


class Database:
    """Where statements run: in units of work, or on a connection that is lent from a pool for as long as it takes."""

    def __init__(self, url: str, *, readers: int = 8) -> None:
        """Prepare the engines for a database URL; nothing connects before it is asked to."""
        self.url = make_url(url)
        self._synchronous = str(self.url.query.get("synchronous", "full"))
        self.observers: list[Observer] = []
        """Called with each statement of a unit of work before it is run, unless SQLAlchemy runs it on PostgreSQL."""
        self._readers: list[Thread] = []
        self._writer: Writer | None = None
        self._here: Here | None = None
        if self.url.get_backend_name() == "sqlite":
            if self.url.database not in {None, "", ":memory:"}:
                Path(str(self.url.database)).parent.mkdir(parents=True, exist_ok=True)
            self.url = self.url.difference_update_query(["synchronous"])
            reading, writing = self._pragmas(query_only=True), self._pragmas(query_only=False)
            self.reading = _sqlite(self.url, connections=readers, begin="BEGIN", pragmas=reading)
            self.writing = _sqlite(self.url, connections=1, begin="BEGIN IMMEDIATE", pragmas=writing)
            self._readers = [Thread(**self._of_thread(begin="BEGIN", query_only=True)) for _ in range(_READING_THREADS)]
            self._writer = Writer(**self._of_thread(begin="BEGIN IMMEDIATE", query_only=False))
            # In WAL mode nobody waits for a writer; what little else there is to wait for must not hold the loop.
            waiting = self._pragmas(query_only=True, busy_seconds=_BUSY_HERE_SECONDS)
            self._here = Here(str(self.url.database), begin="BEGIN", pragmas=waiting, observers=self.observers)
        else:
            self.reading = self.writing = create_async_engine(
                self.url,
                pool_size=readers,
                max_overflow=readers,
                pool_pre_ping=True,
                isolation_level="READ COMMITTED",
                hide_parameters=True,
            )

    async def query(self, work: Callable[[Connection], Awaitable[Result]]) -> Result:
        """What a unit of work reads, all of it as it is at one moment.

        The unit awaits nothing but statements of the connection that it is given.
        """
        if not self._readers:
            with _availability():
                return await postgres.run(self.reading, counted(work), self.observers, read_only=True)
        with _availability():
            return await min(self._readers, key=_waiting).run(counted(work))

    @property
    def reads_here(self) -> bool:
        """Whether `query_here` can be asked."""
        return self._here is not None

    def query_here(self, work: Callable[[Connection], Awaitable[Result]], *, alone: bool = False) -> Result:
        """What a unit of work reads, on SQLite, without leaving the thread: only for what an index bounds.

        A statement that is `alone` in its unit sees everything as it is at one moment without a transaction.
        """
        if self._here is None:
            message = "Only a SQLite file is read in place."
            raise TypeError(message)
        try:
            return self._here.run(work, alone=alone)
        except Exception as error:
            _tell_availability(error)
            raise

    async def query_shortly(self, work: Callable[[Connection], Awaitable[Result]]) -> Result:
        """What a unit of work reads: in place where that can be, only for what an index bounds."""
        return self.query_here(work) if self._here is not None else await self.query(work)

    async def transact(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        """Run a unit of work in a transaction, committed at its end and rolled back where it raises anything."""
        if self._writer is None:
            with _availability():
                return await postgres.run(self.writing, counted(work), self.observers, read_only=False)
        with _availability():
            return await self._writer.run(counted(work))

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Lend a connection for reading. Nothing else that needs one may be awaited while it is held."""
        with _availability():
            async with self.reading.connect() as connection:
                yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction, commit it at the end, and roll it back where anything is raised."""
        with _availability():
            async with self.writing.begin() as connection:
                yield connection

    async def close(self) -> None:
        """Close every connection."""
        await self.reading.dispose()
        await self.writing.dispose()
        for thread in (*self._readers, *([self._writer] if self._writer else [])):
            await thread.close()
        if self._here is not None:
            self._here.close()

    def _of_thread(self, *, begin: str, query_only: bool) -> dict[str, Any]:
        return {
            "path": str(self.url.database),
            "begin": begin,
            "pragmas": self._pragmas(query_only=query_only),
            "timeout": BUSY_TIMEOUT_SECONDS,
            "observers": self.observers,
        }

    def _pragmas(self, *, query_only: bool, busy_seconds: float = BUSY_TIMEOUT_SECONDS) -> list[str]:
        return [
            f"busy_timeout = {round(busy_seconds * 1000)}",
            "journal_mode = WAL",
            f"synchronous = {self._synchronous}",
            "foreign_keys = ON",
            f"query_only = {'ON' if query_only else 'OFF'}",
            *([f"cache_size = -{_READING_CACHE_KIB}"] if query_only else []),
        ]


def _waiting(thread: Thread) -> int:
    return thread.waiting


class _availability:  # noqa: N801 — a context manager, used like a function.
    """Says UNAVAILABLE where the database is out of reach or too busy, and leaves other errors alone."""

    def __enter__(self) -> None:
        """Nothing to set up."""

    def __exit__(self, _type: object, error: BaseException | None, _trace: object) -> None:
        """Translate the errors that pass by waiting."""
        _tell_availability(error)


def _tell_availability(error: BaseException | None) -> None:
    if isinstance(error, PoolTimeoutError | OSError) or _passing(error):
        message = "The database is not available right now. Nothing was changed; try again."
        raise Unavailable(message) from error


def _passing(error: object) -> bool:
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    driver_error = error.orig if isinstance(error, DBAPIError) else error
    if not isinstance(driver_error, Exception):
        return False
    text = str(driver_error)
    return isinstance(error, DBAPIError | sqlite3.Error) and any(reason in text for reason in _PASSING)


def retryable(error: DBAPIError) -> bool:
    """Whether the transaction lost against another one and may be run again (PostgreSQL's 40001 and 40P01)."""
    return getattr(error.orig, "sqlstate", None) in {"40001", "40P01"}


def _sqlite(url: URL, *, connections: int, begin: str, pragmas: list[str]) -> AsyncEngine:
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
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin_as_meant(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
