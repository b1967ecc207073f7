"""Webhooks that may have something to send: a page of them at a time, and what their filters leave out."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

import structlog

from db import webhook_leases, webhooks
from db.events import EventFilter
from db.webhook_leases import Due, WebhookKey
from domain.errors import CursorTooOld, Unavailable
from resolvers.portal import Portal

_LOOKED_AT_MAX = 500
"""Webhooks that one look reads; the next one reads those after them."""

_LEFT_OUT_MAX = 1_000
"""Events left out by a filter after which the position is written, so that they are not read again forever."""

_LEFT_OUT_SECONDS = 3600.0
"""How long events may be left out before the position is written, which must not be older than what is kept."""

log = structlog.get_logger("portal.webhooks")


class _LeftOut(NamedTuple):
    """Events of a webhook that its filter leaves out: those after its position, up to a number."""

    position: int
    fence: int
    upto: int
    since: float
    """Monotonic time at which they were first looked at."""


class Candidates:
    """Reader of the webhooks of all partners that no sender has leased."""

    def __init__(self, portal: Portal, look_again: Callable[[], None]) -> None:
        """Start with the first webhooks; `look_again` is called if there is more to read than was read."""
        self._portal, self._look_again = portal, look_again
        self._behind_after = self._waiting_after = 0
        self._left_out: dict[int, _LeftOut] = {}
        self._behind: set[int] = set()
        """Ids of the webhooks that the looks since the first webhooks found behind."""

    async def behind(self, now: datetime) -> Sequence[Due]:
        """Return the next webhooks that are behind the events of their partners."""
        after, most = self._behind_after, _LOOKED_AT_MAX
        found = await self._portal.database.read(
            lambda connection: webhook_leases.due(connection, at=now, after=after, most=most), alone=True
        )
        self._behind.update(each.id for each in found)
        self._behind_after = self._next(found)
        if not self._behind_after:
            # Others were deleted, paused or served since.
            self._left_out = {key: known for key, known in self._left_out.items() if key in self._behind}
            self._behind.clear()
        return found

    async def waiting(self, now: datetime) -> Sequence[WebhookKey]:
        """Return the next webhooks that have deliveries which wait to be sent."""
        after, most = self._waiting_after, _LOOKED_AT_MAX
        found = await self._portal.database.read(
            lambda connection: webhook_leases.waiting(connection, at=now, after=after, most=most), alone=True
        )
        self._waiting_after = self._next(found)
        return found

    async def is_wanted(self, due: Due) -> bool:
        """Return whether the webhook has something to send; log an error, which is that of one webhook."""
        try:
            return await self._has_something(due)
        except Unavailable:
            raise
        except Exception:
            log.exception("a webhook could not be served", webhook=due.id)
            return False

    def _next(self, found: Sequence[Due] | Sequence[WebhookKey]) -> int:
        """Return the id after which the next look reads, 0 for the first webhooks."""
        if len(found) < _LOOKED_AT_MAX:
            return 0
        self._look_again()
        return found[-1].id

    async def _has_something(self, due: Due) -> bool:
        """Return whether the next page of events has one to send, or the position has to be written."""
        seconds = self._portal.monotonic()
        known = self._left_out.get(due.id)
        if known is None or (known.position, known.fence) != (due.position, due.fence):
            known = _LeftOut(due.position, due.fence, due.position, seconds)
        chosen = webhooks.filter_of(due.filter)
        if chosen == EventFilter():
            return True
        upto = known.upto
        if upto < due.last_number:
            try:
                rows, upto = await self._portal.feed.page(
                    due.partner_id, chosen, after=upto, last=due.last_number, at_most=1
                )
            except CursorTooOld:
                # The delivery suspends it.
                return True
            # What is read in place awaits nothing, and others have to have their turn.
            await asyncio.sleep(0)
            if rows:
                return True
        if known.upto < upto < due.last_number:
            self._look_again()
        self._left_out[due.id] = known._replace(upto=upto)
        return upto - due.position >= _LEFT_OUT_MAX or (
            upto > due.position and seconds >= known.since + _LEFT_OUT_SECONDS
        )
