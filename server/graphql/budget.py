"""Budget for the objects and values that concurrent operations select together."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from domain.errors import TooManyOperations

BUDGET = 250_000
"""Number of objects and values that large operations may select together; larger ones run alone."""

_PAUSE_SECONDS = 0.005
"""Seconds for which a share is kept after its operation, so that small operations run between large ones."""

WAIT_MAX_SECONDS = 10.0


class Budget:
    """Shares of the budget, given to operations in the order of their requests."""

    def __init__(self, total: int = BUDGET, wait_max: float = WAIT_MAX_SECONDS) -> None:
        self._total = self._left = total
        self._wait_max = wait_max
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @property
    def waiting(self) -> int:
        """The number of operations that wait for a share."""
        return len(self._waiting)

    @asynccontextmanager
    async def share(self, size: int) -> AsyncIterator[None]:
        """Hold a share, at most the whole budget; raise Unavailable after waiting `wait_max` seconds."""
        size = min(size, self._total)
        if size and (self._waiting or size > self._left):
            await self._wait(size)
        else:
            self._left -= size
        try:
            yield
        finally:
            if size:
                asyncio.get_running_loop().call_later(_PAUSE_SECONDS, self._return, size)

    async def _wait(self, size: int) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting = (size, turn)
        self._waiting.append(waiting)
        try:
            await asyncio.wait((turn,), timeout=self._wait_max)
        except asyncio.CancelledError:
            self._leave(waiting)
            if turn.done():
                self._return(size)
            raise
        if not turn.done():
            self._leave(waiting)
            raise TooManyOperations

    def _leave(self, waiting: tuple[int, asyncio.Future[None]]) -> None:
        if waiting in self._waiting:
            self._waiting.remove(waiting)
        self._admit()

    def _return(self, size: int) -> None:
        self._left += size
        self._admit()

    def _admit(self) -> None:
        while self._waiting and self._waiting[0][0] <= self._left:
            size, turn = self._waiting.popleft()
            self._left -= size
            turn.set_result(None)
