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
from time import monotonic
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.pool import StaticPool

from db.engine import failures
from db.engine.connection import (
    NO_VALUES,
    SCANNED_ROWS,
    MayBlock,
    Observer,
    Take,
    TookTooLongError,
    Work,
)
from db.engine.deadline import Deadline
from db.engine.expressions import SQLITE_HASHED
from db.engine.failures import OutcomeUnknownError
from db.engine.row_batch import RowBatch
from db.engine.statement import Compiled, Statement, Values
from db.engine.waiting_units import Outcome, WaitingUnit

Row = TypeVar("Row")
Result = TypeVar("Result")

DIALECT: Dialect = sqlite.dialect()

_BRIEFLY_MS = 100

_STATEMENTS = 16
"""Number of short statements between two looks at the deadline."""

_STEPS = 100_000
"""Steps of SQLite's machine between two looks at the deadline, which take it a millisecond or two."""

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
        self._until: Deadline | None = None
        """Deadline of the unit that runs."""

    def stop_at_deadlines(self) -> None:
        """Let SQLite end a statement at the deadline of its unit."""
        self._driver.set_progress_handler(self._must_stop, _STEPS)

    def _must_stop(self) -> bool:
        return self._until is not None and self._until.is_over

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
        return RowBatch(compiled.layout, self._returned(compiled, compiled.bound_rows(rows)))

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

    def run(self, work: Work[Result], begin: str, until: Deadline | None = None) -> Result:
        """Run a unit in a transaction, committed at the end and rolled back if it raises.

        Raises TookTooLongError at its deadline, and CallerGoneError when its caller has gone.
        """
        if until is not None:
            until.check()
        self._driver.execute(begin)
        return self._completed(work, until)

    def _completed(self, work: Work[Result], until: Deadline | None) -> Result:
        try:
            # Reads in place have no deadline, and one call less.
            result = completed(work(self)) if until is None else self._ran(work, until)
        except BaseException:
            self._roll_back()
            raise
        self._commit()
        return result

    def run_all(self, units: Sequence[WaitingUnit], begin: str, *, seconds: float) -> list[Outcome]:
        """Run units one after the other in one transaction, so that the file is synchronised once for all of them.

        A unit that raises is rolled back alone. If one ends the transaction, or the commit is refused, nothing is left
        of any, and each runs again in a transaction of its own; not so if the commit may have succeeded. Units wait for
        another process's lock until their deadlines; those without one wait for so many seconds.
        """
        if len(units) > 1:
            outcomes = self._run_together(units, begin, seconds)
            if outcomes is not None:
                return outcomes
        return [_outcome(partial(self._run_alone, unit, begin, seconds)) for unit in units]

    def _run_alone(self, unit: WaitingUnit, begin: str, seconds: float) -> object:
        if unit.until is not None:
            unit.until.check()
        self._begin([unit], begin, seconds)
        if not unit.take():
            self._roll_back()
            raise TookTooLongError
        return self._completed(unit.work, unit.until)

    def _run_together(self, units: Sequence[WaitingUnit], begin: str, seconds: float) -> list[Outcome] | None:
        self._begin(units, begin, seconds)
        try:
            outcomes = []
            for unit in units:
                if not unit.take():
                    outcomes.append(Outcome(error=TookTooLongError()))
                    continue
                self._driver.execute(_SAVEPOINT)
                outcome = _outcome(partial(self._ran, unit.work, unit.until))
                if outcome.error is not None:
                    # It fails if SQLite has interrupted a change, and with it the whole transaction.
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

    def _begin(self, units: Sequence[WaitingUnit], begin: str, seconds: float) -> None:
        """Begin a transaction when no other process has the lock, or a unit's deadline is the last that has passed."""
        ends = None
        while True:
            try:
                self._driver.execute(begin)
            except sqlite3.OperationalError as error:
                if not failures.is_busy(error):
                    raise
                now = monotonic()
                ends = now + seconds if ends is None else ends
                if not any(unit.waits(in_time=now < ends) for unit in units):
                    if all(unit.until is not None for unit in units):
                        raise TookTooLongError from error
                    raise
            else:
                return

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

    def _ran(self, work: Work[Result], until: Deadline | None) -> Result:
        """Run a unit until its deadline, which the rollback and the commit after it do not have."""
        self._until = until
        try:
            return completed(work(self))
        except sqlite3.OperationalError as error:
            if until is not None and failures.is_interruption(error):
                until.check()
            raise
        finally:
            self._until = None

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
        if self._until is not None and not self.statements % _STATEMENTS:
            self._until.check()
        for observe in self._observers:
            observe(statement)


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
