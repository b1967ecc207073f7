"""Units of work on SQLite in other threads than the loop's: some threads read, and one writes."""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple, TypeVar

import aiosqlite

from db.engine import failures
from db.engine.files import DatabaseFile, Files
from db.engine.sqlite import Observer, Outcome, SqliteConnection

Result = TypeVar("Result")

_TOGETHER_MAX = 32
"""How many units are committed together at most: while they run, no other process writes to the file."""


class _Opened(NamedTuple):
    """A connection, its unit of work, and the files that it has open."""

    connection: aiosqlite.Connection
    unit: SqliteConnection
    files: Files


class ReaderThread:
    """One connection to a SQLite file, in the thread that its driver gives it."""

    def __init__(
        self, file: DatabaseFile, *, begin: str, pragmas: list[str], timeout: float, observers: list[Observer]
    ) -> None:
        """Connect to nothing yet."""
        self._file, self._begin, self._pragmas, self._timeout = file, begin, pragmas, timeout
        self._observers = observers
        self._opened: _Opened | None = None
        self._opening = asyncio.Lock()
        self._closing: set[asyncio.Future[Any]] = set()
        self.waiting = 0
        """How many units wait for the thread, the one that it runs among them."""

    async def run(self, work: Callable[[SqliteConnection], Awaitable[Result]]) -> Result:
        """Run a unit of work when those before it are done."""
        self.waiting += 1
        opened = self._opened
        try:
            if opened is None or self._file.seen() != opened.files:
                opened = await self._open()
            # The driver has no public name for running a function in its thread, which all of its methods do.
            return await opened.connection._execute(opened.unit.run, work, self._begin)  # type: ignore[no-untyped-call]  # noqa: SLF001
        except Exception as error:
            self._drop_if_broken(opened, error)
            raise
        finally:
            self.waiting -= 1

    async def _open(self) -> _Opened:
        async with self._opening:
            self._file.prepare()
            if self._opened is None:
                connection = await aiosqlite.connect(
                    self._file.name, timeout=self._timeout, isolation_level=None, uri=True
                )
                try:
                    for pragma in self._pragmas:
                        await connection.execute(f"PRAGMA {pragma}")
                    unit = await connection._execute(self._unit_of, connection)  # type: ignore[no-untyped-call]  # noqa: SLF001 — the same reason.
                    files = self._file.opened()
                except BaseException:
                    connection.stop()
                    raise
                self._opened = _Opened(connection, unit, files)
            return self._opened

    def _unit_of(self, connection: aiosqlite.Connection) -> SqliteConnection:
        return SqliteConnection(connection._conn, self._observers)  # noqa: SLF001 — the same reason.

    def _drop_if_broken(self, opened: _Opened | None, error: Exception) -> None:
        if opened is not None and (opened.unit.is_stuck or failures.breaks_connection(error)):
            self._drop(opened)

    def _drop(self, opened: _Opened) -> None:
        """Close a connection when the units that wait for it are done, and open another one for the next unit."""
        if self._opened is opened:
            self._opened = None
            closed = opened.connection.stop()
            if closed is not None:
                self._closing.add(closed)
                closed.add_done_callback(self._closing.discard)

    async def save(self) -> bool | None:
        """Copy all that is in the log to the file; return whether that was possible, None without a connection."""
        if self._opened is None:
            return None
        try:
            rows = await self._opened.connection.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error:
            return False
        return [row[0] for row in rows] == [0]

    async def close(self) -> None:
        """Close the connection and end the thread."""
        if self._opened is not None:
            self._drop(self._opened)
        await asyncio.gather(*self._closing, return_exceptions=True)


class GroupCommitWriter(ReaderThread):
    """The connection that writes: units that come while others are run are committed together.

    Synchronising the file with the disk takes longer than most units do. A caller gets the outcome of its unit when all
    that the unit wrote is on the disk.
    """

    def __init__(
        self, file: DatabaseFile, *, begin: str, pragmas: list[str], timeout: float, observers: list[Observer]
    ) -> None:
        """Connect to nothing yet."""
        super().__init__(file, begin=begin, pragmas=pragmas, timeout=timeout, observers=observers)
        self._waiting: deque[tuple[Callable[[SqliteConnection], Awaitable[Any]], asyncio.Future[Any]]] = deque()
        self._writing: asyncio.Task[None] | None = None

    async def run(self, work: Callable[[SqliteConnection], Awaitable[Result]]) -> Result:
        """Run a unit of work after those that came before it."""
        done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((work, done))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        return await done

    async def _write(self) -> None:
        try:
            while self._waiting:
                together = [self._waiting.popleft() for _ in range(min(len(self._waiting), _TOGETHER_MAX))]
                # A unit whose caller has given up is not run.
                wanted = [(work, done) for work, done in together if not done.done()]
                for (_, done), outcome in zip(wanted, await self._outcomes([work for work, _ in wanted]), strict=True):
                    _tell(done, outcome)
        finally:
            self._writing = None

    async def _outcomes(self, works: Sequence[Callable[[SqliteConnection], Awaitable[Any]]]) -> list[Outcome]:
        opened = self._opened
        try:
            if opened is None:
                opened = await self._open()
            verified = [self._verified(work) for work in works]
            outcomes: list[Outcome] = await opened.connection._execute(opened.unit.run_all, verified, self._begin)  # type: ignore[no-untyped-call]  # noqa: SLF001 — the same reason.
        except Exception as error:  # noqa: BLE001 — each caller that waits gets it.
            outcomes = [Outcome(error=error)] * len(works)
        for outcome in outcomes:
            if outcome.error is not None:
                self._drop_if_broken(opened, outcome.error)
        return outcomes

    def _verified(
        self, work: Callable[[SqliteConnection], Awaitable[Result]]
    ) -> Callable[[SqliteConnection], Awaitable[Result]]:
        async def run(unit: SqliteConnection) -> Result:
            # The transaction has the lock of the open files now: a commit to removed ones would be lost.
            self._file.verify()
            return await work(unit)

        return run


async def save(threads: Sequence[ReaderThread]) -> bool:
    """Copy the log to the file on the first open connection; without one, the last to be closed does it."""
    for thread in threads:
        is_saved = await thread.save()
        if is_saved is not None:
            return is_saved
    return True


def _tell(done: asyncio.Future[Any], outcome: Outcome) -> None:
    if done.done():
        return
    if outcome.error is None:
        done.set_result(outcome.result)
    else:
        done.set_exception(outcome.error)
