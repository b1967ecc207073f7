"""Connection to PostgreSQL, by the driver itself, which takes half of the time of SQLAlchemy, and its transactions."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError

from db.engine import driver_protocol, failures
from db.engine.alarms import Alarm
from db.engine.asyncpg_types import DriverConnection
from db.engine.connection import (
    NO_VALUES,
    SCANNED_ROWS,
    LockedElsewhereError,
    MayBlock,
    Observer,
    Take,
    Work,
)
from db.engine.failures import Kind, OutcomeUnknownError
from db.engine.pieces import in_pieces
from db.engine.place_queue import is_large
from db.engine.pools import Pool, Session, roll_back
from db.engine.row_batch import RowBatch
from db.engine.statement import Compiled, Statement, Values
from db.engine.statement_count import tally
from db.engine.trials import Trial

Row = TypeVar("Row")
Result = TypeVar("Result")

_TRIES = 5
"""How often a unit of work is run whose transaction loses against others."""

_MANY = 10
"""From how many rows on an insert gets arrays: with fewer, a second statement is not worth its preparation."""

BULK = 500
"""From how many rows on an insert is a COPY, which needs two more statements and is faster for each row."""


class PostgresConnection:
    """Connection of the pool in a transaction of the driver."""

    reads_only = False
    """Whether each statement must be a SELECT."""

    def __init__(self, session: Session, observers: list[Observer]) -> None:
        self._session, self._driver, self._observers = session, session.driver, observers
        self.dialect: Dialect = session.dialect
        self.statements = 0

    async def fetch(self, statement: Statement[Row], values: Values = NO_VALUES) -> RowBatch[Row]:
        """Run a statement and return its rows."""
        compiled = statement.compiled(self.dialect)
        self._observe(compiled)
        if is_large.get():
            with in_pieces(self._driver):
                return RowBatch(compiled.layout, await self._driver.fetch(compiled.text, *compiled.bound(values)))
        return RowBatch(compiled.layout, await self._driver.fetch(compiled.text, *compiled.bound(values)))

    async def execute(self, statement: Statement[Row], values: Values = NO_VALUES) -> int:
        """Run a statement and return the number of rows that it wrote."""
        compiled = statement.compiled(self.dialect)
        self._observe(compiled)
        status = await self._driver.execute(compiled.text, *compiled.bound(values))
        # "UPDATE 1", "INSERT 0 1", but "CREATE TABLE".
        number = status.rpartition(" ")[2]
        return int(number) if number.isdecimal() else 0

    async def execute_many(self, statement: Statement[Row], rows: Sequence[Values]) -> RowBatch[Row]:
        """Run a statement for each row of values, in order, and return all rows that it returns."""
        compiled = statement.compiled(self.dialect)
        if not rows:
            return RowBatch(compiled.layout, [])
        self._observe(compiled)
        if compiled.copied is not None and len(rows) >= BULK and self._session.can_copy:
            table, columns = compiled.copied
            await self._driver.copy_records_to_table(table, records=compiled.bound_rows(rows), columns=columns)
            return RowBatch(compiled.layout, [])
        if compiled.of_arrays is not None and len(rows) >= _MANY:
            # One statement for all rows takes the server a third of the time of one for each.
            await self._driver.execute(compiled.of_arrays, *compiled.bound_columns(rows))
            return RowBatch(compiled.layout, [])
        bound = compiled.bound_rows(rows)
        if compiled.returns_rows:
            return RowBatch(compiled.layout, await self._driver.fetchmany(compiled.text, bound))
        await self._driver.executemany(compiled.text, bound)
        return RowBatch(compiled.layout, [])

    async def scan(self, statement: Statement[Row], values: Values, take: Take, *, may_block: MayBlock) -> None:
        """Give the driver's rows of a statement to a function, in batches, until it raises.

        The function holds the interpreter anyway, so a thread for it costs a third more and delays the loop no less.
        """
        compiled = statement.compiled(self.dialect)
        self._observe(compiled)
        cursor = await self._driver.cursor(compiled.text, *compiled.bound(values))
        found = await cursor.fetch(SCANNED_ROWS)
        while found:
            # The server finds the next rows while the function has these.
            following = asyncio.ensure_future(cursor.fetch(SCANNED_ROWS))
            try:
                await asyncio.sleep(0)
                if may_block():
                    await asyncio.to_thread(take, found)
                else:
                    take(found)
                found = await following
            finally:
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)

    async def inspect(self, work: Callable[[sa.Connection], Result]) -> Result:
        """Run a function of SQLAlchemy or Alembic in this transaction: for reflection and migrations only."""
        connection = self._session.connection
        if not connection.in_transaction():
            # Alembic finds itself in a transaction, and leaves it to the unit to end it.
            await connection.begin()
        return await connection.run_sync(work)

    def _observe(self, compiled: Compiled[Any]) -> None:
        if self.reads_only and not compiled.is_select:
            message = "A unit that reads without a transaction runs nothing but SELECT."
            raise TypeError(message)
        self.statements += 1
        for observe in self._observers:
            observe(compiled.text)


class LoneConnection(PostgresConnection):
    """Connection of the pool without a transaction, whose statements only read: others raise TypeError."""

    reads_only = True

    async def fetch(self, statement: Statement[Row], values: Values = NO_VALUES) -> RowBatch[Row]:
        """Run a statement and return its rows."""
        if is_large.get():
            return await super().fetch(statement, values)
        compiled = statement.compiled(self.dialect)
        self._observe(compiled)
        bound = compiled.bound(values)
        try:
            found = await driver_protocol.fetch(self._driver, compiled.text, bound)
        except driver_protocol.OUTDATED:
            found = await self._driver.fetch(compiled.text, *bound)
        return RowBatch(compiled.layout, found)


class _StaleError(Exception):
    """Signal that a connection that the pool had kept was lost, so that the unit may run again on a new one."""

    def __init__(self, error: DBAPIError) -> None:
        """Take the error to raise if it does not."""
        super().__init__()
        self.error = error


async def run(pool: Pool, work: Work[Result], observers: list[Observer], trial: Trial) -> Result:
    """Run a unit of work in a transaction, committed at the end and rolled back where anything is raised.

    A read runs on a snapshot. A unit whose transaction lost against another one, or would have, is run again. If a
    connection that the pool had kept turns out to be lost, a read is run once more, and so is a write of which nothing
    was sent. Raises DBAPIError, as SQLAlchemy does, and OutcomeUnknownError if COMMIT was sent and not answered.
    """
    for tries_left in reversed(range(_TRIES)):
        try:
            return await run_once(pool, work, observers, trial, may_repeat=trial.read_only)
        except DBAPIError as error:
            if not (tries_left and failures.retryable(error)):
                raise
        except LockedElsewhereError:
            if not tries_left:
                raise
    raise AssertionError  # The last try returns or raises.


async def run_once(
    pool: Pool, work: Work[Result], observers: list[Observer], trial: Trial, *, may_repeat: bool = False
) -> Result:
    """Run a unit of work in one transaction, a second one if the first was on a lost connection and it may repeat."""
    try:
        return await _transact(pool, work, observers, trial, may_repeat=may_repeat)
    except _StaleError:
        pass
    return await _last(_transact(pool, work, observers, trial, may_repeat=may_repeat))


async def run_alone(
    pool: Pool, work: Work[Result], observers: list[Observer], alarm: Alarm, partner: str | None = None
) -> Result:
    """Run a unit that reads without a transaction, so that each statement has a snapshot of its own.

    With row-level security, the session keeps the partner, and only another one is sent to it. If the caller or the
    alarm cancels the unit, the server is asked to cancel its statement. The connection is kept if the server does that.
    """
    mine = tally.get()
    with alarm:
        for is_last in (False, True):
            session = pool.lend_kept(partner) or await pool.lend(partner)
            connection = LoneConnection(session, observers)
            try:
                if partner is not None and session.partner != partner:
                    await session.set_partner(partner)
                result = await work(connection)
            except asyncio.CancelledError:
                pool.end(session)
                raise
            except BaseException as error:
                lost = _lost(session.driver, error)
                if lost or failures.breaks_connection(error):
                    await pool.drop(session, politely=session.driver.is_closed())
                else:
                    pool.give_back(session)
                if not isinstance(error, failures.DRIVER_ERRORS):
                    raise
                if lost and not session.is_new:
                    pool.forget_idle()
                    if not is_last:
                        continue
                raise _reported(error, lost=lost) from error
            finally:
                if mine is not None:
                    mine.append(connection.statements)
            pool.give_back(session)
            return result
    raise AssertionError  # The last try returns or raises.


async def _last(attempt: Awaitable[Result]) -> Result:
    try:
        return await attempt
    except _StaleError as stale:
        raise stale.error from stale.error.__cause__


async def _transact(
    pool: Pool, work: Work[Result], observers: list[Observer], trial: Trial, *, may_repeat: bool
) -> Result:
    session = await pool.lend()
    driver, was_new = session.driver, session.is_new
    begun = committing = False
    try:
        # A deadline that passed before is no reason to close the connection.
        begin = trial.begin()
    except BaseException:
        pool.give_back(session)
        raise
    try:
        await driver.execute(begin)
        begun = True
        result = await work(PostgresConnection(session, observers))
        # The driver sends nothing on a connection that it knows to be closed.
        committing = not driver.is_closed()
        trial.commit(is_sent=committing)
        await driver.execute("COMMIT;")
    except asyncio.CancelledError:
        # The server is asked to stop a COMMIT too, which may hold locks for as long as it takes.
        pool.end(session)
        raise
    except BaseException as error:
        try:
            rolled_back = committing or (begun and await roll_back(driver))
        except asyncio.CancelledError:
            # At the deadline, or a second time: the place is the pool's again in any case.
            pool.end(session)
            raise
        lost = _lost(driver, error)
        if begun and not rolled_back:
            # It gave no answer, so those that were opened with it may not either.
            pool.forget_idle()
        if driver.is_closed() or not rolled_back or driver.is_in_transaction() or failures.breaks_connection(error):
            await pool.drop(session, politely=rolled_back)
        else:
            pool.give_back(session)
        if not isinstance(error, failures.DRIVER_ERRORS):
            raise
        if committing and not trial.read_only and failures.leaves_outcome_unknown(error):
            raise OutcomeUnknownError from error
        trial.committing = False
        reported = _reported(error, lost=lost)
        if lost and not was_new and (may_repeat or not begun):
            pool.forget_idle()
            raise _StaleError(reported) from error
        raise reported from error
    pool.give_back(session)
    return result


def _lost(driver: DriverConnection, error: BaseException) -> bool:
    return driver.is_closed() or failures.kind_of(error) is Kind.UNREACHABLE


def _reported(error: Exception, *, lost: bool) -> DBAPIError:
    return DBAPIError(None, None, error, hide_parameters=True, connection_invalidated=lost)
