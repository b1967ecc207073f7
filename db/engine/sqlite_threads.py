"""Connections to a SQLite file, each in a thread, and those that read."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, ParamSpec, TypeVar

import aiosqlite

from db.engine import failures
from db.engine.connection import Observer, Work
from db.engine.deadline import Deadline
from db.engine.files import DatabaseFile, Files
from db.engine.place_queue import Place
from db.engine.pragmas import set_pragmas
from db.engine.sqlite import SqliteConnection

Result = TypeVar("Result")
Parameters = ParamSpec("Parameters")

_INTERRUPTED_AGAIN_SECONDS = 0.05


class _Opened(NamedTuple):
    """Connection, its unit of work, and the files that it has open."""

    connection: aiosqlite.Connection
    unit: SqliteConnection
    files: Files


class ConnectionThread:
    """Connection to a SQLite file, in the thread of its driver."""

    def __init__(
        self, file: DatabaseFile, *, begin: str, pragmas: Sequence[str], timeout: float, observers: list[Observer]
    ) -> None:
        """Prepare without connecting."""
        self._file, self._begin, self._pragmas, self._timeout = file, begin, pragmas, timeout
        self._observers = observers
        self._opened: _Opened | None = None
        self._opening = asyncio.Lock()
        self._closing: set[asyncio.Future[Any]] = set()
        self.waiting = 0
        """How many units wait for the thread, the one that it runs among them."""

    async def _open(self) -> _Opened:
        async with self._opening:
            self._file.prepare()
            if self._opened is None:
                connection = aiosqlite.connect(self._file.name, timeout=self._timeout, isolation_level=None, uri=True)
                try:
                    await connection
                    unit = await in_thread(connection, self._unit_of, connection)
                    files = self._file.opened()
                except BaseException:
                    connection.stop()
                    # A connection that was not opened says by nothing else when it is closed.
                    thread = connection._thread  # noqa: SLF001 — the driver has no public name for it.
                    if thread.is_alive():
                        self._close_after(asyncio.get_running_loop().run_in_executor(None, thread.join))
                    raise
                self._opened = _Opened(connection, unit, files)
            return self._opened

    def _unit_of(self, connection: aiosqlite.Connection) -> SqliteConnection:
        # In the thread: the public name refuses a connection that another thread is closing.
        driver = connection._conn  # noqa: SLF001 — the same reason.
        set_pragmas(driver, self._pragmas, seconds=self._timeout)
        unit = SqliteConnection(driver, self._observers)
        unit.stop_at_deadlines()
        return unit

    def _drop_if_broken(self, opened: _Opened | None, error: Exception) -> None:
        if opened is not None and (opened.unit.is_stuck or failures.breaks_connection(error)):
            self._drop(opened)

    def _drop(self, opened: _Opened) -> None:
        """Close a connection when the units that wait for it are done, and open another one for the next unit."""
        if self._opened is opened:
            self._opened = None
            closed = opened.connection.stop()
            if closed is not None:
                self._close_after(closed)

    def _close_after(self, ended: asyncio.Future[Any]) -> None:
        """Let `close` wait for what a thread does at its end: it calls the loop."""
        self._closing.add(ended)
        ended.add_done_callback(self._closing.discard)

    @property
    def is_open(self) -> bool:
        """Whether the thread has a connection."""
        return self._opened is not None

    async def select(self, text: str) -> Iterable[Sequence[Any]] | None:
        """Return rows of the open file, None without a connection or if it can't be read."""
        if self._opened is None:
            return None
        with contextlib.suppress(sqlite3.Error):
            return await self._opened.connection.execute_fetchall(text)
        return None

    async def close(self) -> None:
        """Close the connection and end the thread."""
        if self._opened is not None:
            self._drop(self._opened)
        await asyncio.gather(*self._closing, return_exceptions=True)


class ReaderThread(ConnectionThread):
    """Connection of a thread that reads."""

    async def run(self, work: Work[Result], until: Deadline | None = None, place: Place | None = None) -> Result:
        """Run a unit of work after those that came before it, until its deadline.

        A cancelled caller does not wait for the end of its unit, which holds the thread and the place until then.
        """
        self.waiting += 1
        opened, ended = self._opened, None
        try:
            if opened is None or self._file.seen() != opened.files:
                opened = await self._open()
            try:
                return await in_thread(opened.connection, opened.unit.run, work, self._begin, until)
            except asyncio.CancelledError:
                ended = self._end(opened.connection)
                if place is not None:
                    place.keep(ended)
                raise
        except Exception as error:
            self._drop_if_broken(opened, error)
            raise
        finally:
            if ended is None:
                self.waiting -= 1
            else:
                ended.add_done_callback(self._count_down)

    def _end(self, connection: aiosqlite.Connection) -> asyncio.Future[None]:
        """Return what is done when the thread has done all that it was given so far."""
        ended: asyncio.Future[None] = asyncio.ensure_future(_all_done(connection))
        self._close_after(ended)
        return ended

    def _count_down(self, _: object) -> None:
        self.waiting -= 1

    async def run_for(self, seconds: float, work: Work[Result]) -> Result:
        """Run a unit of work that is ended when the caller is cancelled, or with a TimeoutError after these seconds."""
        running = asyncio.ensure_future(self.run(work))
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.shield(running)
        finally:
            # An interrupt does nothing if it comes just before a statement begins.
            while not running.done():
                self.interrupt()
                await asyncio.wait([running], timeout=_INTERRUPTED_AGAIN_SECONDS)
            if not running.cancelled():
                # The caller gets the reason of the end, and not the interruption.
                running.exception()

    def interrupt(self) -> None:
        """End the statement that runs, from any thread."""
        if self._opened is not None:
            self._opened.unit.interrupt()


async def in_thread(
    connection: aiosqlite.Connection,
    work: Callable[Parameters, Result],
    *args: Parameters.args,
    **kwargs: Parameters.kwargs,
) -> Result:
    """Run a function in the thread of the connection, for which the driver has no public name."""
    result: Result = await connection._execute(work, *args, **kwargs)  # type: ignore[no-untyped-call]  # noqa: SLF001 — all of its methods do.
    return result


async def _all_done(connection: aiosqlite.Connection) -> None:
    # It raises for a connection that is closed, after which its thread does what it was given before.
    with contextlib.suppress(ValueError):
        await in_thread(connection, lambda: None)
