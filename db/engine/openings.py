"""Openings of connections, of which the next ones fail at once while the server is silent."""

from asyncio import CancelledError
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TypeVar

Opened = TypeVar("Opened")

_LONG_SECONDS = 1.0
"""An opening that fails after this time has not been refused: the server, its network or its name service is silent."""


class ServerSilentError(ConnectionError):
    """The server has not answered the opening before, and is being asked again for another unit of work."""


class Openings:
    """Openings of a pool: many at once while the server answers, and one at a time while it is silent.

    So one caller waits for a machine that is off, and all others know at once that it is.
    """

    def __init__(self) -> None:
        self._is_silent = self._is_asked = False

    async def run(self, opening: Callable[[], Awaitable[Opened]]) -> Opened:
        """Open a connection; raise ServerSilentError if the server is silent and is being asked."""
        if not self._is_silent:
            return await self._noting(opening)
        if self._is_asked:
            raise ServerSilentError
        self._is_asked = True
        try:
            return await self._noting(opening)
        finally:
            self._is_asked = False

    async def _noting(self, opening: Callable[[], Awaitable[Opened]]) -> Opened:
        begun_at = monotonic()
        try:
            opened = await opening()
        except BaseException as error:
            is_long = monotonic() - begun_at >= _LONG_SECONDS
            # One that its caller gives up early tells nothing.
            if is_long or not isinstance(error, CancelledError):
                self._is_silent = is_long
            raise
        self._is_silent = False
        return opened
