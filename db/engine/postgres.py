"""Units of work on PostgreSQL: what is read often is asked of the driver itself, which takes half of the time."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import CursorResult, Executable
from sqlalchemy.engine import Dialect, ScalarResult
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.engine import failures
from db.engine.failures import OutcomeUnknownError
from db.engine.row_batch import RowBatch
from db.engine.sqlite import Observer
from db.engine.statement import Statement

Row = TypeVar("Row")
Result = TypeVar("Result")

_TRIES = 5
"""How often a unit of work is run whose transaction loses against others."""


class PostgresConnection:
    """The connection that a unit of work is given, in a transaction."""

    def __init__(self, connection: AsyncConnection, driver: Any, observers: list[Observer]) -> None:  # noqa: ANN401 — asyncpg's, or its pool's.
        """Let SQLAlchemy run its statements in the driver's transaction, beside those that need no SQLAlchemy."""
        self._connection, self._driver, self._observers = connection, driver, observers
        self.dialect: Dialect = connection.dialect
        self.statements = 0
        """How many statements were run so far."""

    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:  # noqa: ANN401 — as SQLAlchemy.
        """The result of a statement."""
        self.statements += 1
        return await self._connection.execute(statement, parameters)

    async def scalar(self, statement: Executable) -> Any:  # noqa: ANN401 — as SQLAlchemy.
        """The first value of the first row."""
        self.statements += 1
        return await self._connection.scalar(statement)

    async def scalars(self, statement: Executable) -> ScalarResult[Any]:
        """The first value of each row."""
        self.statements += 1
        return await self._connection.scalars(statement)

    async def fetch(self, statement: Statement[Row], values: Mapping[str, Any]) -> list[Row]:
        """The rows of a statement."""
        return list(await self.read(statement, values))

    async def read(self, statement: Statement[Row], values: Mapping[str, Any]) -> RowBatch[Row]:
        """The same rows, of which none is made before somebody asks for it."""
        compiled = statement.compiled(self.dialect)
        self._observe(compiled.text)
        return RowBatch(compiled.layout, await self._driver.fetch(compiled.text, *compiled.bound(values)))

    async def write(self, statement: Statement[Any], rows: Sequence[Mapping[str, Any]]) -> None:
        """Run a statement that returns nothing, for each of these rows of values."""
        compiled = statement.compiled(self.dialect)
        self._observe(compiled.text)
        await self._driver.executemany(compiled.text, [compiled.bound(values) for values in rows])

    def _observe(self, statement: str) -> None:
        self.statements += 1
        for observe in self._observers:
            observe(statement)


async def run(
    engine: AsyncEngine,
    work: Callable[[PostgresConnection], Awaitable[Result]],
    observers: list[Observer],
    *,
    read_only: bool,
) -> Result:
    """Run a unit of work in a transaction, committed at the end and rolled back where anything is raised.

    What reads only sees everything as it is at one moment. A unit whose transaction lost against another one is run
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
    work: Callable[[PostgresConnection], Awaitable[Result]],
    observers: list[Observer],
    *,
    read_only: bool,
) -> Result:
    # The transaction is the driver's: SQLAlchemy is told that there is none to begin.
    async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
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


async def _roll_back(transaction: Any) -> bool:  # noqa: ANN401 — asyncpg's, which has no types.
    """Roll back, and tell whether that was possible. What made it necessary is the error to raise."""
    try:
        await transaction.rollback()
    except failures.DRIVER_ERRORS:
        return False
    return True


async def _drop(connection: AsyncConnection, driver: Any, *, politely: bool) -> None:  # noqa: ANN401 — the same reason.
    """Close the connection instead of giving it back to the pool."""
    if not politely:
        # It may have an operation under way that it would wait for.
        driver.terminate()
    await connection.invalidate()
