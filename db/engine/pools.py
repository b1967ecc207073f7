"""Pools of connections to PostgreSQL, which are kept, and found to be lost when they are used."""

import asyncio
from collections import deque
from collections.abc import Coroutine, Mapping
from types import MappingProxyType
from typing import Any

from sqlalchemy.engine import URL, Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from db.engine import failures, hosts, pooler, row_scope, row_security, sockets
from db.engine.asyncpg_types import DriverConnection
from db.engine.availability import Availability
from db.engine.connection_attempts import ConnectionAttempts
from db.engine.failures import DRIVER_ERRORS, Kind, NotOpenedError
from db.engine.pool_sizes import CONNECT_SECONDS, PATIENT_SECONDS
from db.engine.pooler import UnnamedStatements

NO_SETTINGS: Mapping[str, str] = MappingProxyType({})

_EACH_SESSION = {"jit": "off", "default_transaction_isolation": "read committed"}
"""Settings that the role or the database may have otherwise.

Statements end sooner than PostgreSQL would have compiled them, even those over all rows of a large table. A standby
runs no statement of a session that is serializable.
"""

_LENDING_SECONDS = 30
"""How long a unit of work waits for a connection of the pool while all of them are in use."""

_ROLLBACK_SECONDS = 1.0
"""How long a server may take to end a transaction or a statement, until the connection is closed without its answer."""


def engine(
    url: URL, settings: Mapping[str, str] = NO_SETTINGS, *, connect_seconds: float = PATIENT_SECONDS
) -> AsyncEngine:
    """Return an engine that opens a connection each time, with these settings of its session if no pooler shares it.

    The hosts have so many seconds to answer.
    """
    is_pooled = pooler.is_meant(url)
    session: dict[str, Any] = pooler.WITHOUT_NAMES if is_pooled else {"server_settings": {**_EACH_SESSION, **settings}}
    connect = sockets.connect if is_pooled else pooler.connect
    options = hosts.options(pooler.without_parameter(url), seconds=connect_seconds, connect=connect)
    options["connect_args"] |= session
    return create_async_engine(
        **options,
        poolclass=NullPool,
        # The transactions are the driver's, so SQLAlchemy begins none.
        isolation_level="AUTOCOMMIT",
        hide_parameters=True,
    )


async def connect(engine: AsyncEngine) -> AsyncConnection:
    """Return a new connection. Raises NotOpenedError for an error of the driver that is no failure elsewhere."""
    try:
        return await engine.connect()
    except (DBAPIError, *DRIVER_ERRORS) as error:
        if failures.kind_of(error) in {None, Kind.UNPRIVILEGED}:
            raise NotOpenedError(error) from error
        raise


class Session:
    """Session of the server: a connection of SQLAlchemy that is kept open, and the driver's own."""

    __slots__ = ("can_copy", "connection", "demotions", "dialect", "driver", "is_new", "partner")

    def __init__(
        self, connection: AsyncConnection, driver: DriverConnection, *, demotions: int, can_copy: bool
    ) -> None:
        """Take a connection that was just opened."""
        self.connection, self.driver, self.demotions, self.can_copy = connection, driver, demotions, can_copy
        self.dialect: Dialect = connection.dialect
        self.is_new = True
        """Whether no unit has used the connection yet, so that it can't be one that was lost unnoticed."""
        self.partner: str | None = row_scope.NOTHING
        """Value of the session's setting for row-level security; None if it is unknown."""

    async def set_partner(self, partner: str) -> None:
        """Set the session's setting for row-level security, outside of a transaction."""
        # If this is cancelled or fails, the server may have done it or not.
        self.partner = None
        await self.driver.execute(row_scope.assignment(partner, local=False))
        self.partner = partner


class Pool:
    """Connections that are opened when they are first needed, and each lent to one unit of work at a time."""

    def __init__(
        self,
        url: URL,
        availability: Availability,
        *,
        connections: int,
        settings: Mapping[str, str] = NO_SETTINGS,
        connect_seconds: float = CONNECT_SECONDS,
        is_bound: bool = False,
    ) -> None:
        """Open at most so many connections, with these settings of their sessions if no pooler shares these.

        If it `is_bound`, the role of each has to be one that row-level security binds.
        """
        self._engine, self._availability = engine(url, settings, connect_seconds=connect_seconds), availability
        self._is_pooled, self._is_bound = pooler.is_meant(url), is_bound
        self._places, self._waiting = connections, deque[asyncio.Future[None]]()
        self._idle: list[Session] = []
        self._attempts = ConnectionAttempts()
        self._ending: set[asyncio.Task[None]] = set()
        self._is_closed = False
        self.lent = 0
        """Number of connections that units of work have."""

    async def lend(self, partner: str | None = None) -> Session:
        """Return the connection that was returned last, or else a new one.

        Of those that row-level security binds, one whose setting is the partner comes first. Raises the driver's error
        if none can be opened, and SQLAlchemy's TimeoutError if none becomes free.
        """
        if self._places:
            self._places -= 1
        else:
            await self._turn()
        self.lent += 1
        try:
            kept = self._kept(partner)
            return await self._attempts.run(self._opened) if kept is None else kept
        except BaseException:
            self._free()
            raise

    def lend_kept(self, partner: str | None = None) -> Session | None:
        """Do as `lend`, at once; return None if that would have to wait, or to open a connection."""
        if not self._places or not self._idle:
            return None
        found = self._kept(partner)
        if found is not None:
            self._places -= 1
            self.lent += 1
        return found

    def give_back(self, session: Session) -> None:
        """Keep a connection without a transaction for the next unit, or close it if the pool is closed."""
        session.is_new = False
        if self._is_closed:
            self._close_later(session)
        else:
            self._idle.append(session)
        self._free()

    async def drop(self, session: Session, *, politely: bool) -> None:
        """Close a connection instead of keeping it; one that may have an operation under way must not wait for it."""
        try:
            await _close(session, politely=politely)
        finally:
            self._free()

    def end(self, session: Session) -> None:
        """Take back a connection whose statement or transaction was given up, when the server has ended that."""
        self._later(self._end(session))

    def forget_idle(self) -> None:
        """Close the connections that no unit has, since another one was lost, and they may be as well."""
        while self._idle:
            self._close_later(self._idle.pop())

    async def close(self) -> None:
        """Close the connections that no unit has, and those that units have when they give them back."""
        self._is_closed = True
        self.forget_idle()
        while self._ending:
            await asyncio.wait(self._ending)

    def _kept(self, partner: str | None) -> Session | None:
        while self._idle:
            session = self._idle.pop(-1 if partner is None else self._place_of(partner))
            # The server or the system has told the driver, or it may be the session of a former primary.
            if not session.driver.is_closed() and session.demotions == self._availability.demotions:
                return session
            self._close_later(session)
        return None

    def _place_of(self, partner: str) -> int:
        """Return the index of the idle connection whose setting is the partner, or else of that unused for longest."""
        for place in reversed(range(len(self._idle))):
            if self._idle[place].partner == partner:
                return place
        return 0

    async def _opened(self) -> Session:
        # A demotion that is found meanwhile is one of another connection.
        demotions = self._availability.demotions
        connection = await connect(self._engine)
        try:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            if self._is_pooled:
                driver = UnnamedStatements(driver)
            if self._is_bound:
                await row_security.check_role(driver)
        except BaseException:
            await connection.close()
            raise
        # COPY obeys no policies, and for it the driver names a statement, by which it learns the types of the columns.
        can_copy = not (self._is_bound or self._is_pooled)
        return Session(connection, driver, demotions=demotions, can_copy=can_copy)

    async def _turn(self) -> None:
        """Wait for a place, which those that are freed give to the unit that has waited longest."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(_LENDING_SECONDS):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                # The place came just before.
                self._pass_on()
            if isinstance(error, TimeoutError):
                raise PoolTimeoutError from None
            raise

    def _free(self) -> None:
        self.lent -= 1
        self._pass_on()

    def _pass_on(self) -> None:
        """Give a free place to the next unit that waits, or keep it."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._places += 1

    async def _end(self, session: Session) -> None:
        if await roll_back(session.driver):
            self.give_back(session)
        else:
            # Half-open connections are lost together, and each would cost a caller its deadline.
            self.forget_idle()
            await self.drop(session, politely=False)

    def _close_later(self, session: Session) -> None:
        self._later(_close(session, politely=True))

    def _later(self, ending: Coroutine[object, object, None]) -> None:
        task = asyncio.ensure_future(ending)
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)


async def roll_back(driver: DriverConnection) -> bool:
    """Roll back, if there is a transaction, and return whether that was possible."""
    try:
        async with asyncio.timeout(_ROLLBACK_SECONDS):
            await driver.execute("ROLLBACK;")
    except (*DRIVER_ERRORS, TimeoutError):
        return False
    return True


async def _close(session: Session, *, politely: bool) -> None:
    if not politely:
        session.driver.terminate()
    await session.connection.invalidate()
    await session.connection.close()
