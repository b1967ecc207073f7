"""Units of work on SQLite: a connection lives in a thread of its own, and a unit runs there to its end in one go.

An ordinary statement on an asynchronous driver goes to the thread and back four times, and a transaction of ten goes
forty times, while all that SQLite does takes less than one of these ways. A unit is an async function that awaits
nothing but statements of the connection that it is given, as it is on PostgreSQL; here none of them has to be waited
for, so it is run without an event loop.
"""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import aiosqlite
import sqlalchemy as sa
from sqlalchemy import CursorResult, Executable, event
from sqlalchemy.engine import ScalarResult
from sqlalchemy.pool import StaticPool

from db.query import Query
from db.rows import Rows
from db.tally import tally

Row = TypeVar("Row")
Result = TypeVar("Result")
Work = TypeVar("Work")

Observer = Callable[[str], None]

_TOGETHER_MAX = 32
"""How many units are committed together at most: while they run, nobody else writes to the file."""


class Unit:
    """The connection that a unit of work is given; used in its thread only."""

    def __init__(self, driver: Any, observers: list[Observer]) -> None:  # noqa: ANN401 — the driver's own connection.
        """Let SQLAlchemy run its statements on the driver's connection, beside those that need no SQLAlchemy."""
        self._driver, self._observers = driver, observers
        self.statements = 0
        """How many statements were run so far; those that begin and end transactions are not counted."""
        engine = sa.create_engine("sqlite://", creator=lambda: driver, poolclass=StaticPool, hide_parameters=True)
        event.listen(engine, "before_cursor_execute", self._before_execute)
        self._connection = engine.connect()
        self.dialect = engine.dialect

    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:  # noqa: ANN401 — as SQLAlchemy.
        """The result of a statement."""
        return self._connection.execute(statement, parameters)

    async def scalar(self, statement: Executable) -> Any:  # noqa: ANN401 — as SQLAlchemy.
        """The first value of the first row."""
        return self._connection.scalar(statement)

    async def scalars(self, statement: Executable) -> ScalarResult[Any]:
        """The first value of each row."""
        return self._connection.scalars(statement)

    def fetch(self, query: Query[Row], values: Mapping[str, Any]) -> list[Row]:
        """The rows of a query."""
        return list(self.read(query, values))

    def read(self, query: Query[Row], values: Mapping[str, Any]) -> Rows[Row]:
        """The same rows, of which none is made before somebody asks for it."""
        compiled = query.compiled(self.dialect)
        self._observe(compiled.text)
        return Rows(compiled.layout, self._driver.execute(compiled.text, compiled.bound(values)).fetchall())

    def write(self, query: Query[Any], rows: Sequence[Mapping[str, Any]]) -> None:
        """Run a statement that returns nothing, for each of these rows of values."""
        compiled = query.compiled(self.dialect)
        self._observe(compiled.text)
        self._driver.executemany(compiled.text, [compiled.bound(values) for values in rows])

    def run(self, work: Callable[["Unit"], Awaitable[Result]], begin: str) -> Result:
        """Run a unit in a transaction, committed at the end and rolled back where anything is raised."""
        self._driver.execute(begin)
        try:
            result = _completed(work(self))
            self._driver.execute("COMMIT")
        except BaseException:
            self._roll_back()
            raise
        return result

    def run_all(self, works: Sequence[Callable[["Unit"], Awaitable[Any]]], begin: str) -> list["Outcome"]:
        """Run units one after the other in one transaction, so that the file is synchronised once for all of them.

        Each is rolled back alone where it raises. Where one takes the transaction along, or the commit fails, nothing
        is left of any, and each is run again in a transaction of its own.
        """
        if len(works) > 1:
            outcomes = self._run_together(works, begin)
            if outcomes is not None:
                return outcomes
        return [_outcome(lambda work=work: self.run(work, begin)) for work in works]  # type: ignore[misc]

    def _run_together(self, works: Sequence[Callable[["Unit"], Awaitable[Any]]], begin: str) -> list["Outcome"] | None:
        self._driver.execute(begin)
        try:
            outcomes = []
            for work in works:
                self._driver.execute("SAVEPOINT unit")
                outcome = _outcome(lambda work=work: _completed(work(self)))  # type: ignore[misc]
                if outcome.error is not None:
                    self._driver.execute("ROLLBACK TO unit")
                self._driver.execute("RELEASE unit")
                outcomes.append(outcome)
            self._driver.execute("COMMIT")
        except Exception:  # noqa: BLE001 — the unit that ended the transaction, or broke its commit, will tell again.
            self._roll_back()
            return None
        except BaseException:
            self._roll_back()
            raise
        return outcomes

    def _roll_back(self) -> None:
        if self._driver.in_transaction:
            self._driver.execute("ROLLBACK")

    def _before_execute(self, _connection: object, _cursor: object, statement: str, *_: object) -> None:
        self._observe(statement)

    def _observe(self, statement: str) -> None:
        self.statements += 1
        for observe in self._observers:
            observe(statement)


class Outcome(NamedTuple):
    """What became of a unit: what it returned, or what it raised."""

    result: Any = None
    error: Exception | None = None


def _outcome(run: Callable[[], Any]) -> Outcome:
    try:
        return Outcome(run())
    except Exception as error:  # noqa: BLE001 — a unit may raise anything, which is its caller's.
        return Outcome(error=error)


def _completed(work: Awaitable[Result]) -> Result:
    """The result of what awaits nothing that is not there."""
    steps = work.__await__()
    try:
        next(steps)
    except StopIteration as done:
        result: Result = done.value
        return result
    steps.close()
    message = "A unit of work awaits nothing but the statements of its connection."
    raise RuntimeError(message)


class Here:
    """One reading connection to a SQLite file in the thread of the caller, for units that take no time worth a way.

    A page by its index, or rows by their ids, take SQLite less than the way to another thread and back.
    """

    def __init__(self, path: str, *, begin: str, pragmas: list[str], observers: list[Observer]) -> None:
        """Connect to nothing yet."""
        self._path, self._begin, self._pragmas, self._observers = path, begin, pragmas, observers
        self._driver: sqlite3.Connection | None = None
        self._unit: Unit | None = None

    def run(self, work: Callable[[Unit], Awaitable[Result]], *, alone: bool = False) -> Result:
        """Run a unit of work now, without a transaction where it is one statement alone."""
        if self._unit is None:
            driver = sqlite3.connect(self._path, isolation_level=None)
            try:
                for pragma in self._pragmas:
                    driver.execute(f"PRAGMA {pragma}")
            except BaseException:
                driver.close()
                raise
            self._driver, self._unit = driver, Unit(driver, self._observers)
        unit, mine = self._unit, tally.get()
        before = unit.statements
        try:
            return _completed(work(unit)) if alone else unit.run(work, self._begin)
        finally:
            if mine is not None:
                mine.append(unit.statements - before)

    def close(self) -> None:
        """Close the connection."""
        if self._driver is not None:
            self._driver.close()
            self._driver = self._unit = None


class Thread:
    """One connection to a SQLite file, in the thread that its driver gives it."""

    def __init__(self, path: str, *, begin: str, pragmas: list[str], timeout: float, observers: list[Observer]) -> None:
        """Connect to nothing yet."""
        self._path, self._begin, self._pragmas, self._timeout = path, begin, pragmas, timeout
        self._observers = observers
        self._connection: aiosqlite.Connection | None = None
        self._unit: Unit | None = None
        self._opening = asyncio.Lock()
        self.waiting = 0
        """How many units wait for the thread, the one that it runs among them."""

    async def run(self, work: Callable[[Unit], Awaitable[Result]]) -> Result:
        """Run a unit of work when those before it are done."""
        self.waiting += 1
        try:
            return await self._in_thread(self._run, work)
        finally:
            self.waiting -= 1

    async def _in_thread(self, function: Callable[[Work], Result], work: Work) -> Result:
        connection = self._connection or await self._open()
        # The driver has no public name for running a function in its thread, which all of its methods do.
        return await connection._execute(function, work)  # type: ignore[no-untyped-call]  # noqa: SLF001

    def _run(self, work: Callable[[Unit], Awaitable[Result]]) -> Result:
        return self._its_unit().run(work, self._begin)

    def _its_unit(self) -> Unit:
        if self._unit is None:
            self._unit = Unit(self._connection._conn, self._observers)  # type: ignore[union-attr]  # noqa: SLF001 — as above.
        return self._unit

    async def _open(self) -> aiosqlite.Connection:
        async with self._opening:
            if self._connection is None:
                Path(self._path).parent.mkdir(parents=True, exist_ok=True)
                opened = await aiosqlite.connect(self._path, timeout=self._timeout, isolation_level=None)
                try:
                    for pragma in self._pragmas:
                        await opened.execute(f"PRAGMA {pragma}")
                except BaseException:
                    opened.stop()
                    raise
                self._connection = opened
            return self._connection

    async def close(self) -> None:
        """Close the connection and end the thread."""
        if self._connection is not None:
            await self._connection.close()
            self._connection = self._unit = None


class Writer(Thread):
    """The connection that writes: units that come while others are run are committed together.

    Synchronising the file with the disk takes longer than most units do. Whoever waits for a unit hears of it when all
    that it wrote is on the disk.
    """

    def __init__(self, path: str, *, begin: str, pragmas: list[str], timeout: float, observers: list[Observer]) -> None:
        """Connect to nothing yet."""
        super().__init__(path, begin=begin, pragmas=pragmas, timeout=timeout, observers=observers)
        self._waiting: deque[tuple[Callable[[Unit], Awaitable[Any]], asyncio.Future[Any]]] = deque()
        self._writing: asyncio.Task[None] | None = None

    async def run(self, work: Callable[[Unit], Awaitable[Result]]) -> Result:
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
                # Nobody waits any more for one that was given up.
                wanted = [(work, done) for work, done in together if not done.done()]
                try:
                    outcomes = await self._in_thread(self._run_all, [work for work, _ in wanted])
                except Exception as error:  # noqa: BLE001 — it is told to everybody who waits.
                    outcomes = [Outcome(error=error)] * len(wanted)
                for (_, done), outcome in zip(wanted, outcomes, strict=True):
                    _tell(done, outcome)
        finally:
            self._writing = None

    def _run_all(self, works: Sequence[Callable[[Unit], Awaitable[Any]]]) -> list[Outcome]:
        return self._its_unit().run_all(works, self._begin)


def _tell(done: asyncio.Future[Any], outcome: Outcome) -> None:
    if done.done():
        return
    if outcome.error is None:
        done.set_result(outcome.result)
    else:
        done.set_exception(outcome.error)
