"""Pauses of a large operation, in which the event loop serves others."""

import asyncio
from collections.abc import Callable, Hashable
from time import perf_counter

from db.engine.round_robin import RoundRobin

SLICE_SECONDS = 0.0005
_IDLE_SECONDS = 0.0002
"""An iteration of the loop that takes less has run nothing else."""

_OTHERS_SECONDS = 0.1
"""How long after others have run they are expected to run again, such as when a database has answered them."""

_LONGEST_SECONDS = 0.05
_PAUSE_TIMES = 1
"""How many times as long as the slice before it a pause is, if there are others."""

_SHORT_TIMES = 4
"""How many times as long as the slice it waits then for short operations, at most: they never stop a large one."""

_SOON_SECONDS = 0.02
"""How long after it has begun to wait for a database a short operation is expected to end soon."""


class ShortOperations:
    """Operations that are not large, while they wait for a database. Large ones wait for those that may end soon."""

    __slots__ = ("_begun", "_clock", "_latest", "_waiting")

    def __init__(self, clock: Callable[[], float] = perf_counter) -> None:
        """Begin with none; take the clock."""
        self._clock = clock
        self._begun: dict[int, float] = {}
        """When each has begun, in this order, without those that were found to take long."""
        self._latest = 0
        self._waiting: list[asyncio.Future[None]] = []

    @property
    def number(self) -> int:
        """Number of operations that may end soon."""
        return len(self._begun)

    def begin(self) -> int:
        """Add an operation, which begins to wait, and return its number."""
        self._latest = number = self._latest + 1
        self._begun[number] = self._clock()
        return number

    def end(self, number: int) -> None:
        """Remove the operation with this number, which has its result or error."""
        self._begun.pop(number, None)
        if self._waiting and not self._begun:
            for waiting in self._waiting:
                _end(waiting)

    async def ended(self, *, at_most: float) -> None:
        """Wait for those that began a short time ago until all have ended, for these seconds at most."""
        oldest = self._clock() - _SOON_SECONDS
        while self._begun and self._begun[number := next(iter(self._begun))] < oldest:
            del self._begun[number]
        if not self._begun:
            return
        loop = asyncio.get_running_loop()
        waiting = loop.create_future()
        timer = loop.call_later(at_most, _end, waiting)
        self._waiting.append(waiting)
        try:
            await waiting
        finally:
            timer.cancel()
            self._waiting.remove(waiting)


def _end(waiting: "asyncio.Future[None]") -> None:
    if not waiting.done():
        waiting.set_result(None)


class Turns:
    """Turns of operations with pauses: one of them has its slice in each iteration of the loop, by partner."""

    __slots__ = ("_is_taken", "_waiting")

    def __init__(self) -> None:
        """Begin with none."""
        self._waiting: RoundRobin[asyncio.Future[None]] = RoundRobin()
        self._is_taken = False

    async def turn(self, key: Hashable) -> None:
        """Return when the next slice is one of this partner."""
        loop = asyncio.get_running_loop()
        if not self._is_taken:
            self._is_taken = True
            loop.call_soon(self._next)
            return
        turn: asyncio.Future[None] = loop.create_future()
        self._waiting.add(key, turn)
        await turn

    def _next(self) -> None:
        """Give the turn of the next iteration to one that waits for it and was not cancelled."""
        while (found := self._waiting.pop()) is not None:
            _, turn = found
            if not turn.done():
                turn.set_result(None)
                asyncio.get_running_loop().call_soon(self._next)
                return
        self._is_taken = False


class Pauses:
    """Pauses of one operation; it is called between parts of its work, and makes one after each slice of time."""

    __slots__ = ("_began", "_clock", "_key", "_others_until", "_short", "_turns")

    def __init__(
        self, short: ShortOperations, turns: Turns, key: Hashable = None, clock: Callable[[], float] = perf_counter
    ) -> None:
        """Begin the first slice; take the short operations and turns of the process, the partner, and the clock."""
        self._short, self._turns, self._key, self._clock = short, turns, key, clock
        self._began = self._others_until = clock()

    async def __call__(self) -> None:
        """If the slice is over, let the loop run what is ready, and for some time if that is anything."""
        now = self._clock()
        taken = now - self._began
        if taken < SLICE_SECONDS:
            return
        await asyncio.sleep(0)
        if self._clock() - now >= _IDLE_SECONDS:
            self._others_until = now + _OTHERS_SECONDS
        if now < self._others_until:
            # A short request takes several iterations before it reads.
            await asyncio.sleep(min(_LONGEST_SECONDS, _PAUSE_TIMES * taken))
        await self._short.ended(at_most=min(_LONGEST_SECONDS, _SHORT_TIMES * taken))
        await self._turns.turn(self._key)
        self._began = self._clock()
