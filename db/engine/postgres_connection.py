"""Connection to PostgreSQL, by the driver itself, which takes half of the time of SQLAlchemy, and its transactions."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.engine import failures
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
from db.engine.failures import OutcomeUnknownError
from db.engine.row_batch import RowBatch
from db.engine.statement import Statement, Values
from db.engine.trials import Trial

Row = TypeVar("Row")
Result = TypeVar("Result")

_TRIES = 5
"""How often a unit of work is run whose transaction loses against others."""

_ROLLBACK_SECONDS = 1.0
"""How long a server may take to end a transaction, until the connection is closed without its answer."""

_MANY = 10
"""From how many rows on an insert gets arrays: with fewer, a second statement is not worth its preparation."""


class PostgresConnection:
    """Connection of the pool in a transaction of the driver."""

    def __init__(self, connection: AsyncConnection, driver: DriverConnection, observers: list[Observer]) -> None:
        """Run statements on the driver's connection."""
        self._connection, self._driver, self._observers = connection, driver, observers
        self.dialect: Dialect = connection.dialect
        self.statements = 0

    async def fetch(self, statement: Statement[Row], values: Values = NO_VALUES) -> RowBatch[Row]:
        """Run a statement and return its rows."""
        compiled = statement.compiled(self.dialect)
        self._observe(compiled.text)
        return RowBatch(compiled.layout, await self._driver.fetch(compiled.text, *compiled.bound(values)))

    async def execute(self, statement: Statement[Row], values: Values = NO_VALUES) -> int:
        """Run a statement and return the number of rows that it wrote."""
        compiled = statement.compiled(self.dialect)
        self._observe(compiled.text)
        status = await self._driver.execute(compiled.text, *compiled.bound(values))
        # "UPDATE 1", "INSERT 0 1", but "CREATE TABLE".
        number = status.rpartition(" ")[2]
        return int(number) if number.isdecimal() else 0

    async def execute_many(self, statement: Statement[Row], rows: Sequence[Values]) -> RowBatch[Row]:
        """Run a statement for each row of values, in order, and return all rows that it returns."""
        compiled = statement.compiled(self.dialect)
        if not rows:
            return RowBatch(compiled.layout, [])
        self._observe(compiled.text)
        bound = [compiled.bound(values) for values in rows]
        if compiled.returns_rows:
            return RowBatch(compiled.layout, await self._driver.fetchmany(compiled.text, bound))
        if compiled.of_arrays is not None and len(bound) >= _MANY:
            # One statement for all rows takes the server a third of the time of one for each.
            await self._driver.execute(compiled.of_arrays, *map(list, zip(*bound, strict=True)))
            return RowBatch(compiled.layout, [])
        await self._driver.executemany(compiled.text, bound)
        return RowBatch(compiled.layout, [])

    async def scan(self, statement: Statement[Row], values: Values, take: Take, *, may_block: MayBlock) -> None:
        """Give the driver's rows of a statement to a function, in batches, until it raises.

        The function holds the interpreter anyway, so a thread for it costs a third more and delays the loop no less.
        """
        compiled = statement.compiled(self.dialect)
        self._observe(compiled.text)
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
        if not self._connection.in_transaction():
            # Alembic finds itself in a transaction, and leaves it to the unit to end it.
            await self._connection.begin()
        return await self._connection.run_sync(work)

    def _observe(self, statement: str) -> None:
        self.statements += 1
        for observe in self._observers:
            observe(statement)


async def run(engine: AsyncEngine, work: Work[Result], observers: list[Observer], trial: Trial) -> Result:
    """Run a unit of work in a transaction, committed at the end and rolled back where anything is raised.

    A read runs on a snapshot. A unit whose transaction lost against another one, or would have, is run
    again. Raises DBAPIError, as SQLAlchemy does, and OutcomeUnknownError if COMMIT was sent and not answered.
    """
    for tries_left in reversed(range(_TRIES)):
        try:
            return await run_once(engine, work, observers, trial)
        except DBAPIError as error:
            if not (tries_left and failures.retryable(error)):
                raise
        except LockedElsewhereError:
            if not tries_left:
                raise
    raise AssertionError  # The last try returns or raises.


async def run_once(engine: AsyncEngine, work: Work[Result], observers: list[Observer], trial: Trial) -> Result:
    """Run a unit of work in one transaction."""
    # The transaction is the driver's, so SQLAlchemy begins none.
    async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        driver = await _driver_of(connection)
        begun = committing = False
        # A deadline that passed before is no reason to close the connection.
        begin = trial.begin()
        try:
            await driver.execute(begin)
            begun = True
            result = await work(PostgresConnection(connection, driver, observers))
            # The driver sends nothing on a connection that it knows to be closed.
            committing = not driver.is_closed()
            trial.commit(is_sent=committing)
            await driver.execute("COMMIT;")
        except BaseException as error:
            rolled_back = committing or (begun and await _roll_back(driver))
            lost = driver.is_closed()
            if lost or not rolled_back or driver.is_in_transaction() or failures.breaks_connection(error):
                await _drop(connection, driver, politely=rolled_back)
            if not isinstance(error, failures.DRIVER_ERRORS):
                raise
            if committing and failures.leaves_outcome_unknown(error):
                raise OutcomeUnknownError from error
            trial.committing = False
            raise DBAPIError(None, None, error, hide_parameters=True, connection_invalidated=lost) from error
        return result


async def _driver_of(connection: AsyncConnection) -> DriverConnection:
    driver: Any = (await connection.get_raw_connection()).driver_connection
    found: DriverConnection = driver
    return found


async def _roll_back(driver: DriverConnection) -> bool:
    """Roll back, and return whether that was possible; the caller raises the original error."""
    try:
        async with asyncio.timeout(_ROLLBACK_SECONDS):
            await driver.execute("ROLLBACK;")
    except (*failures.DRIVER_ERRORS, TimeoutError):
        return False
    return True


async def _drop(connection: AsyncConnection, driver: DriverConnection, *, politely: bool) -> None:
    """Close the connection instead of returning it to the pool."""
    if not politely:
        # It may have an operation under way that it would wait for.
        driver.terminate()
    await connection.invalidate()
