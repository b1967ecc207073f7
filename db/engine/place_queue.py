"""Queue of units of work for threads or a pool: partners take turns, and no partner has all of several places.

The operations of a partner take turns too: one that reads a hundred lists at once delays the others by one of them at a
time.
"""

import asyncio
from collections.abc import Callable, Hashable
from contextvars import ContextVar
from typing import Any, Self

from db.engine.connection import CallerGoneError, TookTooLongError
from db.engine.deadline import Deadline, key_of_caller
from db.engine.round_robin import QueueFullError, RoundRobin
from domain.errors import Unavailable
from domain.limits import TooManyReads

WAITING_MAX = 1_000
"""Units of one partner that wait at most."""

KEPT_FREE = 4
"""One place of so many, and of two or three, is kept from each partner, which may hold others until its deadline."""


is_large: ContextVar[bool] = ContextVar("is_large", default=False)
"""Whether a large operation reads, which lets the event loop run in between."""


class PlaceQueue:
    """Places for units of work that run at once."""

    def __init__(
        self,
        places: int,
        *,
        kept_free: int | None = None,
        for_strangers: int = 0,
        waiting_max: int | None = WAITING_MAX,
        full: type[Unavailable] = TooManyReads,
    ) -> None:
        """Take the number of places.

        No partner gets those that are `kept_free` for others, by default one of four, and one of two or three, nor do
        all units without a partner together; no partner gets those that are kept `for_strangers`, such as for the check
        of a token. At most `waiting_max` units of one partner wait, if it is given; then `full` is raised.
        """
        if kept_free is None:
            kept_free = max(places // KEPT_FREE, int(places > 1))
        self._free, self._of_one = places, places - kept_free
        self._for_strangers, self._full = for_strangers, full
        self._held: dict[Hashable, int] = {}
        self._waiting: RoundRobin[asyncio.Future[None]] = RoundRobin(waiting_max)

    @property
    def waiting(self) -> int:
        """The number of units that wait."""
        return len(self._waiting)

    def is_awaited(self) -> bool:
        """Return whether units of the caller wait for their turn."""
        return bool(self._waiting.number) and self._waiting.has(key_of_caller())

    def place(self, until: Deadline | None = None) -> "Place":
        """Return a place to hold when it is the caller's turn.

        Entering it raises an error if too many of its units wait already, unless its request has committed something,
        and TookTooLongError if its turn does not come until the deadline, and CallerGoneError.
        """
        return Place(self, key_of_caller(), until)

    def take(self, key: Hashable) -> bool:
        """Take a place if the key may have one now, and no unit that waits may."""
        held = self._held.get(key, 0)
        if not self._free or held >= self._of_one:
            return False
        if self._waiting.number:
            if not self._is_turn_of(key):
                return False
        elif self._for_strangers and self._is_kept_from(key):
            return False
        self._free -= 1
        self._held[key] = held + 1
        return True

    def _is_turn_of(self, key: Hashable) -> bool:
        return self._may(key) and self._waiting.peek(self._may) is None

    async def wait(self, key: Hashable, until: Deadline | None) -> None:
        """Take a place when it is the turn of the key, and of the operation that has this deadline."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        try:
            # The error says to try again, which must not repeat a change.
            self._waiting.add(key, turn, part=until, beyond=until is not None and until.committed)
        except QueueFullError:
            raise self._full from None
        forget = None if until is None else _ended_by(until, turn)
        try:
            await turn
        except BaseException:
            # The turn may have come just before the caller was cancelled.
            if not self._waiting.remove(key, turn, part=until) and not turn.cancelled() and turn.exception() is None:
                self.release(key)
            raise
        finally:
            if forget is not None:
                forget()

    def release(self, key: Hashable) -> None:
        """Give back a place of the key, to those whose turn it is."""
        self._free += 1
        left = self._held[key] - 1
        if left:
            self._held[key] = left
        else:
            del self._held[key]
        while self._waiting.number and self._free and (found := self._waiting.pop(self._may)) is not None:
            of, turn = found
            if turn.done():
                continue
            self._free -= 1
            self._held[of] = self._held.get(of, 0) + 1
            turn.set_result(None)

    def _may(self, key: Hashable) -> bool:
        """Return whether a place is free, and the key may have another one."""
        if self._held.get(key, 0) >= self._of_one or not self._free:
            return False
        return not (self._for_strangers and self._is_kept_from(key))

    def _is_kept_from(self, key: Hashable) -> bool:
        """Return whether the free places are kept for others than the key."""
        return key is not None and self._free <= self._for_strangers - self._held.get(None, 0)


class Place:
    """Place that a unit of work holds within a with statement."""

    __slots__ = ("_key", "_queue", "_running", "_until")

    def __init__(self, queue: PlaceQueue, key: Hashable, until: Deadline | None) -> None:
        self._queue, self._key, self._until = queue, key, until
        self._running: asyncio.Future[Any] | None = None

    async def __aenter__(self) -> Self:
        """Hold the place when it is the caller's turn."""
        if not self._queue.take(self._key):
            await self._queue.wait(self._key, self._until)
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Release the place, or let what was kept release it."""
        if self._running is None:
            self._queue.release(self._key)
        else:
            self._running.add_done_callback(lambda _: self._queue.release(self._key))

    def keep(self, running: "asyncio.Future[Any]") -> None:
        """Hold the place until this is done, also if the unit's caller does not wait so long."""
        self._running = running


def _ended_by(until: Deadline, turn: "asyncio.Future[None]") -> Callable[[], None]:
    """Let the turn fail at the deadline or when the caller goes, until the returned function is called."""

    def fail(error: Exception) -> None:
        if not turn.done():
            turn.set_exception(error)

    timer = asyncio.get_running_loop().call_later(max(0.0, until.left), fail, TookTooLongError())
    stay = until.on_gone(lambda: fail(CallerGoneError()))

    def forget() -> None:
        timer.cancel()
        stay()

    return forget
