"""Openings of connections, of which most fail at once while the server is silent."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any, TypeVar

from db.engine import failures

Opened = TypeVar("Opened")

_LONG_SECONDS = 1.5
"""An opening that has no answer after this time has found the server, its network or its name service silent."""

_EACH_SECONDS = 1.0
"""Time between two openings while the server is silent, since one that hangs may miss its return."""


class ServerSilentError(ConnectionError):
    """The server has not answered the openings before, and was asked a moment ago."""


class Openings:
    """Openings of a pool: any number while the server answers, and one each second while it is silent.

    So few callers wait for a machine that is off, and all others know at once that it is.
    """

    def __init__(self) -> None:
        self._is_silent = False
        self._next_at = self._opened_at = 0.0
        self._asking = set[asyncio.Task[Any]]()
        """Openings that began while the server was silent, until one of them has an answer."""

    async def run(self, opening: Callable[[], Awaitable[Opened]]) -> Opened:
        """Open a connection; raise ServerSilentError if the server is silent and was asked a moment ago."""
        if not self._is_silent:
            return await self._noted(opening)
        now = monotonic()
        if now < self._next_at:
            raise ServerSilentError
        self._next_at = now + _EACH_SECONDS
        asking = asyncio.ensure_future(self._noted(opening))
        self._asking.add(asking)
        try:
            return await asking
        except asyncio.CancelledError:
            own = asyncio.current_task()
            if asking in self._asking or (own is not None and own.cancelling()):
                raise
        finally:
            self._asking.discard(asking)
        # The server has answered another one, and may never answer what was sent before its return.
        return await self._noted(opening)

    async def _noted(self, opening: Callable[[], Awaitable[Opened]]) -> Opened:
        begun_at = monotonic()
        try:
            opened = await opening()
        except BaseException as error:
            # Another one that succeeded meanwhile knows better.
            if begun_at >= self._opened_at:
                self._note(error, monotonic() - begun_at)
            raise
        self._is_silent, self._opened_at = False, monotonic()
        overtaken, self._asking = self._asking - {asyncio.current_task()}, set()
        for each in overtaken:
            each.cancel()
        return opened

    def _note(self, error: BaseException, seconds: float) -> None:
        if isinstance(error, asyncio.CancelledError):
            # One that its caller gives up early tells nothing.
            self._is_silent |= seconds >= _LONG_SECONDS
        else:
            self._is_silent = seconds >= _LONG_SECONDS and failures.is_silence(error)
