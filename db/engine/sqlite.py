"""Units of work on SQLite: a connection lives in a thread of its own, and a unit runs there to its end in one go.

An ordinary statement on an asynchronous driver goes to the thread and back four times, and a transaction of ten goes
forty times, while all that SQLite does takes less than one of these ways. A unit is an async function that awaits
nothing but statements of the connection that it is given, as it is on PostgreSQL; here none of them has to be waited
for, so it is run without an event loop.
"""

import contextlib
import sqlite3
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import sqlalchemy as sa
from sqlalchemy import CursorResult, Executable, event
from sqlalchemy.engine import ScalarResult
from sqlalchemy.pool import StaticPool

from db.engine import failures
from db.engine.failures import OutcomeUnknownError
from db.engine.files import DatabaseFile, Files
from db.engine.row_batch import RowBatch
from db.engine.statement import Statement
from db.engine.statement_count import tally

Row = TypeVar("Row")
Result = TypeVar("Result")

Observer = Callable[[str], None]


class SqliteConnection:
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
        self.is_stuck = False
        """Whether a transaction could not be rolled back, so that no other one can begin."""

    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:  # noqa: ANN401 — as SQLAlchemy.
        """The result of a statement."""
        return self._connection.execute(statement, parameters)

    async def scalar(self, statement: Executable) -> Any:  # noqa: ANN401 — as SQLAlchemy.
        """The first value of the first row."""
        return self._connection.scalar(statement)

    async def scalars(self, statement: Executable) -> ScalarResult[Any]:
        """The first value of each row."""
        return self._connection.scalars(statement)

    def fetch(self, statement: Statement[Row], values: Mapping[str, Any]) -> list[Row]:
        """The rows of a statement."""
        return list(self.read(statement, values))

    def read(self, statement: Statement[Row], values: Mapping[str, Any]) -> RowBatch[Row]:
        """The same rows, of which none is made before somebody asks for it."""
        compiled = statement.compiled(self.dialect)
        self._observe(compiled.text)
        return RowBatch(compiled.layout, self._driver.execute(compiled.text, compiled.bound(values)).fetchall())

    def write(self, statement: Statement[Any], rows: Sequence[Mapping[str, Any]]) -> None:
        """Run a statement that returns nothing, for each of these rows of values."""
        compiled = statement.compiled(self.dialect)
        self._observe(compiled.text)
        self._driver.executemany(compiled.text, [compiled.bound(values) for values in rows])

    def run(self, work: Callable[["SqliteConnection"], Awaitable[Result]], begin: str) -> Result:
        """Run a unit in a transaction, committed at the end and rolled back where anything is raised."""
        self._driver.execute(begin)
        try:
            result = _completed(work(self))
        except BaseException:
            self._roll_back()
            raise
        self._commit()
        return result

    def run_all(self, works: Sequence[Callable[["SqliteConnection"], Awaitable[Any]]], begin: str) -> list["Outcome"]:
        """Run units one after the other in one transaction, so that the file is synchronised once for all of them.

        Each is rolled back alone where it raises. Where one takes the transaction along, or the commit is refused,
        nothing is left of any, and each is run again in a transaction of its own; not so if the commit may have
        succeeded.
        """
        if len(works) > 1:
            outcomes = self._run_together(works, begin)
            if outcomes is not None:
                return outcomes
        return [_outcome(lambda work=work: self.run(work, begin)) for work in works]  # type: ignore[misc]

    def _run_together(
        self, works: Sequence[Callable[["SqliteConnection"], Awaitable[Any]]], begin: str
    ) -> list["Outcome"] | None:
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
            self._commit()
        except OutcomeUnknownError as error:
            # A unit that raised may have seen what the others wrote: what it raised does not count any more.
            return [Outcome(error=error if outcome.error is None else _driver_error(error)) for outcome in outcomes]
        except Exception:  # noqa: BLE001 — the unit that ended the transaction, or broke its commit, will tell again.
            self._roll_back()
            return None
        except BaseException:
            self._roll_back()
            raise
        return outcomes

    def _commit(self) -> None:
        try:
            self._driver.execute("COMMIT")
        except BaseException as error:
            self._roll_back()
            if isinstance(error, sqlite3.Error) and failures.leaves_outcome_unknown(error):
                raise OutcomeUnknownError from error
            raise

    def _roll_back(self) -> None:
        if self._driver.in_transaction:
            # What made the rollback necessary is the error to raise.
            with contextlib.suppress(sqlite3.Error):
                self._driver.execute("ROLLBACK")
            self.is_stuck = self._driver.in_transaction

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


def _driver_error(error: OutcomeUnknownError) -> Exception:
    return error.__cause__ if isinstance(error.__cause__, Exception) else error


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


class InlineReader:
    """One reading connection to a SQLite file in the thread of the caller, for units that take no time worth a way.

    A page by its index, or rows by their ids, take SQLite less than the way to another thread and back.
    """

    def __init__(self, file: DatabaseFile, *, begin: str, pragmas: list[str], observers: list[Observer]) -> None:
        """Connect to nothing yet."""
        self._file, self._begin, self._pragmas, self._observers = file, begin, pragmas, observers
        self._driver: sqlite3.Connection | None = None
        self._unit: SqliteConnection | None = None
        self._files: Files | None = None

    def run(self, work: Callable[[SqliteConnection], Awaitable[Result]], *, alone: bool = False) -> Result:
        """Run a unit of work now, without a transaction where it is one statement alone."""
        unit = self._unit
        if unit is None or self._file.seen() != self._files:
            unit = self._open()
        mine, before = tally.get(), unit.statements
        try:
            return _completed(work(unit)) if alone else unit.run(work, self._begin)
        except Exception as error:
            if unit.is_stuck or failures.breaks_connection(error):
                self.close()
            raise
        finally:
            if mine is not None:
                mine.append(unit.statements - before)

    def _open(self) -> SqliteConnection:
        self._file.prepare()
        self.close()
        driver = sqlite3.connect(self._file.name, isolation_level=None, uri=True)
        try:
            for pragma in self._pragmas:
                driver.execute(f"PRAGMA {pragma}")
            self._files = self._file.opened()
        except BaseException:
            driver.close()
            raise
        self._driver, self._unit = driver, SqliteConnection(driver, self._observers)
        return self._unit

    def close(self) -> None:
        """Close the connection."""
        if self._driver is not None:
            self._driver.close()
            self._driver = self._unit = None
