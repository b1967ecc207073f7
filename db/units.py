"""Units of work on SQLite: a connection lives in a thread of its own, and a unit runs there to its end in one go.

An ordinary statement on an asynchronous driver goes to the thread and back four times, and a transaction of ten goes
forty times, while all that SQLite does takes less than one of these ways. A unit is an async function that awaits
nothing but statements of the connection that it is given, as it is on PostgreSQL; here none of them has to be waited
for, so it is run without an event loop.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import aiosqlite
import sqlalchemy as sa
from sqlalchemy import CursorResult, Executable, event
from sqlalchemy.engine import ScalarResult
from sqlalchemy.pool import StaticPool

from db.query import Query

Row = TypeVar("Row")
Result = TypeVar("Result")

Observer = Callable[[str], None]


class Unit:
    """The connection that a unit of work is given; used in its thread only."""

    def __init__(self, driver: Any, observers: list[Observer]) -> None:  # noqa: ANN401 — the driver's own connection.
        """Let SQLAlchemy run its statements on the driver's connection, beside those that need no SQLAlchemy."""
        self._driver, self._observers = driver, observers
        engine = sa.create_engine("sqlite://", creator=lambda: driver, poolclass=StaticPool, hide_parameters=True)
        event.listen(engine, "before_cursor_execute", self._observe)
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
        compiled = query.compiled(self.dialect)
        if self._observers:
            self._observe(None, None, compiled.text)
        return compiled.read(self._driver.execute(compiled.text, compiled.bound(values)).fetchall())

    def write(self, query: Query[Any], rows: Sequence[Mapping[str, Any]]) -> None:
        """Run a statement that returns nothing, for each of these rows of values."""
        compiled = query.compiled(self.dialect)
        if self._observers:
            self._observe(None, None, compiled.text)
        self._driver.executemany(compiled.text, [compiled.bound(values) for values in rows])

    def run(self, work: Callable[["Unit"], Awaitable[Result]], begin: str) -> Result:
        """Run a unit in a transaction, committed at the end and rolled back where anything is raised."""
        self._driver.execute(begin)
        try:
            result = _completed(work(self))
            self._driver.execute("COMMIT")
        except BaseException:
            if self._driver.in_transaction:
                self._driver.execute("ROLLBACK")
            raise
        return result

    def _observe(self, _connection: object, _cursor: object, statement: str, *_: object) -> None:
        for observe in self._observers:
            observe(statement)


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

    def run(self, work: Callable[[Unit], Awaitable[Result]]) -> Result:
        """Run a unit of work now."""
        if self._unit is None:
            driver = sqlite3.connect(self._path, isolation_level=None)
            try:
                for pragma in self._pragmas:
                    driver.execute(f"PRAGMA {pragma}")
            except BaseException:
                driver.close()
                raise
            self._driver, self._unit = driver, Unit(driver, self._observers)
        return self._unit.run(work, self._begin)

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
            connection = self._connection or await self._open()
            # The driver has no public name for running a function in its thread, which all of its methods do.
            return await connection._execute(self._run, work)  # type: ignore[no-untyped-call]  # noqa: SLF001
        finally:
            self.waiting -= 1

    def _run(self, work: Callable[[Unit], Awaitable[Result]]) -> Result:
        if self._unit is None:
            self._unit = Unit(self._connection._conn, self._observers)  # type: ignore[union-attr]  # noqa: SLF001 — as above.
        return self._unit.run(work, self._begin)

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
