"""The feed: the events of partners for those who follow them, read once in a process for all of them.

A follower has a position, the number of the last event that it has had. New events are kept for a while; a follower
that is further behind reads pages of the database. So nothing is queued for a follower, however slow it is.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextvars import Context
from datetime import datetime
from itertools import islice

import structlog

from db import events, retention
from db.engine import Connection, Database, row_scope
from db.engine.hints import Listener
from db.events import SPAN_MAX, EventFilter, EventRow, matching
from domain.errors import CursorTooOld, Unavailable
from resolvers.newest_events import BATCH_MAX, KEPT, Lag, NewestEvents

_POLL_SECONDS = 0.1
"""Seconds between looks for what other processes have committed."""

_POLL_VERSION_SECONDS = 0.04
"""Longest time between looks where one is a number in shared memory, and not a statement."""

_POLL_BESIDE_HINTS_SECONDS = 1.0
"""Seconds between looks where other processes send hints, one of which may be lost."""

_PAUSE_SECONDS = 0.005
"""Seconds between looks while this process commits, so that one look finds the events of several transactions."""

_PAUSE_MAX_SECONDS = 0.04
"""Longest of these pauses. A look that finds nothing doubles the next one: the commits are of other partners."""

_PAUSE_AFTER_FAILURE_SECONDS = 1.0

log = structlog.get_logger("portal.feed")


class FeedClosedError(Exception):
    """The process ends its feed: a follower continues in another one from its position."""


class Feed:
    """Feed of a process. It reads the database only while there are followers."""

    def __init__(
        self,
        database: Database,
        *,
        kept: int = KEPT,
        poll_seconds: float = _POLL_SECONDS,
        poll_beside_hints: float = _POLL_BESIDE_HINTS_SECONDS,
    ) -> None:
        """Start without followers; keep so many events of each partner, and look so often for those of others."""
        self._database, self._kept = database, kept
        self.poll_seconds, self._poll_beside_hints = poll_seconds, poll_beside_hints
        self._partners: dict[int, NewestEvents] = {}
        self._reader: asyncio.Task[None] | None = None
        self._hinted = asyncio.Event()
        self._listener: Listener | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self.is_closed = False
        self.events_read = 0

    @property
    def followers(self) -> int:
        """The number of followers."""
        return sum(len(partner.followers) for partner in self._partners.values())

    def lag(self, now: datetime) -> Lag:
        """Return how far the followers are behind what was read."""
        lags = [partner.lag(now) for partner in self._partners.values()]
        return Lag(max((lag.events for lag in lags), default=0), max((lag.seconds for lag in lags), default=0.0))

    async def last_number(self, partner_id: int) -> int:
        """Return the number of the partner's last event, 0 before the first one."""
        with row_scope.of_partner(partner_id):
            found = await self._database.read(
                lambda connection: events.last_numbers(connection, [partner_id]), alone=True
            )
        return found.get(partner_id, 0)

    def follow(self, partner_id: int, position: int, chosen: EventFilter) -> "Follower":
        """Return a follower of the partner's events after a position, which matches those of the filter.

        Close it in the end. The position must not be above the partner's last number.
        """
        partner = self._partners.get(partner_id)
        if partner is None:
            partner = self._partners[partner_id] = NewestEvents(position, self._kept)
        follower = Follower(self, partner_id, partner, position, chosen)
        partner.followers.add(follower)
        if self._reader is None:
            self._database.after_commit.append(self._hinted.set)
            self._listener = self._database.listener(self._hinted.set)
            # In a context of its own: it is not a part of the request that comes first.
            self._reader = asyncio.create_task(self._read_on(), context=Context())
        self._hinted.set()
        return follower

    def leave(self, partner_id: int, follower: "Follower") -> None:
        """Forget a follower, and what is kept for the last one."""
        partner = self._partners[partner_id]
        partner.followers.remove(follower)
        if not partner.followers:
            del self._partners[partner_id]
        if not self._partners:
            self._stop()

    def close(self) -> None:
        """End all followers, which raise FeedClosedError."""
        self.is_closed = True
        for partner in self._partners.values():
            partner.wake()

    async def page(
        self, partner_id: int, chosen: EventFilter, *, after: int, last: int, at_most: int = SPAN_MAX
    ) -> tuple[list[EventRow], int]:
        """Read the first events of the filter between two numbers; return them, and up to which number they are all."""

        async def read(connection: Connection) -> tuple[list[EventRow], int]:
            if after < (dropped := await retention.dropped_number(connection, partner_id)):
                raise CursorTooOld(argument="after", first_number=dropped + 1)
            numbers = await events.last_numbers(connection, [partner_id])
            # After a failover, the primary may not have what the former one announced.
            upto = max(after, min(last, after + SPAN_MAX, numbers.get(partner_id, 0)))
            found = await events.between(connection, partner_id, chosen, after=after, last=upto, at_most=at_most)
            rows = list(found)
            return rows, rows[-1].number if len(rows) == at_most else upto

        with row_scope.of_partner(partner_id):
            return await self._database.read(read)

    def _stop(self) -> None:
        if self._reader is not None:
            self._database.after_commit.remove(self._hinted.set)
            self._reader.cancel()
            self._reader = None
        if self._listener is not None:
            closing = asyncio.create_task(self._listener.close())
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
            self._listener = None

    async def _read_on(self) -> None:
        seen: object = None
        pause = _PAUSE_SECONDS
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._seconds_to_look(has_version=seen is not None)):
                    await self._hinted.wait()
            is_hinted = self._hinted.is_set()
            self._hinted.clear()
            has_found = False
            try:
                # Before the events: what is committed in between is read the next time.
                version = self._database.version()
                if is_hinted or version is None or version != seen:
                    seen = None
                    has_found = await self._read_new()
                    seen = version
                pause = _PAUSE_SECONDS if has_found or not is_hinted else min(2 * pause, _PAUSE_MAX_SECONDS)
            except Exception as error:
                if not isinstance(error, Unavailable):
                    log.exception("feed not read")
                await asyncio.sleep(_PAUSE_AFTER_FAILURE_SECONDS)
            await asyncio.sleep(pause)

    def _seconds_to_look(self, *, has_version: bool) -> float:
        if self._listener is not None and self._listener.is_heard:
            return self._poll_beside_hints
        return min(self.poll_seconds, _POLL_VERSION_SECONDS) if has_version else self.poll_seconds

    @row_scope.for_every_partner
    async def _read_new(self) -> bool:
        """Read the new events of the followed partners; return whether there were any."""
        partners = dict(self._partners)

        async def read(connection: Connection) -> list[tuple[NewestEvents, Sequence[EventRow], int]]:
            # The numbers and the events are of one snapshot, so there is no gap between them.
            new = []
            for partner_id, last in (await events.last_numbers(connection, list(partners))).items():
                known = partners[partner_id].last
                if last > known:
                    after = max(known, last - self._kept)
                    rows = await events.between(connection, partner_id, EventFilter(), after=after, last=last)
                    new.append((partners[partner_id], rows, last))
            return new

        new = await self._database.read(read)
        for partner, rows, last in new:
            partner.add(rows, last)
            self.events_read += len(rows)
        return bool(new)


class Follower(AsyncIterator[EventRow]):
    """Reader of a partner's events after its position: each that matches its filter, once and in order."""

    def __init__(self, feed: Feed, partner_id: int, partner: NewestEvents, position: int, chosen: EventFilter) -> None:
        """Start at a position."""
        self._feed, self._partner_id, self._partner, self._chosen = feed, partner_id, partner, chosen
        self._matches, self._takes_all = matching(chosen), chosen == EventFilter()
        self._ready: deque[EventRow] = deque()
        self._is_open = True
        self.position = position
        """Number up to which all events have been taken."""
        self.partner_id = partner_id

    async def batch(self, most: int = BATCH_MAX, within: float | None = None) -> Sequence[EventRow]:
        """Wait for the next events, and return so many of them at most, never more than `BATCH_MAX`.

        Raises FeedClosedError when the process ends its feed, Unavailable if the database can't be read, and
        TimeoutError if there are no events `within` so many seconds: a later call continues at the same position.
        """
        most = min(most, BATCH_MAX)
        loop = asyncio.get_running_loop()
        until = None if within is None else loop.time() + within
        while True:
            self.check_open()
            partner = self._partner
            if partner.last <= self.position:
                if not await partner.changed(None if until is None else until - loop.time()):
                    raise TimeoutError
                continue
            rows = partner.after(self.position)
            if rows is None:
                # It is no longer kept. One more shows whether there are others.
                found, position = await self._feed.page(
                    self._partner_id, self._chosen, after=self.position, last=partner.last, at_most=most + 1
                )
            else:
                matching_rows = rows if self._takes_all else filter(self._matches, rows)
                found, position = list(islice(matching_rows, most + 1)), rows[-1].number
            if len(found) > most:
                found = found[:most]
                position = found[-1].number
            is_further, self.position = position > self.position, position
            if found:
                return found
            if until is not None and loop.time() >= until:
                raise TimeoutError
            # After a failover, the primary may be behind what was found before. What is read in place awaits nothing,
            # and others have to have their turn.
            await asyncio.sleep(0 if is_further else self._feed.poll_seconds)

    def check_open(self) -> None:
        """Raise FeedClosedError if the process ends its feed."""
        if self._feed.is_closed:
            raise FeedClosedError

    async def __anext__(self) -> EventRow:
        """Wait for the next event."""
        if not self._ready:
            self._ready.extend(await self.batch())
        return self._ready.popleft()

    async def aclose(self) -> None:
        """Leave the feed."""
        self.close()

    def close(self) -> None:
        """Leave the feed."""
        if self._is_open:
            self._is_open = False
            self._feed.leave(self._partner_id, self)
