"""Hints by LISTEN and NOTIFY of PostgreSQL that another process has committed. Any of them may be lost."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from contextvars import Context
from secrets import token_hex

import sqlalchemy as sa
import structlog
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from db.engine import pools
from db.engine.asyncpg_types import DriverConnection
from db.engine.connection import Connection
from db.engine.failures import DRIVER_ERRORS
from db.engine.filters import value
from db.engine.pool_sizes import CONNECT_SECONDS
from db.engine.statement import Statement
from domain.errors import Unavailable

CHANNEL = "portal_events"

_ECHO_SECONDS = 2.0
_CHECK_SECONDS = 30.0
_AGAIN_SECONDS = 5.0

_NOTIFY: Statement[str] = Statement(
    sa.select(sa.cast(sa.func.pg_notify(CHANNEL, sa.bindparam("text", type_=sa.Text)), sa.Text)), value
)

_PASSING = (DBAPIError, PoolTimeoutError, Unavailable, TimeoutError, *DRIVER_ERRORS)
"""What a lost connection, a restarted server or a full pool raises."""

Notify = Callable[[str], Awaitable[None]]

log = structlog.get_logger("portal.feed")


async def notify(connection: Connection, text: str) -> None:
    """Send a text to all that listen."""
    await connection.fetch(_NOTIFY, {"text": text})


class Listener:
    """Connection that listens until it is closed; it is opened again if it is lost."""

    def __init__(
        self, url: URL, notify: Notify, call: Callable[[], None], *, connect_seconds: float = CONNECT_SECONDS
    ) -> None:
        """Call the function at each hint; `notify` sends a text by another connection."""
        self._engine = pools.engine(url, connect_seconds=connect_seconds)
        self._notify, self._call = notify, call
        self._name = token_hex(8)
        self._echo, self._lost = asyncio.Event(), asyncio.Event()
        self.is_heard = False
        """Whether hints arrive, as the last check found."""
        # It outlives the request that starts it, and has neither its deadline nor its scope.
        self._task = asyncio.create_task(self._run(), context=Context())

    async def close(self) -> None:
        """Close the connection."""
        self._task.cancel()
        await asyncio.wait((self._task,))

    async def _run(self) -> None:
        while True:
            try:
                await self._listen()
            except _PASSING:
                pass
            except Exception:
                log.exception("not listening for hints")
            finally:
                self.is_heard = False
            # It is relied on no longer, at once.
            self._call()
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _listen(self) -> None:
        self._lost.clear()
        async with self._engine.connect() as connection:
            driver: DriverConnection = (await connection.get_raw_connection()).driver_connection  # type: ignore[assignment]  # It has no types.
            driver.add_termination_listener(lambda _: self._lost.set())
            await driver.add_listener(CHANNEL, self._heard)
            # The hints of what was committed before are lost.
            self._call()
            while not self._lost.is_set():
                was_heard = self.is_heard
                await self._check()
                if was_heard and not self.is_heard:
                    # A pooler drops all of them; this connection may hang, or be to a former primary.
                    return
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_CHECK_SECONDS):
                        await self._lost.wait()

    async def _check(self) -> None:
        """Find out whether a text of another connection arrives: a pooler may drop it without an error."""
        self._echo.clear()
        await self._notify(self._name)
        try:
            async with asyncio.timeout(_ECHO_SECONDS):
                await self._echo.wait()
        except TimeoutError:
            if self.is_heard:
                log.info("hints of commits do not arrive")
            self.is_heard = False
        else:
            self.is_heard = True

    def _heard(self, _connection: object, _process_id: int, _channel: str, text: str) -> None:
        if text == self._name:
            self._echo.set()
        else:
            self._call()
