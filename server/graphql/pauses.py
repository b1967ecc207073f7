"""Pauses of a large operation, in which the event loop serves others."""

import asyncio
from collections.abc import Callable
from time import perf_counter

_SLICE_SECONDS = 0.001
_IDLE_SECONDS = 0.0002
"""An iteration of the loop that takes less has run nothing else."""

_OTHERS_SECONDS = 0.1
"""How long after others have run they are expected to run again, such as when a database has answered them."""

_LONGEST_SECONDS = 0.05
_PAUSE_TIMES = 1
"""How many times as long as the slice before it a pause is, if there are others."""


class Pauses:
    """Pauses of one operation; it is called between parts of its work, and makes one after each slice of time."""

    __slots__ = ("_began", "_clock", "_others_until")

    def __init__(self, clock: Callable[[], float] = perf_counter) -> None:
        """Begin the first slice; take the clock."""
        self._clock = clock
        self._began = self._others_until = clock()

    async def __call__(self) -> None:
        """If the slice is over, let the loop run what is ready, and for some time if that is anything."""
        now = self._clock()
        taken = now - self._began
        if taken < _SLICE_SECONDS:
            return
        await asyncio.sleep(0)
        if self._clock() - now >= _IDLE_SECONDS:
            self._others_until = now + _OTHERS_SECONDS
        if now < self._others_until:
            # A short request takes several iterations, and waits for a database in between.
            await asyncio.sleep(min(_LONGEST_SECONDS, _PAUSE_TIMES * taken))
        self._began = self._clock()
