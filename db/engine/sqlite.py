"""Units of work on SQLite: each runs to its end in the thread of its connection.

An ordinary statement on an asynchronous driver goes to the thread and back four times, and a transaction of ten goes
forty times, while all that SQLite does takes less than one of these ways. A unit awaits nothing but its connection, as
on PostgreSQL; here no statement has to be waited for, so a unit runs without an event loop.
"""

import contextlib
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from hashlib import sha256
from typing import Any, NamedTuple, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.pool import StaticPool

from db.engine import failures
from db.engine.connection import NO_VALUES, SCANNED_ROWS, MayBlock, NotInlineError, Observer, Take, Work
from db.engine.expressions import SQLITE_HASHED
from db.engine.failures import OutcomeUnknownError
from db.engine.files import DatabaseFile, Files
from db.engine.pragmas import set_pragmas
from db.engine.row_batch import RowBatch
from db.engine.statement import Compiled, Statement, Values
from db.engine.statement_count import tally

Row = TypeVar("Row")
Result = TypeVar("Result")

DIALECT: Dialect = sqlite.dialect()

_BRIEFLY_MS = 100

_SAVEPOINT, _RELEASE, _UNDO = "SAVEPOINT unit", "RELEASE unit", "ROLLBACK TO unit"


class SqliteConnection:
    """Connection to a SQLite file, used in one thread only."""

    dialect: Dialect = DIALECT

    def __init__(self, driver: sqlite3.Connection, observers: list[Observer]) -> None:
        """Run statements on the driver's connection."""
        self._driver, self._observers = driver, observers
        driver.create_function(SQLITE_HASHED, 2, _hashed, deterministic=True)
        self._inspected: sa.Connection | None = None
        self.statements = 0
        self.is_stuck = False
        """Whether a transaction could not be rolled back, so that no other one can begin."""

    async def fetch(self, statement: Statement[Row], values: Values = NO_VALUES) -> RowBatch[Row]:
        """Run a statement and return its rows."""
        compiled = statement.compiled(DIALECT)
        self._observe(compiled.text)
        return RowBatch(compiled.layout, self._driver.execute(compiled.text, compiled.bound(values)).fetchall())

    async def execute(self, statement: Statement[Row], values: Values = NO_VALUES) -> int:
        """Run a statement and return the number of rows that it wrote."""
        compiled = statement.compiled(DIALECT)
        self._observe(compiled.text)
        return self._driver.execute(compiled.text, compiled.bound(values)).rowcount

    async def execute_many(self, statement: Statement[Row], rows: Sequence[Values]) -> RowBatch[Row]:
        """Run a statement for each row of values, in order, and return all rows that it returns."""
        compiled = statement.compiled(DIALECT)
        if rows:
            self._observe(compiled.text)
        return RowBatch(compiled.layout, self._returned(compiled, [compiled.bound(values) for values in rows]))

    async def scan(self, statement: Statement[Row], values: Values, take: Take, *, may_block: MayBlock) -> None:  # noqa: ARG002 — it has a thread.
        """Give the driver's rows of a statement to a function, in batches, until it raises."""
        compiled = statement.compiled(DIALECT)
        self._observe(compiled.text)
        with contextlib.closing(self._driver.execute(compiled.text, compiled.bound(values))) as cursor:
            while found := cursor.fetchmany(SCANNED_ROWS):
                take(found)

    async def inspect(self, work: Callable[[sa.Connection], Result]) -> Result:
        """Run a function of SQLAlchemy or Alembic in this transaction: for reflection and migrations only."""
        if self._inspected is None:
            engine = sa.create_engine(
                "sqlite://",
                creator=lambda: self._driver,
                poolclass=StaticPool,
                hide_parameters=True,
                # It would roll this transaction back when it connects.
                skip_autocommit_rollback=True,
            )
            self._inspected = engine.connect()
            # It finds itself in a transaction, and leaves it to the unit to end it.
            self._inspected.begin()
        return work(self._inspected)

    def _returned(self, compiled: Compiled[Row], bound: list[Sequence[Any]]) -> list[Any]:
        if compiled.returns_rows:
            return [row for values in bound for row in self._driver.execute(compiled.text, values).fetchall()]
        self._driver.executemany(compiled.text, bound)
        return []

    def run(self, work: Work[Result], begin: str) -> Result:
        """Run a unit in a transaction, committed at the end and rolled back if it raises."""
        self._driver.execute(begin)
        try:
            result = completed(work(self))
        except BaseException:
            self._roll_back()
            raise
        self._commit()
        return result

    def run_all(self, works: Sequence[Work[Any]], begin: str) -> list["Outcome"]:
        """Run units one after the other in one transaction, so that the file is synchronised once for all of them.

        A unit that raises is rolled back alone. If one ends the transaction, or the commit is refused, nothing is left
        of any, and each runs again in a transaction of its own; not so if the commit may have succeeded.
        """
        if len(works) > 1:
            outcomes = self._run_together(works, begin)
            if outcomes is not None:
                return outcomes
        return [_outcome(partial(self.run, work, begin)) for work in works]

    def _run_together(self, works: Sequence[Work[Any]], begin: str) -> list["Outcome"] | None:
        self._driver.execute(begin)
        try:
            outcomes = []
            for work in works:
                self._driver.execute(_SAVEPOINT)
                outcome = _outcome(partial(self._ran, work))
                if outcome.error is not None:
                    self._driver.execute(_UNDO)
                self._driver.execute(_RELEASE)
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

    def truncate_log(self, timeout: float) -> bool:
        """Copy the log to the file and empty it; return False if another connection still reads from the log.

        No other transaction can begin to write meanwhile, so that it waits for readers only briefly, and sets the
        timeout again.
        """
        self._driver.execute(f"PRAGMA busy_timeout = {_BRIEFLY_MS}")
        try:
            rows = self._driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        finally:
            self._driver.execute(f"PRAGMA busy_timeout = {round(timeout * 1000)}")
        return [row[0] for row in rows] == [0]

    def data_version(self) -> int:
        """Return a number that changes with each commit of another connection."""
        (row,) = self._driver.execute("PRAGMA data_version").fetchall()
        return int(row[0])

    def interrupt(self) -> None:
        """End the statement that runs, from any thread."""
        self._driver.interrupt()

    def _ran(self, work: Work[Result]) -> Result:
        return completed(work(self))

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

    def _observe(self, statement: str) -> None:
        self.statements += 1
        for observe in self._observers:
            observe(statement)


class Outcome(NamedTuple):
    """Outcome of a unit: its value, or its error."""

    result: Any = None
    error: Exception | None = None


def _hashed(first: bytes, second: bytes) -> bytes:
    return sha256(first + second).digest()


def _outcome(run: Callable[[], Any]) -> Outcome:
    try:
        return Outcome(run())
    except Exception as error:  # noqa: BLE001 — a unit may raise anything, which is its caller's.
        return Outcome(error=error)


def _driver_error(error: OutcomeUnknownError) -> Exception:
    return error.__cause__ if isinstance(error.__cause__, Exception) else error


def completed(work: Awaitable[Result]) -> Result:
    """Return the result of a coroutine that never suspends."""
    steps = work.__await__()
    try:
        next(steps)
    except StopIteration as done:
        result: Result = done.value
        return result
    steps.close()
    message = "A unit of work awaits nothing but the statements of its connection."
    raise RuntimeError(message)


ROWS_MAX = 1_000
"""Most rows that a statement may have to read in place, which takes SQLite a millisecond or two."""


class _InlineConnection(SqliteConnection):
    """Connection that runs only statements that an index bounds."""

    async def fetch(self, statement: Statement[Row], values: Values = NO_VALUES) -> RowBatch[Row]:
        """Run a statement and return its rows. Raises NotInlineError if it may read too many."""
        bound = statement.reads
        if bound is None or bound(values) > ROWS_MAX:
            raise NotInlineError
        compiled = statement.compiled(self.dialect)
        self._observe(compiled.text)
        return RowBatch(compiled.layout, self._driver.execute(compiled.text, compiled.bound(values)).fetchall())


class InlineReader:
    """Reading connection to a SQLite file in the thread of the event loop.

    SQLite reads a page by index, or rows by ids, faster than a switch to another thread and back takes.
    """

    def __init__(self, file: DatabaseFile, *, begin: str, pragmas: Sequence[str], observers: list[Observer]) -> None:
        """Prepare without connecting."""
        self._file, self._begin, self._pragmas, self._observers = file, begin, pragmas, observers
        self._driver: sqlite3.Connection | None = None
        self._connection: _InlineConnection | None = None
        self._files: Files | None = None

    def run(self, work: Work[Result], *, alone: bool = False) -> Result:
        """Run a unit of work now, without a transaction if it is one statement alone.

        Raises NotInlineError if it runs a statement that no index bounds.
        """
        connection = self._connection
        if connection is None or self._file.seen() != self._files:
            connection = self._open()
        mine, before = tally.get(), connection.statements
        try:
            result = completed(work(connection)) if alone else connection.run(work, self._begin)
        except NotInlineError:
            # It runs again in a thread, where its statements are counted.
            raise
        except Exception as error:
            if connection.is_stuck or failures.breaks_connection(error):
                self.close()
            if mine is not None:
                mine.append(connection.statements - before)
            raise
        if mine is not None:
            mine.append(connection.statements - before)
        return result

    def version(self) -> object:
        """Return a value that changes with each commit of another connection, and with a new connection."""
        connection = self._connection
        if connection is None or self._file.seen() != self._files:
            connection = self._open()
        return connection, connection.data_version()

    def _open(self) -> _InlineConnection:
        self._file.prepare()
        self.close()
        driver = sqlite3.connect(self._file.name, isolation_level=None, uri=True)
        try:
            set_pragmas(driver, self._pragmas, seconds=_BRIEFLY_MS / 1000)
            self._files = self._file.opened()
        except BaseException:
            driver.close()
            raise
        self._driver, self._connection = driver, _InlineConnection(driver, self._observers)
        return self._connection

    def close(self) -> None:
        """Close the connection."""
        if self._driver is not None:
            self._driver.close()
            self._driver = self._connection = None
