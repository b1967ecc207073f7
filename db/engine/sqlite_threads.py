"""Threads for units of work on SQLite: some read, and one writes."""

import asyncio
import contextlib
import sqlite3
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextvars import Context
from functools import partial
from typing import Any, NamedTuple, ParamSpec, TypeVar

import aiosqlite

from db.engine import failures
from db.engine.connection import Connection, Observer, TookTooLongError, Work
from db.engine.deadline import Deadline
from db.engine.failures import FileMissingError, FilesChangedError, OutcomeUnknownError
from db.engine.files import DatabaseFile, Files
from db.engine.place_queue import Place
from db.engine.pragmas import set_pragmas
from db.engine.sqlite import SqliteConnection
from db.engine.waiting_units import Outcome, WaitingUnit

Result = TypeVar("Result")
Parameters = ParamSpec("Parameters")

_INTERRUPTED_AGAIN_SECONDS = 0.05
_TOGETHER_MAX = 32
"""How many units are committed together at most: while they run, no other process writes to the file."""


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
                connection = await aiosqlite.connect(
                    self._file.name, timeout=self._timeout, isolation_level=None, uri=True
                )
                try:
                    unit = await _in_thread(connection, self._unit_of, connection)
                    files = self._file.opened()
                except BaseException:
                    connection.stop()
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
                self._closing.add(closed)
                closed.add_done_callback(self._closing.discard)

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
                return await _in_thread(opened.connection, opened.unit.run, work, self._begin, until)
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
        self._closing.add(ended)
        ended.add_done_callback(self._closing.discard)
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


class GroupCommitWriter(ConnectionThread):
    """Connection that writes: units that arrive while others run are committed together.

    Synchronising the file with the disk takes longer than most units do. A caller gets the outcome of its unit when all
    that the unit wrote is on the disk.
    """

    def __init__(
        self,
        file: DatabaseFile,
        *,
        begin: str,
        pragmas: Sequence[str],
        timeout: float,
        busy_seconds: float,
        observers: list[Observer],
    ) -> None:
        """Prepare without connecting.

        Units without a deadline wait for other processes until the timeout, in parts of `busy_seconds`.
        """
        super().__init__(file, begin=begin, pragmas=pragmas, timeout=timeout, observers=observers)
        self._busy_seconds = busy_seconds
        self._waiting: deque[tuple[WaitingUnit, asyncio.Future[Any]]] = deque()
        self._writing: asyncio.Task[None] | None = None

    async def run(self, work: Work[Result], until: Deadline | None = None) -> Result:
        """Run a unit of work after those that came before it; raise TookTooLongError at its deadline."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Result] = loop.create_future()
        unit = WaitingUnit(work, until)
        self._waiting.append((unit, done))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write(), context=Context())
        self.waiting += 1
        # The thread ends a unit that runs; it may be busy with others while this one waits.
        timer = None if until is None else loop.call_later(max(0.0, until.left), _expire, unit, done)
        try:
            return await done
        except asyncio.CancelledError:
            unit.claim()
            raise
        finally:
            self.waiting -= 1
            if timer is not None:
                timer.cancel()

    async def truncate(self) -> bool:
        """Copy the log to the file and empty it; return False if another connection still reads from the log."""
        opened = self._opened
        if opened is None:
            opened = await self._open()
        self._file.verify()
        try:
            return await _in_thread(opened.connection, opened.unit.truncate_log, self._busy_seconds)
        except Exception as error:
            self._drop_if_broken(opened, error)
            raise

    async def _write(self) -> None:
        try:
            while self._waiting:
                together = [self._waiting.popleft() for _ in range(min(len(self._waiting), _TOGETHER_MAX))]
                # A unit whose caller has given up is not run.
                wanted = [(unit, done) for unit, done in together if not done.done()]
                for (_, done), outcome in zip(wanted, await self._outcomes([unit for unit, _ in wanted]), strict=True):
                    _settle(done, outcome)
        finally:
            self._writing = None

    async def _outcomes(self, units: Sequence[WaitingUnit]) -> list[Outcome]:
        opened = self._opened
        try:
            if opened is None:
                opened = await self._open()
            for unit in units:
                unit.work = self._verified(unit.work)
            run_all = partial(opened.unit.run_all, seconds=self._timeout)
            outcomes = await _in_thread(opened.connection, run_all, units, self._begin)
        except Exception as error:  # noqa: BLE001 — each caller that waits gets it.
            outcomes = [Outcome(error=error)] * len(units)
        for outcome in outcomes:
            if outcome.error is not None:
                self._drop_if_broken(opened, outcome.error)
        return self._confirmed(outcomes)

    def _confirmed(self, outcomes: list[Outcome]) -> list[Outcome]:
        """Return the outcomes, unknown ones of units that were committed while the files were moved."""
        try:
            self._file.verify()
        except (FileMissingError, FilesChangedError):
            unknown = OutcomeUnknownError()
            unknown.__cause__ = FileMissingError()
            return [Outcome(error=outcome.error or unknown) for outcome in outcomes]
        return outcomes

    def _verified(self, work: Work[Result]) -> Work[Result]:
        async def run(unit: Connection) -> Result:
            # The transaction has the lock of the open files now: a commit to removed ones would be lost.
            self._file.verify()
            return await work(unit)

        return run


async def _in_thread(
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
        await _in_thread(connection, lambda: None)


def _expire(unit: WaitingUnit, done: asyncio.Future[Any]) -> None:
    if not done.done() and unit.claim():
        done.set_exception(TookTooLongError())


def _settle(done: asyncio.Future[Any], outcome: Outcome) -> None:
    if done.done():
        return
    if outcome.error is None:
        done.set_result(outcome.result)
    else:
        done.set_exception(outcome.error)
