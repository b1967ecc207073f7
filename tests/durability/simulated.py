"""Simulated processes of the portal on one real SQLite file, which take turns at every statement.

All that runs is the portal's own: its mutations, its units of work, the group commit of the SQLite engine. Only the
threads are tasks of a scheduler, so that a seed decides who runs the next statement.
"""

import sqlite3
from collections import deque
from collections.abc import Callable
from math import inf
from typing import Any, TypeVar

from db.engine import Database
from db.engine.connection import Usage, Work
from db.engine.deadline import Deadline
from db.engine.sqlite import SqliteConnection
from db.engine.waiting_units import Outcome, WaitingUnit
from tests.durability.scheduler import Killed, Scheduler, Task

Result = TypeVar("Result")

_TOGETHER_MAX = 3


class _Driver(sqlite3.Connection):
    """Connection of a driver that pauses before each statement, and after those that end a transaction."""

    process: "Process"
    _has_function = False

    def create_function(self, *given: Any, **more: Any) -> None:  # noqa: ANN401 — as the driver has it.
        """Create the engine's function, once: SQLite would compile all statements anew."""
        if not self._has_function:
            super().create_function(*given, **more)
            self._has_function = True

    def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:  # noqa: ANN401 — as the driver has it.
        """Run a statement at the task's next turn."""
        self._pause()
        try:
            found = super().execute(statement, *values)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                # The engine tries again at once: nothing changes before another transaction ends.
                ended = self.process.shared.ended
                self.process.scheduler.pause(lambda: self.process.shared.ended > ended)
            raise
        if statement in {"COMMIT", "ROLLBACK"}:
            self.process.shared.ended += 1
            self._pause()
        return found

    def executemany(self, statement: str, rows: Any) -> sqlite3.Cursor:  # noqa: ANN401 — as the driver has it.
        """Run a statement for each row at the task's next turn."""
        self._pause()
        return super().executemany(statement, rows)

    def _pause(self) -> None:
        if not self.process.is_dead:
            self.process.scheduler.pause()
        if self.process.is_dead:
            raise Killed


class File:
    """SQLite file of a simulation.

    It keeps the connections of processes that have ended for the next ones: a new one reads the schema and compiles
    each statement anew, which takes longer than all that a process does with it.
    """

    def __init__(self, path: str) -> None:
        """Take its path."""
        self.path = path
        self.ended = 0
        """How many transactions have ended."""
        self._idle: list[_Driver] = []

    def connect(self, process: "Process") -> _Driver:
        """Return a connection for a process, with no transaction."""
        driver = self._idle.pop() if self._idle else self._new_driver()
        assert not driver.in_transaction
        driver.process = process
        return driver

    def disconnect(self, driver: _Driver) -> None:
        """Take the connection of a process that has ended; roll back what is open, as SQLite does when one is gone."""
        driver.rollback()
        self._idle.append(driver)

    def close(self) -> None:
        """Close the connections of all processes, which have ended."""
        for driver in self._idle:
            driver.close()

    def _new_driver(self) -> _Driver:
        driver = sqlite3.connect(self.path, timeout=0, isolation_level=None, factory=_Driver)
        for pragma in ("synchronous = OFF", "foreign_keys = ON"):
            sqlite3.Connection.execute(driver, f"PRAGMA {pragma}")
        return driver


class Process:
    """Process of the portal, with one task that writes and one for each caller."""

    def __init__(self, scheduler: Scheduler, shared: File) -> None:
        """Start it."""
        self.scheduler, self.shared = scheduler, shared
        self.is_dead = False
        self._drivers: list[_Driver] = []
        self._idle_readers: list[SqliteConnection] = []
        self._queue: deque[tuple[WaitingUnit, list[Outcome]]] = deque()
        self.database = Database(f"sqlite+aiosqlite:///{shared.path}")
        self.database._engine = _Engine(self)  # noqa: SLF001 — no program runs on another engine.
        self.writer = scheduler.start(self._write)
        self.tasks = [self.writer]

    def start(self, run: Callable[[], None]) -> None:
        """Start a task of a caller."""
        self.tasks.append(self.scheduler.start(run))

    def kill(self) -> None:
        """End the process where each of its tasks is; SQLite rolls back what is open."""
        self.is_dead = True
        self.scheduler.kill(self.tasks)
        self.close()
        self.shared.ended += 1

    def close(self) -> None:
        """Give back the connections."""
        for driver in self._drivers:
            self.shared.disconnect(driver)

    def is_idle(self, task: Task) -> bool:
        """Return whether a task waits for work that none has."""
        return task is self.writer and not self._queue and task.is_ready is not None

    def wait_for_write(self, unit: WaitingUnit) -> Outcome:
        """Return the outcome of a unit that the writing task runs."""
        outcomes = list[Outcome]()
        self._queue.append((unit, outcomes))
        self.scheduler.pause(lambda: bool(outcomes))
        return outcomes[0]

    def read(self, work: Work[Result]) -> Result:
        """Run a unit of work on a snapshot, in the task of its caller."""
        reader = self._idle_readers.pop() if self._idle_readers else self._connect()
        try:
            return reader.run(work, "BEGIN")
        finally:
            self._idle_readers.append(reader)

    def _write(self) -> None:
        connection = self._connect()
        while True:
            self.scheduler.pause(lambda: bool(self._queue))
            together = [self._queue.popleft() for _ in range(min(len(self._queue), _TOGETHER_MAX))]
            found = connection.run_all([unit for unit, _ in together], "BEGIN IMMEDIATE", seconds=inf)
            for (_, outcomes), outcome in zip(together, found, strict=True):
                outcomes.append(outcome)

    def _connect(self) -> SqliteConnection:
        driver = self.shared.connect(self)
        self._drivers.append(driver)
        return SqliteConnection(driver, [])


class _Engine:
    """Engine that leaves the order of all statements to the scheduler."""

    reads_waiting = 0
    inline = None
    """Others run between the statements of each read."""

    def __init__(self, process: Process) -> None:
        self._process = process

    async def read(self, work: Work[Result], until: Deadline | None, *, alone: bool = False) -> Result:  # noqa: ARG002 — of the protocol.
        """Run a unit of work on a snapshot."""
        return self._process.read(work)

    async def read_long(self, work: Work[Result], *, seconds: float) -> Result:  # noqa: ARG002 — it has no deadline.
        """Run a unit of work on a snapshot."""
        return self._process.read(work)

    async def write(self, work: Work[Result], until: Deadline | None) -> Result:
        """Run a unit of work as the engine's writing thread does."""
        outcome = self._process.wait_for_write(WaitingUnit(work, until))
        if outcome.error is not None:
            raise outcome.error
        result: Result = outcome.result
        return result

    async def purge(self) -> bool:
        """Do nothing: it is not simulated."""
        return True

    async def is_writable(self) -> bool:
        """Return that it is."""
        return True

    def usage(self) -> Usage:
        """Return nothing."""
        return Usage(0, 0)

    def version(self) -> object:
        """Return no version, so that only statements tell."""
        return None

    def listener(self, call: Callable[[], None]) -> None:
        """Return no listener."""

    async def hint(self) -> None:
        """Do nothing."""

    async def close(self) -> None:
        """Close nothing: the process does."""
