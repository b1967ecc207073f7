"""Limit on connection attempts while the server does not respond."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any, TypeVar

from db.engine import failures

Opened = TypeVar("Opened")

_LONG_SECONDS = 1.5
"""Time after which a failed attempt means that the server, its network or its name service does not respond."""

_EACH_SECONDS = 1.0
"""Interval between attempts while the server does not respond; one that hangs does not notice its return."""

_SOON_SECONDS = 0.5
"""Time in which an attempt succeeds if the server responds; others wait for the latest one until then."""

_VALID_SECONDS = 10.0
"""Time for which a failed attempt means that the server does not respond, if none succeeds meanwhile."""


class ServerSilentError(ConnectionError):
    """The server does not respond, and the next connection attempt is not due yet."""


class ConnectionAttempts:
    """Connection attempts of a pool: unlimited while the server responds, and one per second while it does not.

    Without the limit, each caller would wait for the connection timeout while the server is down.
    """

    def __init__(self) -> None:
        self._silent_until = self._next_at = self._opened_at = 0.0
        self._pending = set[asyncio.Task[Any]]()
        """Attempts that began while the server did not respond; the first success empties it."""

    async def run(self, attempt: Callable[[], Awaitable[Opened]]) -> Opened:
        """Open a connection; raise ServerSilentError if the server does not respond and no attempt is due."""
        if not self._is_silent:
            return await self._noted(attempt)
        now = monotonic()
        if now < self._next_at:
            if await self._responds_soon():
                return await self._noted(attempt)
            raise ServerSilentError
        self._next_at = now + _EACH_SECONDS
        pending = asyncio.ensure_future(self._noted(attempt))
        self._pending.add(pending)
        try:
            return await pending
        except asyncio.CancelledError:
            own = asyncio.current_task()
            if pending in self._pending or (own is not None and own.cancelling()):
                raise
        finally:
            self._pending.discard(pending)
        # Another attempt succeeded. This one may hang, because it began before the server was back.
        return await self._noted(attempt)

    @property
    def _is_silent(self) -> bool:
        return monotonic() < self._silent_until

    async def _responds_soon(self) -> bool:
        """Wait for the latest attempt while it is young, and return whether the server responds again."""
        until = self._next_at - _EACH_SECONDS + _SOON_SECONDS
        while self._is_silent and self._pending and (left := until - monotonic()) > 0:
            await asyncio.wait(self._pending, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        return not self._is_silent

    async def _noted(self, attempt: Callable[[], Awaitable[Opened]]) -> Opened:
        begun_at = monotonic()
        try:
            opened = await attempt()
        except BaseException as error:
            # A later success is more recent evidence than this failure.
            if begun_at >= self._opened_at:
                self._note(error, monotonic() - begun_at)
            raise
        self._silent_until, self._opened_at = 0.0, monotonic()
        hanging, self._pending = self._pending - {asyncio.current_task()}, set()
        for each in hanging:
            each.cancel()
        return opened

    def _note(self, error: BaseException, seconds: float) -> None:
        is_cancelled, is_long = isinstance(error, asyncio.CancelledError), seconds >= _LONG_SECONDS
        if is_long and (is_cancelled or failures.is_silence(error)):
            self._silent_until = monotonic() + _VALID_SECONDS
        elif not is_cancelled:
            # A short attempt that its caller cancelled says nothing about the server.
            self._silent_until = 0.0
