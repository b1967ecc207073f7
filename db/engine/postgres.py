"""Units of work on PostgreSQL, by the driver itself, which takes half of the time of SQLAlchemy."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import URL, Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.pool import QueuePool

from db.engine import failures, hints, pools
from db.engine.asyncpg_types import DriverConnection, DriverTransaction
from db.engine.availability import Availability
from db.engine.connection import (
    NO_VALUES,
    SCANNED_ROWS,
    Connection,
    MayBlock,
    NotInlineError,
    Observer,
    Take,
    TookTooLongError,
    Usage,
    Work,
    returned,
)
from db.engine.failures import OutcomeUnknownError
from db.engine.filters import value
from db.engine.hints import Listener
from db.engine.row_batch import RowBatch
from db.engine.statement import Statement, Values
from db.engine.statement_count import counted

Row = TypeVar("Row")
Result = TypeVar("Result")

_TRIES = 5
"""How often a unit of work is run whose transaction loses against others."""


_READ_ONLY_SETTING: Statement[str] = Statement(
    sa.select(sa.func.current_setting("transaction_read_only", type_=sa.Text)), value
)
"""Its value is "on" for a standby too, whose transactions can't be anything else."""


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


class PostgresEngine:
    """Engine that runs units of work on connections of a pool."""

    def __init__(self, url: URL, availability: Availability, observers: list[Observer], *, connections: int) -> None:
        """Prepare without connecting."""
        self._availability, self._observers = availability, observers
        self._pool = pools.postgresql(url, availability, connections=connections)
        self._units = 0
        self._url = url

    def read_inline(self, work: Work[Result], *, alone: bool) -> Result:  # noqa: ARG002 — of the protocol.
        """Raise NotInlineError: each answer of a server has to be waited for."""
        raise NotInlineError

    async def read(self, work: Work[Result]) -> Result:
        """Run a unit of work on a snapshot of the database."""
        return await self._run(work, read_only=True)

    async def read_long(self, work: Work[Result], *, seconds: float) -> Result:
        """Run a unit of work on a snapshot, once, for a time; raise TookTooLongError afterwards."""
        try:
            async with asyncio.timeout(seconds) as limit:
                self._units += 1
                try:
                    return await _run_once(self._pool, counted(work), self._observers, read_only=True)
                finally:
                    self._units -= 1
        except TimeoutError:
            # The driver has a timeout of its own, for a server that does not answer.
            if not limit.expired():
                raise
            raise TookTooLongError from None

    async def write(self, work: Work[Result]) -> Result:
        """Run a unit of work in a transaction, committed at its end and rolled back if it raises."""
        return await self._run(work, read_only=False)

    async def _run(self, work: Work[Result], *, read_only: bool) -> Result:
        self._units += 1
        try:
            return await run(self._pool, counted(work), self._observers, read_only=read_only)
        finally:
            self._units -= 1

    def usage(self) -> Usage:
        """Return how many connections are lent, and how many units of work wait for one."""
        pool = self._pool.pool
        lent = pool.checkedout() if isinstance(pool, QueuePool) else self._units
        return Usage(lent, max(0, self._units - lent))

    def version(self) -> object:
        """Return None: a server has to be asked."""
        return None

    def listener(self, call: Callable[[], None]) -> Listener | None:
        """Return what calls the function at hints of other processes."""
        return Listener(self._url, self._notify, call)

    async def hint(self) -> None:
        """Send a hint to the listeners of all processes."""
        await self._notify("")

    async def _notify(self, text: str) -> None:
        await run(self._pool, lambda connection: hints.notify(connection, text), self._observers, read_only=False)

    async def purge(self) -> bool:
        """Return True: vacuum is the server's, which removes what was erased."""
        return True

    async def is_writable(self) -> bool:
        """Return whether the server is a primary whose transactions can write."""
        # Not by `read`, whose transactions are read-only on any server.
        found = await run(self._pool, _read_only_setting, self._observers, read_only=False)
        self._availability.demotions += found == "on"
        return found == "off"

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.dispose()


async def _read_only_setting(connection: Connection) -> str:
    return await returned(connection, _READ_ONLY_SETTING)


async def run(
    engine: AsyncEngine,
    work: Work[Result],
    observers: list[Observer],
    *,
    read_only: bool,
) -> Result:
    """Run a unit of work in a transaction, committed at the end and rolled back where anything is raised.

    A read runs on a snapshot. A unit whose transaction lost against another one is run
    again. Raises DBAPIError, as SQLAlchemy does, and OutcomeUnknownError if COMMIT was sent and not answered.
    """
    for tries_left in reversed(range(_TRIES)):
        try:
            return await _run_once(engine, work, observers, read_only=read_only)
        except DBAPIError as error:
            if not (tries_left and failures.retryable(error)):
                raise
    raise AssertionError  # The last try returns or raises.


async def _run_once(
    engine: AsyncEngine,
    work: Work[Result],
    observers: list[Observer],
    *,
    read_only: bool,
) -> Result:
    # The transaction is the driver's, so SQLAlchemy begins none.
    async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        driver = await _driver_of(connection)
        isolation = "repeatable_read" if read_only else "read_committed"
        transaction = driver.transaction(isolation=isolation, readonly=read_only)
        committing = False
        try:
            await transaction.start()
            result = await work(PostgresConnection(connection, driver, observers))
            # The driver sends nothing on a connection that it knows to be closed.
            committing = not driver.is_closed()
            await transaction.commit()
        except BaseException as error:
            rolled_back = committing or await _roll_back(transaction)
            lost = driver.is_closed()
            if lost or not rolled_back or driver.is_in_transaction() or failures.breaks_connection(error):
                await _drop(connection, driver, politely=rolled_back)
            if not isinstance(error, failures.DRIVER_ERRORS):
                raise
            if committing and failures.leaves_outcome_unknown(error):
                raise OutcomeUnknownError from error
            raise DBAPIError(None, None, error, hide_parameters=True, connection_invalidated=lost) from error
        return result


async def _driver_of(connection: AsyncConnection) -> DriverConnection:
    driver: Any = (await connection.get_raw_connection()).driver_connection
    found: DriverConnection = driver
    return found


async def _roll_back(transaction: DriverTransaction) -> bool:
    """Roll back, and return whether that was possible; the caller raises the original error."""
    try:
        await transaction.rollback()
    except failures.DRIVER_ERRORS:
        return False
    return True


async def _drop(connection: AsyncConnection, driver: DriverConnection, *, politely: bool) -> None:
    """Close the connection instead of returning it to the pool."""
    if not politely:
        # It may have an operation under way that it would wait for.
        driver.terminate()
    await connection.invalidate()
