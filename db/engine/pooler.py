"""Poolers of PostgreSQL, such as PgBouncer, which give each transaction of a connection another session of the server.

The driver prepares each statement by a name that its session keeps; a pooler of transactions gives the next statement
another session, which does not know the name. Without names, the text goes with the values of each execution.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # It has no types.
from sqlalchemy.engine import URL

from db.engine import sockets
from db.engine.asyncpg_types import DriverConnection, DriverCursor, DriverStatement
from db.engine.failures import PoolerFoundError

PARAMETER = "pooler"
"""Parameter of DATABASE_URL that says what answers there."""

TRANSACTION = "transaction"
"""Its value for a pooler that gives each transaction another session."""

WITHOUT_NAMES = {
    "statement_cache_size": 0,
    "prepared_statement_cache_size": 0,
    "prepared_statement_name_func": lambda: "",
}
"""Arguments with which neither the driver nor SQLAlchemy names a statement."""

_OF_OTHER_SESSIONS = (asyncpg.DuplicatePreparedStatementError, asyncpg.InvalidSQLStatementNameError)
"""Errors about a name that another session has, or that only another session has."""

_STATEMENTS_MAX = 256


def is_meant(url: URL) -> bool:
    """Return whether the URL says that a pooler of transactions answers there."""
    return url.query.get(PARAMETER) == TRANSACTION


def without_parameter(url: URL) -> URL:
    """Return the URL as the driver takes it."""
    return url.difference_update_query([PARAMETER])


async def connect(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 — the driver has no types.
    """Return a connection of the driver. Raises PoolerFoundError if a pooler answers in place of PostgreSQL."""
    try:
        connection = await sockets.connect(*arguments, **named)
    except asyncpg.ProtocolViolationError as error:
        # PgBouncer takes few settings of a session, and says so.
        if "startup parameter" not in str(error):
            raise
        raise PoolerFoundError from None
    try:
        found = await connection.fetchval("SELECT pg_backend_pid()", timeout=named.get("timeout"))
    except BaseException as error:
        connection.terminate()
        if isinstance(error, _OF_OTHER_SESSIONS):
            raise PoolerFoundError from None
        raise
    # A pooler tells its callers of a process that it has made up.
    if found != connection.get_server_pid():
        connection.terminate()
        raise PoolerFoundError
    return connection


class UnnamedStatements:
    """Connection of the driver whose statements are parsed each time that they run, in the message that runs them."""

    def __init__(self, driver: DriverConnection) -> None:
        """Run statements on a connection that was opened without names."""
        self._driver = driver
        self._statements: OrderedDict[str, DriverStatement] = OrderedDict()

    @property
    def _transport(self) -> asyncio.Transport:
        return self._driver._transport  # noqa: SLF001 — nothing else has it.

    async def fetch(self, query: str, *args: object) -> Sequence[Sequence[object]]:
        """Return all rows."""
        async with self._statement(query) as statement:
            return await statement.fetch(*args)

    async def cursor(self, query: str, *args: object) -> DriverCursor:
        """Return a cursor, of which the server keeps the rows until the transaction ends."""
        async with self._statement(query) as statement:
            return await statement.cursor(*args)

    async def fetchmany(self, query: str, args: Sequence[Sequence[object]]) -> Sequence[Sequence[object]]:
        """Run a statement for each of these arguments, and return all rows."""
        async with self._statement(query) as statement:
            return await statement.fetchmany(args)

    async def execute(self, query: str, *args: object) -> str:
        """Return the status, such as `UPDATE 1`."""
        if not args:
            return await self._driver.execute(query)
        async with self._statement(query) as statement:
            await statement.fetch(*args)
            return statement.get_statusmsg()

    async def executemany(self, command: str, args: Sequence[Sequence[object]]) -> None:
        """Run a statement for each of these arguments."""
        async with self._statement(command) as statement:
            await statement.executemany(args)

    async def copy_records_to_table(
        self, table_name: str, *, records: Sequence[Sequence[object]], columns: Sequence[str]
    ) -> str:
        """Raise NotImplementedError: the driver names the statement by which it learns the columns' types."""
        raise NotImplementedError

    async def add_listener(self, channel: str, callback: Callable[[object, int, str, str], None]) -> None:
        """Raise NotImplementedError: the session that listens would soon be another caller's."""
        raise NotImplementedError

    async def prepare(self, query: str, *, name: str | None = None) -> DriverStatement:
        """Return a statement, which is parsed again each time that it runs."""
        return await self._driver.prepare(query, name=name or "")

    def add_termination_listener(self, callback: Callable[[object], None]) -> None:
        """Call the function when the connection ends."""
        self._driver.add_termination_listener(callback)

    def is_closed(self) -> bool:
        """Return whether the connection is closed."""
        return self._driver.is_closed()

    def is_in_transaction(self) -> bool:
        """Return whether a transaction is open."""
        return self._driver.is_in_transaction()

    def terminate(self) -> None:
        """Close the connection, and cancel what it runs."""
        self._driver.terminate()

    @asynccontextmanager
    async def _statement(self, query: str) -> AsyncIterator[DriverStatement]:
        found = self._statements.get(query)
        if found is None:
            found = self._statements[query] = await self._driver.prepare(query, name="")
            if len(self._statements) > _STATEMENTS_MAX:
                self._statements.popitem(last=False)
        else:
            self._statements.move_to_end(query)
        try:
            yield found
        except asyncpg.PostgresError:
            # A migration may have changed the types of its columns.
            self._statements.pop(query, None)
            raise
