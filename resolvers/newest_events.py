"""Newest events of a partner, kept for those who follow it, and how far these are behind."""

import asyncio
from collections import deque
from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from typing import NamedTuple, Protocol

from db.events import EventRow

KEPT = 200
"""Number of the newest events of a partner that are kept for its followers."""

BATCH_MAX = 100
"""Maximum number of events that a follower gets at once."""


class Lag(NamedTuple):
    """Events that the follower furthest behind has not received yet, and the age of the oldest that is kept of them."""

    events: int
    seconds: float


class Following(Protocol):
    """One that follows a partner: the number of the last event that it has had."""

    position: int


class NewestEvents:
    """Newest events of a partner, and whether there are followers."""

    __slots__ = ("_waiting", "followers", "last", "rows")

    def __init__(self, last: int, kept: int) -> None:
        """Start after the event `last`, and keep so many of those that follow."""
        self.last = last
        """Number of the last event that was read."""
        self.rows: deque[EventRow] = deque(maxlen=kept)
        """The events up to the last one, without gaps."""
        self.followers: set[Following] = set()
        self._waiting: set[asyncio.Future[bool]] = set()

    def add(self, rows: Sequence[EventRow], last: int) -> None:
        """Take the events up to `last`, and wake the followers."""
        self.rows.extend(rows)
        self.last = last
        self.wake()

    async def changed(self, seconds: float | None = None) -> bool:
        """Wait for new events, or for the end of the feed; return False after so many seconds."""
        # Each follower has a future of its own: one of many callbacks is searched when one of them is removed.
        loop = asyncio.get_running_loop()
        woken: asyncio.Future[bool] = loop.create_future()
        self._waiting.add(woken)
        # A timer without the context manager that cancels a task: one event may wake thousands.
        timer = None if seconds is None else loop.call_later(seconds, _wake, woken, False)  # noqa: FBT003 — a result.
        try:
            return await woken
        finally:
            self._waiting.discard(woken)
            if timer is not None:
                timer.cancel()

    def wake(self) -> None:
        """Wake the followers that wait."""
        for woken in self._waiting:
            _wake(woken, True)  # noqa: FBT003 — the same.

    def lag(self, now: datetime) -> Lag:
        """Return how far the followers are behind."""
        behind = self.last - min((follower.position for follower in self.followers), default=self.last)
        if behind <= 0 or not self.rows:
            return Lag(max(0, behind), 0.0)
        oldest = self.rows[max(0, len(self.rows) - behind)]
        return Lag(behind, max(0.0, (now - oldest.occurred_at).total_seconds()))

    def after(self, position: int) -> list[EventRow] | None:
        """Return the kept events after a position, None if older ones are missing."""
        count = self.last - position
        if count == 1 and self.rows:
            return [self.rows[-1]]
        if count > len(self.rows):
            return None
        return list(islice(self.rows, len(self.rows) - count, len(self.rows) - count + BATCH_MAX))


def _wake(woken: asyncio.Future[bool], has_changed: bool) -> None:  # noqa: FBT001 — a result.
    if not woken.done():
        woken.set_result(has_changed)
