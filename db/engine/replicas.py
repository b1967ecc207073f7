"""Reads on streaming replicas of PostgreSQL, which see all that was committed before their query began.

A query asks the primary for its position in the write-ahead log; queries that arrive together share the question. Then
it reads on a replica that has replayed the log up to there, or else on the primary. So a change that any process has
acknowledged is in every later answer to any caller, and neither clients nor mutations have to carry anything.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextvars import Context, ContextVar
from enum import StrEnum
from typing import Protocol, TypeVar

import structlog
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection

from db.engine import failures, pools
from db.engine.asyncpg_types import DriverConnection
from db.engine.connection import Usage, Work
from db.engine.deadline import Deadline
from db.engine.failures import DRIVER_ERRORS, Kind

Result = TypeVar("Result")

EVERY_SECONDS = 1.0
"""Seconds between two looks at the replicas; one that is further behind is not read."""

_ANSWER_SECONDS = 2.0
"""How long a server may take to say its position."""

_CATCH_UP_SECONDS = 0.02
"""How long a query waits for a replica that is just behind: as a rule, it has received the log already."""

_PAUSE_SECONDS = 0.002

_WRITTEN = """
SELECT lsn - CASE WHEN lsn % page = 24 THEN 24 WHEN lsn % segment = 40 THEN 40 ELSE 0 END
FROM (
    SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint AS lsn,
        current_setting('wal_block_size')::int AS page,
        pg_size_bytes(current_setting('wal_segment_size')) AS segment
) AS position
"""
"""End of the last record. At the beginning of a page, the server says where the next one begins, after the header, to
which nothing is replayed before there is one."""
_REPLAYED = "SELECT CASE WHEN pg_is_in_recovery() THEN (pg_last_wal_replay_lsn() - '0/0')::bigint END"


class _NoReplicaError(Exception):
    """The server was promoted, and replays nothing."""


_FAILING = (_NoReplicaError, DBAPIError, PoolTimeoutError, TimeoutError, *DRIVER_ERRORS)
_OF_THE_SERVER = frozenset({Kind.UNREACHABLE, Kind.REFUSED, Kind.EXHAUSTED, Kind.INPUT_OUTPUT, Kind.DAMAGED})
"""Failures after which other queries would fail too; a conflict with the replay is only that of one query."""

log = structlog.get_logger("portal.replicas")


class State(StrEnum):
    """What a replica is good for."""

    USED = "used"
    LAGGING = "lagging"
    UNREACHABLE = "unreachable"


class Reader(Protocol):
    """Engine that reads."""

    async def read(self, work: Work[Result], until: Deadline | None, *, alone: bool = False) -> Result:
        """Run a unit of work on a snapshot of the database, or `alone` without a transaction."""

    def usage(self) -> Usage:
        """Return how many connections are in use, and how many units of work wait for one."""

    async def close(self) -> None:
        """Close every connection."""


class _Position:
    """Position of a server in the write-ahead log, asked on a connection of its own."""

    def __init__(self, url: URL, question: str) -> None:
        self._engine = pools.engine(url, connect_seconds=_ANSWER_SECONDS)
        self._question = question
        self._connection: AsyncConnection | None = None
        self._asking: asyncio.Task[int] | None = None
        self._next: asyncio.Task[int] | None = None

    async def ask(self) -> int:
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

    async def _take_turn(self, before: asyncio.Task[int] | None) -> int:
        if before is not None:
            await asyncio.wait((before,))
        self._asking, self._next = self._next, None
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                driver = await self._driver()
                found = await driver.fetch(self._question)
        except BaseException:
            await self._drop()
            raise
        position = found[0][0]
        if not isinstance(position, int):
            raise _NoReplicaError
        return position

    async def _driver(self) -> DriverConnection:
        if self._connection is None:
            self._connection = await self._engine.connect()
        driver: DriverConnection = (await self._connection.get_raw_connection()).driver_connection  # type: ignore[assignment]  # It has no types.
        return driver

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            driver: DriverConnection = (await connection.get_raw_connection()).driver_connection  # type: ignore[assignment]  # The same.
            driver.terminate()
            await connection.invalidate()
            await connection.close()


class Replica:
    """Replica, how far it has replayed the log, and its engine."""

    def __init__(self, url: URL, engine: Reader) -> None:
        """Take an engine that has not connected yet."""
        self.engine = engine
        self.state = State.UNREACHABLE
        self._logged: State | None = None
        self._name = f"{url.host or url.query.get('host')}:{url.port or 5432}"
        self._position = _Position(url, _REPLAYED)
        self.replayed = 0
        """Position up to which it has replayed the log, at least."""

    async def catch_up(self, position: int) -> bool:
        """Return whether it has replayed the log up to the position, or does so within a moment."""
        try:
            async with asyncio.timeout(_CATCH_UP_SECONDS):
                while self.replayed < position:
                    await self._look()
                    if self.replayed < position:
                        await asyncio.sleep(_PAUSE_SECONDS)
        except TimeoutError:
            self.mark(State.LAGGING)
        except _FAILING:
            self.mark(State.UNREACHABLE)
        return self.replayed >= position

    async def check(self, position: int) -> None:
        """Find out whether it can be read, and has replayed the log up to a position of a while ago."""
        try:
            await self._look()
        except _FAILING:
            self.mark(State.UNREACHABLE)
        else:
            self.mark(State.USED if self.replayed >= position else State.LAGGING)

    def mark(self, state: State) -> None:
        """Note what it is good for until the next look, and log a change."""
        self.state = state
        if state is self._logged:
            return
        self._logged = state
        if state is State.USED:
            log.info("replica is read", replica=self._name)
        else:
            log.warning("replica is passed over", replica=self._name, reason=state.value)

    async def close(self) -> None:
        """Close every connection."""
        await self._position.close()
        await self.engine.close()

    async def _look(self) -> None:
        self.replayed = await self._position.ask()


class Replicas:
    """Replicas of a primary."""

    def __init__(self, primary: URL, urls: Sequence[URL], engine: Callable[[URL], Reader]) -> None:
        """Prepare without connecting; none is read before `watch` has looked at it."""
        self._primary = _Position(primary, _WRITTEN)
        self._replicas = [Replica(url, engine(url)) for url in urls]
        self._before: int | None = None
        self.reads: Counter[str] = Counter({"replica": 0, "primary": 0})
        """Number of reads of queries by the server that answered."""

    @property
    def states(self) -> Mapping[str, int]:
        """Number of replicas in each state."""
        found = Counter(replica.state for replica in self._replicas)
        return {state.value: found[state] for state in State}

    async def watch(self) -> None:
        """Look at the replicas every second, until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(EVERY_SECONDS)

    async def look(self) -> None:
        """Find out which replicas can be read, and have all that was written at the last look."""
        try:
            position = await self._primary.ask()
        except _FAILING:
            # Without a primary there is nothing to compare with, and no query chooses a replica.
            return
        before = position if self._before is None else self._before
        self._before = position
        await asyncio.gather(*(replica.check(before) for replica in self._replicas))

    async def choose(self) -> Replica | None:
        """Return a replica that has all that was committed before this call, None if the primary has to be read."""
        used = [replica for replica in self._replicas if replica.state is State.USED]
        if not used:
            return None
        try:
            position = await self._primary.ask()
        except _FAILING:
            return None
        for replica in sorted(used, key=lambda each: (each.replayed < position, sum(each.engine.usage()))):
            if await replica.catch_up(position):
                return replica
        return None

    def usage(self) -> Usage:
        """Return the sums of the replicas' usages."""
        usages = [replica.engine.usage() for replica in self._replicas]
        return Usage(sum(each.in_use for each in usages), sum(each.waiting for each in usages))

    async def close(self) -> None:
        """Close every connection."""
        await self._primary.close()
        for replica in self._replicas:
            await replica.close()


class QueryReads:
    """Reads of a query, all of them on one server, so that none sees an older state than one before it."""

    def __init__(self, replicas: Replicas) -> None:
        """Choose no server before the first read."""
        self._replicas = replicas
        self._choice: asyncio.Future[Replica | None] | None = None
        self._on_primary = False

    async def read(self, work: Work[Result], until: Deadline | None, primary: Reader, *, alone: bool = False) -> Result:
        """Run a unit of work on the chosen replica, or on the primary, which also replaces a replica that fails."""
        if self._choice is None:
            self._choice = asyncio.ensure_future(self._replicas.choose())
        replica = await asyncio.shield(self._choice)
        if replica is not None and not self._on_primary:
            try:
                result = await replica.engine.read(work, until, alone=alone)
            except Exception as error:
                kind = failures.kind_of(error, reading=True)
                if kind is None:
                    raise
                if kind in _OF_THE_SERVER:
                    replica.mark(State.UNREACHABLE)
                self._on_primary = True
            else:
                self._replicas.reads["replica"] += 1
                return result
        self._replicas.reads["primary"] += 1
        return await primary.read(work, until, alone=alone)


current: ContextVar[QueryReads | None] = ContextVar("query", default=None)
"""Query whose reads may be answered by replicas; None for all other work, which is the primary's."""
