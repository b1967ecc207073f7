"""Queue of reads for threads or a pool: partners take turns, and none has all places."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import NamedTuple

from db.engine.round_robin import QueueFullError, RoundRobin
from domain.errors import TooManyReads

WAITING_MAX = 1_000
"""Reads of one partner that wait at most."""

_KEPT_FREE = 4
"""One place of so many is kept from each partner, for others."""


class Caller(NamedTuple):
    """Caller for whom a read is done."""

    partner: Hashable
    is_large: bool = False
    """Whether it runs a large operation, whose reads let the event loop run in between."""


caller: ContextVar[Caller | None] = ContextVar("caller", default=None)
"""Caller of this request; None for the portal's own work and for strangers."""


class ReadQueue:
    """Places for reads that run at once."""

    def __init__(self, places: int, *, waiting_max: int = WAITING_MAX) -> None:
        """Take the number of places, and how many reads of one partner wait for them at most."""
        self._free, self._of_one = places, places - places // _KEPT_FREE
        self._held: Counter[Hashable] = Counter()
        self._waiting: RoundRobin[asyncio.Future[None]] = RoundRobin(waiting_max)

    @property
    def waiting(self) -> int:
        """The number of reads that wait."""
        return len(self._waiting)

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Hold a place when it is the caller's turn; raise TooManyReads if too many of its reads wait already."""
        of = caller.get()
        key = None if of is None else of.partner
        if self._free and self._may(key) and self._waiting.peek(self._may) is None:
            self._free -= 1
            self._held[key] += 1
        else:
            await self._wait(key)
        try:
            yield
        finally:
            self._release(key)

    async def _wait(self, key: Hashable) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        try:
            self._waiting.add(key, turn)
        except QueueFullError:
            raise TooManyReads from None
        try:
            await turn
        except asyncio.CancelledError:
            if not self._waiting.remove(key, turn):
                self._release(key)
            raise

    def _may(self, key: Hashable) -> bool:
        return key is None or self._held[key] < self._of_one

    def _release(self, key: Hashable) -> None:
        self._free += 1
        self._held[key] -= 1
        if not self._held[key]:
            del self._held[key]
        while self._free and (found := self._waiting.pop(self._may)) is not None:
            of, turn = found
            self._free -= 1
            self._held[of] += 1
            turn.set_result(None)
