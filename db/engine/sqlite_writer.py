"""Thread that writes to a SQLite file, and commits units of work together."""

import asyncio
from collections import deque
from collections.abc import Sequence
from contextvars import Context
from functools import partial
from typing import Any, TypeVar

from db.engine.connection import Connection, Observer, TookTooLongError, Work
from db.engine.deadline import Deadline
from db.engine.failures import FileMissingError, FilesChangedError, OutcomeUnknownError
from db.engine.files import DatabaseFile
from db.engine.sqlite_threads import ConnectionThread, in_thread
from db.engine.waiting_units import Outcome, WaitingUnit

Result = TypeVar("Result")

_TOGETHER_MAX = 32
"""How many units are committed together at most: while they run, no other process writes to the file."""


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
            return await in_thread(opened.connection, opened.unit.truncate_log, self._busy_seconds)
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
            outcomes = await in_thread(opened.connection, run_all, units, self._begin)
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
        except Exception as error:  # noqa: BLE001 — each caller that waits gets it.
            unknown = OutcomeUnknownError()
            unknown.__cause__ = FileMissingError() if isinstance(error, FilesChangedError) else error
            return [Outcome(error=outcome.error or unknown) for outcome in outcomes]
        return outcomes

    def _verified(self, work: Work[Result]) -> Work[Result]:
        async def run(unit: Connection) -> Result:
            # The transaction has the lock of the open files now: a commit to removed ones would be lost.
            self._file.verify()
            return await work(unit)

        return run


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
