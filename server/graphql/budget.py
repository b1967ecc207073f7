"""Budget for the objects and values that concurrent operations select together."""

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from typing import NamedTuple

from db.engine.deadline import Deadline
from db.engine.round_robin import QueueFullError, RoundRobin
from domain.limits import TooManyOperations
from server.rates.limiter import stopped

BUDGET = 250_000
"""Number of objects and values that large operations may select together; larger ones run alone."""

_PAUSE_SECONDS = 0.005
"""Seconds for which a share is kept after its operation, so that small operations run between large ones."""

WAIT_MAX_SECONDS = 10.0
WAITING_MAX = 100
"""Operations of one partner that wait at most."""


def key_of_events(partner_id: int | None) -> Hashable:
    """Return the key of the events of a partner's subscriptions and webhooks, for which its requests don't wait."""
    return "events", partner_id


class _Waiting(NamedTuple):
    """Operation that waits for a share of this size."""

    size: int
    turn: asyncio.Future[None]


class Budget:
    """Shares of the budget, given to operations of one partner after the other, and in order to those of one."""

    def __init__(self, total: int = BUDGET, wait_max: float = WAIT_MAX_SECONDS, waiting_max: int = WAITING_MAX) -> None:
        self._total = self._left = total
        self._wait_max = wait_max
        self._waiting: RoundRobin[_Waiting] = RoundRobin(waiting_max)
        self._running: set[Hashable] = set()
        """Keys that hold a share."""

    @property
    def waiting(self) -> int:
        """The number of operations that wait for a share."""
        return len(self._waiting)

    @asynccontextmanager
    async def share(self, size: int, key: Hashable = None, until: Deadline | None = None) -> AsyncIterator[None]:
        """Hold a share, at most the whole budget, one at a time for a key.

        Raise TooManyOperations after waiting `wait_max` seconds, or if too many of the key wait already, and TimedOut
        at the request's deadline.
        """
        size = min(size, self._total)
        if size:
            if self._waiting or size > self._left or not self._may(key):
                await self._wait(size, key, until)
            else:
                self._take(size, key)
        try:
            yield
        finally:
            if size:
                asyncio.get_running_loop().call_later(_PAUSE_SECONDS, self._return, size, key)

    async def _wait(self, size: int, key: Hashable, until: Deadline | None) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting = _Waiting(size, turn)
        try:
            self._waiting.add(key, waiting)
        except QueueFullError:
            raise TooManyOperations from None
        self._admit()
        try:
            seconds = self._wait_max if until is None else max(0.0, min(self._wait_max, until.left))
            await asyncio.wait((turn,), timeout=seconds)
        except asyncio.CancelledError:
            self._leave(waiting, key)
            if turn.done():
                self._return(size, key)
            raise
        if not turn.done():
            self._leave(waiting, key)
            if until is not None and seconds < self._wait_max:
                raise stopped(until)
            raise TooManyOperations

    def _leave(self, waiting: _Waiting, key: Hashable) -> None:
        self._waiting.remove(key, waiting)
        self._admit()

    def _may(self, key: Hashable) -> bool:
        return key is None or key not in self._running

    def _take(self, size: int, key: Hashable) -> None:
        self._left -= size
        if key is not None:
            self._running.add(key)

    def _return(self, size: int, key: Hashable) -> None:
        self._left += size
        self._running.discard(key)
        self._admit()

    def _admit(self) -> None:
        # No operation overtakes one whose turn it is and which needs more than is left.
        while (first := self._waiting.peek(self._may)) is not None and first.size <= self._left:
            found = self._waiting.pop(self._may)
            if found is not None:
                key, waiting = found
                self._take(waiting.size, key)
                waiting.turn.set_result(None)
