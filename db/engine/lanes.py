"""Lanes of a pool: units of work that wait for a lock leave the places to those that do not."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from sqlalchemy.exc import DBAPIError

from db.engine import failures
from db.engine.deadline import key_of_caller
from db.engine.place_queue import PlaceQueue
from db.engine.trials import Trial
from domain.errors import Unavailable

Result = TypeVar("Result")

LOCK_SECONDS = 0.25
"""How long a unit waits for a lock at a place that others wait for."""

_LOCK_AGAIN_SECONDS = 0.05
"""How long, if its partner has more units that wait for locks than there are places for these."""


class Lanes:
    """Places for units of work, and a few more for those that wait for a lock; partners take turns for either."""

    def __init__(self, places: int, *, locked: int, full: type[Unavailable], for_strangers: int = 0) -> None:
        """Take the numbers of places, and the error for a partner of which too many units wait."""
        self._places = PlaceQueue(places, for_strangers=for_strangers, full=full)
        self._locked = PlaceQueue(locked, kept_free=1, full=full)

    @property
    def waiting(self) -> int:
        """The number of units that wait for their caller's turn."""
        return self._places.waiting + self._locked.waiting

    async def run(self, trial: Trial, run: Callable[[], Awaitable[Result]]) -> Result:
        """Return the result of a unit, which is run a second time, and patiently, if a lock stops it soon."""
        until = trial.until
        if until is None:
            # It may wait for a lock for as long as it needs, so it takes no place from those that may not.
            return await run()
        places, key = self._places, key_of_caller()
        # Without the context of `place`, whose two coroutines take as long as those of a short read.
        if not places.take(key):
            await places.wait(key, until)
        try:
            trial.lock_seconds = _LOCK_AGAIN_SECONDS if self._locked.is_awaited() else LOCK_SECONDS
            return await run()
        except DBAPIError as error:
            if not failures.is_busy(error):
                raise
        finally:
            places.release(key)
        # Another session holds a lock for longer than a transaction of the portal does.
        async with self._locked.place(until):
            trial.lock_seconds = None
            return await run()
