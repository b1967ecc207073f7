"""Positions of PostgreSQL servers in the write-ahead log."""

import asyncio
from contextvars import Context
from typing import NamedTuple

from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection

from db.engine import pools, row_security
from db.engine.asyncpg_types import DriverConnection
from db.engine.failures import DRIVER_ERRORS

_ANSWER_SECONDS = 2.0
"""How long a server may take to say its position."""


class Place(NamedTuple):
    """Position in a log; those of other histories are not comparable."""

    history: str
    """Identifier of the cluster, and its timeline, which is a new one after each promotion."""
    position: int


class Question(NamedTuple):
    """Statements for the history and the position of a server."""

    history: str
    position: str


WRITTEN = Question(
    """
SELECT concat_ws('/', system_identifier, ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int)
FROM pg_control_system()
""",
    """
SELECT lsn - CASE WHEN lsn % page = 24 THEN 24 WHEN lsn % segment = 40 THEN 40 ELSE 0 END
FROM (
    SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint AS lsn,
        current_setting('wal_block_size')::int AS page,
        pg_size_bytes(current_setting('wal_segment_size')) AS segment
) AS position
""",
)
"""End of the last record. At the beginning of a page, the server says where the next one begins, after the header, to
which nothing is replayed before there is one."""

REPLAYED = Question(
    """
SELECT concat_ws('/', system_identifier, greatest(
    (SELECT timeline_id FROM pg_control_checkpoint()),
    (SELECT min_recovery_end_timeline FROM pg_control_recovery()),
    (SELECT received_tli FROM pg_stat_wal_receiver)
))
FROM pg_control_system()
""",
    "SELECT CASE WHEN pg_is_in_recovery() THEN (pg_last_wal_replay_lsn() - '0/0')::bigint END",
)
"""What was replayed. The timeline is null in `pg_stat_wal_receiver` for a role that may not see it; then it is known
after the first checkpoint that was replayed in it."""


class _NoReplicaError(Exception):
    """The server was promoted, and replays nothing."""


class OtherHistoryError(Exception):
    """The server replays another log than that of the primary, or has not followed it to its timeline."""


FAILING = (_NoReplicaError, DBAPIError, PoolTimeoutError, TimeoutError, *DRIVER_ERRORS)
"""What a question raises if the server does not answer it."""


class Position:
    """Position of a server in the write-ahead log, asked on a connection of its own."""

    def __init__(self, url: URL, question: Question, *, is_bound: bool = False) -> None:
        """Take the question, without connecting; if it `is_bound`, row-level security has to bind the role."""
        self._engine = pools.engine(url, connect_seconds=_ANSWER_SECONDS)
        self._question, self._is_bound = question, is_bound
        self._connection: AsyncConnection | None = None
        self._driver: DriverConnection | None = None
        self._history: str | None = None
        """That of the server, None if it has to be asked."""
        self._is_outdated = False
        """Whether the next question needs a new connection."""
        self._asking: asyncio.Task[Place] | None = None
        self._next: asyncio.Task[Place] | None = None

    def renew(self) -> None:
        """Ask for the history and the role too the next time: both change while a connection is open."""
        self._history = None

    def reconnect(self) -> None:
        """Ask on a new connection the next time: others can't be opened, and the one of before may go on to work."""
        self._is_outdated = True

    async def ask(self) -> Place:
        """Return the position of a moment after this call."""
        if self._next is None:
            # Not that of a question that was sent before, perhaps before a commit that this caller knows of.
            self._next = asyncio.create_task(self._take_turn(self._asking), context=Context())
            # Those who ask may all have gone when it fails.
            self._next.add_done_callback(lambda task: task.cancelled() or task.exception())
        return await asyncio.shield(self._next)

    async def close(self) -> None:
        """Close the connection."""
        for task in (self._next, self._asking):
            if task is not None:
                task.cancel()
                await asyncio.wait((task,))
        await self._drop()
        await self._engine.dispose()

    async def _take_turn(self, before: asyncio.Task[Place] | None) -> Place:
        if before is not None:
            await asyncio.wait((before,))
        self._asking, self._next = self._next, None
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                if self._is_outdated:
                    self._is_outdated = False
                    await self._drop()
                driver = self._driver or await self._connect()
                history = self._history or await self._ask_for_history(driver)
                found = await driver.fetch(self._question.position)
        except BaseException:
            await self._drop()
            raise
        finally:
            # A task that failed keeps the frames of those who asked.
            self._asking = None
        position = found[0][0]
        if not isinstance(position, int):
            raise _NoReplicaError
        self._history = history
        return Place(history, position)

    async def _ask_for_history(self, driver: DriverConnection) -> str:
        if self._is_bound:
            await row_security.check_role(driver)
        return str((await driver.fetch(self._question.history))[0][0])

    async def _connect(self) -> DriverConnection:
        self._connection = await pools.connect(self._engine)
        driver: DriverConnection = (await self._connection.get_raw_connection()).driver_connection  # type: ignore[assignment]  # It has no types.
        self._driver = driver
        return driver

    async def _drop(self) -> None:
        if self._driver is not None:
            self._driver.terminate()
        connection, self._connection, self._driver, self._history = self._connection, None, None, None
        if connection is not None:
            await connection.invalidate()
            await connection.close()
