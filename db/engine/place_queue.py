"""Queue of units of work for threads or a pool: partners take turns, and no partner has all places."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from functools import partial
from typing import NamedTuple

from db.engine.connection import CallerGoneError, TookTooLongError
from db.engine.deadline import Deadline
from db.engine.round_robin import QueueFullError, RoundRobin
from domain.errors import Unavailable
from domain.limits import TooManyReads

WAITING_MAX = 1_000
"""Units of one partner that wait at most."""

KEPT_FREE = 4
"""One place of so many is kept from each partner, for others."""


class Caller(NamedTuple):
    """Caller for whom a read is done."""

    partner: Hashable
    is_large: bool = False
    """Whether it runs a large operation, whose reads let the event loop run in between."""


caller: ContextVar[Caller | None] = ContextVar("caller", default=None)
"""Caller of this request; None for the portal's own work and for strangers."""


class Place:
    """Place that a unit of work holds."""

    __slots__ = ("_running",)

    def __init__(self) -> None:
        self._running: asyncio.Future[None] | None = None

    def keep(self, running: "asyncio.Future[None]") -> None:
        """Hold the place until this is done, also if the unit's caller does not wait so long."""
        self._running = running

    def release(self, release: Callable[[], None]) -> None:
        """Call the function when the place is free."""
        if self._running is None:
            release()
        else:
            self._running.add_done_callback(lambda _: release())


class PlaceQueue:
    """Places for units of work that run at once."""

    def __init__(
        self,
        places: int,
        *,
        kept_free: int | None = None,
        for_strangers: int = 0,
        waiting_max: int = WAITING_MAX,
        full: type[Unavailable] = TooManyReads,
    ) -> None:
        """Take the number of places.

        No unit gets those that are `kept_free` for others, by default one of four, and no partner those that are kept
        `for_strangers`, such as for the check of a token. At most `waiting_max` units of one partner wait; then `full`
        is raised.
        """
        self._free, self._of_one = places, places - (places // KEPT_FREE if kept_free is None else kept_free)
        self._for_strangers, self._full = for_strangers, full
        self._held: Counter[Hashable] = Counter()
        self._waiting: RoundRobin[asyncio.Future[None]] = RoundRobin(waiting_max)

    @property
    def waiting(self) -> int:
        """The number of units that wait."""
        return len(self._waiting)

    def is_awaited(self) -> bool:
        """Return whether units of the caller wait for their turn."""
        return self._waiting.has(_key())

    @asynccontextmanager
    async def place(self, until: Deadline | None = None) -> AsyncIterator[Place]:
        """Hold a place when it is the caller's turn.

        Raise an error if too many of its units wait already, unless its request has committed something, and
        TookTooLongError if its turn does not come until the deadline, and CallerGoneError.
        """
        key = _key()
        if self._free and self._may(key) and self._waiting.peek(self._may) is None:
            self._free -= 1
            self._held[key] += 1
        else:
            await self._wait(key, until)
        place = Place()
        try:
            yield place
        finally:
            place.release(partial(self._release, key))

    async def _wait(self, key: Hashable, until: Deadline | None) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        try:
            # The error says to try again, which must not repeat a change.
            self._waiting.add(key, turn, beyond=until is not None and until.committed)
        except QueueFullError:
            raise self._full from None
        forget = None if until is None else _ended_by(until, turn)
        try:
            await turn
        except BaseException:
            # The turn may have come just before the caller was cancelled.
            if not self._waiting.remove(key, turn) and not turn.cancelled() and turn.exception() is None:
                self._release(key)
            raise
        finally:
            if forget is not None:
                forget()

    def _may(self, key: Hashable) -> bool:
        kept = 0 if key is None else self._for_strangers - self._held[None]
        return self._held[key] < self._of_one and self._free > kept

    def _release(self, key: Hashable) -> None:
        self._free += 1
        self._held[key] -= 1
        if not self._held[key]:
            del self._held[key]
        while self._free and (found := self._waiting.pop(self._may)) is not None:
            of, turn = found
            if turn.done():
                continue
            self._free -= 1
            self._held[of] += 1
            turn.set_result(None)


def _key() -> Hashable:
    of = caller.get()
    return None if of is None else of.partner


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
