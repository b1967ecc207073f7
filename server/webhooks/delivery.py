"""Delivery of one message: what is sent, and what its outcome changes."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

import structlog

from db import event_log, events, webhook_deliveries, webhook_leases, webhooks
from db.engine import Transaction
from db.events import EventRow
from db.webhook_deliveries import Attempt, DeliveryRow, Message
from db.webhook_leases import Leased, Progress
from db.webhook_suspensions import Suspended
from domain.errors import CursorTooOld, Unavailable
from domain.events import Event, EventType
from domain.webhook_retries import Failing, is_due, next_attempt
from domain.webhook_texts import is_erased
from domain.webhooks import (
    BATCH_MAX,
    DeliveryFailure,
    DeliveryStatus,
    SuspensionReason,
    WebhookState,
)
from resolvers.encryption import UnsealingError
from resolvers.portal import Portal
from server.webhooks import attempts, messages
from server.webhooks.bodies import Bodies, RenderSelection, UnusableError
from server.webhooks.client import GONE, Answered, WebhookClient
from server.webhooks.suspensions import TOLD_WITHIN, Teller

log = structlog.get_logger("portal.webhooks")

_NOTHING_SENT = Answered(DeliveryStatus.FAILED, DeliveryFailure.NOT_SENT, None, 0, None)


class _Events(NamedTuple):
    """Events of the next message, the number up to which they are all, and that of the partner's last event."""

    rows: Sequence[EventRow]
    upto: int
    last: int


class Deliverer:
    """Maker of messages and of what is written about them."""

    def __init__(
        self,
        portal: Portal,
        selections: RenderSelection,
        client: WebhookClient,
        *,
        luck: Callable[[], float],
        lease_end: Callable[[], datetime],
        teller: Teller,
    ) -> None:
        """Take the client that sends, `luck`, which shortens pauses, and until when a lease that is written lasts."""
        self._portal, self._bodies, self._client = portal, Bodies(portal, selections), client
        self._luck, self._lease_end = luck, lease_end
        self._teller = teller

    async def deliver(self, held: Leased) -> Leased | None:
        """Send the next message of a leased webhook, and return it as it is then; None if the lease has ended.

        The lease ends if there is nothing to send. No transaction is open while the receiver has the message.
        """
        waiting = await self._portal.database.read(
            lambda connection: webhook_deliveries.queued(connection, held.partner_id, held.id), alone=True
        )
        try:
            if waiting is not None:
                return await self._send_again(held, waiting)
            return await self._send_next(held)
        except UnusableError as unusable:
            reason = unusable.reason
        if waiting is not None:
            # It waits for nothing any more.
            await self._finish(held, waiting, attempts.not_sent(waiting))
        suspended = await self._portal.database.write(lambda tx: self._suspend(tx, held, reason))
        if suspended is not None:
            self._teller.tell(suspended)
        else:
            # A user has paused it meanwhile.
            await self._release(held)
        return None

    async def _send_next(self, held: Leased) -> Leased | None:
        if held.state is not WebhookState.ACTIVE or not is_due(held.next_attempt_at, self._portal.now()):
            await self._release(held)
            return None
        try:
            found = await self._next_events(held)
        except CursorTooOld:
            raise UnusableError(SuspensionReason.EXPIRED) from None
        if held.batch_end is not None and found.upto < held.batch_end:
            # After a failover, the primary lacks some events of the message that failed.
            await self._release(held)
            return None
        if found.rows:
            return await self._send(held, found)
        # What failed before, if anything did, is no longer there.
        is_over = not held.position < found.upto < found.last

        async def write(tx: Transaction) -> Leased | None:
            moved = await webhook_leases.move(tx, held, Progress(found.upto), until=self._lease_end())
            if moved is not None and is_over:
                await webhook_leases.release(tx, moved)
            return None if is_over else moved

        return await self._portal.database.write(write)

    async def _next_events(self, held: Leased) -> _Events:
        """Return the events of the next message on one page; after a failure, those of the same message."""
        feed, chosen = self._portal.feed, webhooks.filter_of(held.filter)
        last = await feed.last_number(held.partner_id)
        end = last if held.batch_end is None else held.batch_end
        rows, upto = await feed.page(
            held.partner_id, chosen, after=held.position, last=end, at_most=held.batch_size + 1
        )
        # What is read in place awaits nothing, and others have to have their turn.
        await asyncio.sleep(0)
        if len(rows) > held.batch_size:
            rows = rows[: held.batch_size]
            upto = rows[-1].number
        return _Events(rows, upto, last)

    async def _send(self, held: Leased, found: _Events) -> Leased | None:
        message = messages.of_events(self._portal, held, found.rows)
        try:
            # What failed is sent again with the same events, and the same id.
            is_whole = held.batch_end is not None
            body = await self._bodies.of(held, found.rows, batched=held.batch_size > 1, whole=is_whole)
            if len(body.rows) < len(found.rows):
                found = _Events(body.rows, body.rows[-1].number, found.last)
                message = messages.of_events(self._portal, held, found.rows)
            answered = await self._post(held, message, body.content)
        except (UnusableError, Unavailable):
            raise
        except Exception:
            log.exception("a message could not be made", webhook=held.id)
            answered = _NOTHING_SENT
        now = self._portal.now()
        # What was not sent may be made anew, with other events.
        batch_end = held.batch_end if answered is _NOTHING_SENT else found.rows[-1].number
        progress, reason = self._progress(held, found.upto, batch_end, answered, now)
        attempt = attempts.answered_with(held.attempts + 1, answered, progress.next_attempt_at)
        # Nothing more can be sent now: one transaction less ends the lease.
        is_over = answered.status is DeliveryStatus.FAILED or found.upto >= found.last

        async def write(tx: Transaction) -> tuple[Leased | None, Suspended | None]:
            moved = await webhook_leases.move(tx, held, progress, until=self._lease_end())
            if moved is None:
                return None, None
            kept = await self._without_erased(tx, held, attempt, found.last)
            await webhook_deliveries.add(tx, held.partner_id, held.id, message, kept, at=now)
            suspended = None if reason is None else await self._suspend(tx, held, reason)
            if is_over and suspended is None:
                await webhook_leases.release(tx, held)
            return None if is_over else moved, suspended

        moved, suspended = await self._portal.database.write(write)
        if suspended is not None:
            self._teller.tell(suspended)
        return moved

    def _progress(
        self, held: Leased, upto: int, batch_end: int | None, answered: Answered, now: datetime
    ) -> tuple[Progress, SuspensionReason | None]:
        if answered.status is DeliveryStatus.DELIVERED:
            return Progress(upto), None
        # The clock may have been set back since.
        failing = Failing(held.attempts + 1, min(held.failing_since or now, now))
        again = next_attempt(failing, now, luck=self._luck(), wanted=answered.retry_after)
        reason = SuspensionReason.FAILING if again is None else None
        if answered.http_status == GONE:
            again, reason = None, SuspensionReason.GONE
        return Progress(held.position, batch_end, failing.attempts, failing.since, again), reason

    async def fail(self, held: Leased) -> None:
        """Write that an error of the portal prevented what `deliver` was to do, and end the lease.

        A delivery that waits is not tried again. Events are, after the pauses of any failure.
        """
        waiting = await self._portal.database.read(
            lambda connection: webhook_deliveries.queued(connection, held.partner_id, held.id), alone=True
        )
        now = self._portal.now()
        progress, reason = self._progress(held, held.position, held.batch_end, _NOTHING_SENT, now)
        if waiting is not None:
            progress, reason = _as_it_is(held), None

        async def write(tx: Transaction) -> Suspended | None:
            if await webhook_leases.move(tx, held, progress, until=self._lease_end()) is None:
                return None
            if waiting is not None:
                await webhook_deliveries.finish(tx, held.partner_id, held.id, waiting.id, attempts.not_sent(waiting))
            suspended = None if reason is None else await self._suspend(tx, held, reason)
            if suspended is None:
                await webhook_leases.release(tx, held)
            return suspended

        suspended = await self._portal.database.write(write)
        if suspended is not None:
            self._teller.tell(suspended)

    async def _send_again(self, held: Leased, waiting: DeliveryRow) -> Leased | None:
        message = webhook_deliveries.message_of(waiting)
        rows = await self._events_of(held, message)
        if message.first_number is not None and not rows:
            return await self._finish(held, waiting, attempts.not_sent(waiting))
        last = await self._portal.feed.last_number(held.partner_id)
        if rows:
            content, _ = await self._bodies.of(held, rows, batched=bool(message.batched), whole=True)
        else:
            content = messages.ping_body(held, self._portal.now())
        answered = await self._post(held, message, content)
        return await self._finish(held, waiting, attempts.answered_with(waiting.attempt, answered, None), last=last)

    async def _events_of(self, held: Leased, message: Message) -> Sequence[EventRow]:
        """Return the events of a message; none if they are no longer those that it had."""
        _, first, last, chosen, _ = message
        if first is None or last is None or chosen is None:
            return []
        try:
            rows, _ = await self._portal.feed.page(
                held.partner_id, webhooks.filter_of(chosen), after=first - 1, last=last, at_most=BATCH_MAX + 1
            )
        except CursorTooOld:
            return []
        is_same = 0 < len(rows) <= BATCH_MAX and (rows[0].number, rows[-1].number) == (first, last)
        return rows if is_same else []

    async def _finish(self, held: Leased, waiting: DeliveryRow, attempt: Attempt, *, last: int = 0) -> Leased | None:
        """Write what became of a delivery that waited; `last` is the partner's last event before the message.

        If the receiver is gone, this suspends an active webhook, as any message does, and returns None.
        """

        async def write(tx: Transaction) -> tuple[Leased | None, Suspended | None]:
            moved = await webhook_leases.move(tx, held, _as_it_is(held), until=self._lease_end())
            if moved is None:
                return None, None
            kept = await self._without_erased(tx, held, attempt, last)
            await webhook_deliveries.finish(tx, held.partner_id, held.id, waiting.id, kept)
            is_gone = attempt.http_status == GONE
            suspended = await self._suspend(tx, held, SuspensionReason.GONE) if is_gone else None
            return None if suspended else moved, suspended

        moved, suspended = await self._portal.database.write(write)
        if suspended is not None:
            self._teller.tell(suspended)
        return moved

    async def _without_erased(self, tx: Transaction, held: Leased, attempt: Attempt, last: int) -> Attempt:
        """Return the attempt without its answer if a client was cancelled since the event with this number.

        The webhook is locked: an erasure either waits for this transaction or has committed its event.
        """
        if attempt.answer is None:
            return attempt
        is_cancelled = await events.has_after(tx, held.partner_id, EventType.CLIENT_CANCELLED, last)
        return attempt._replace(answer=None) if is_cancelled else attempt

    async def _post(self, held: Leased, message: Message, body: bytes) -> Answered:
        if is_erased(held.url, held.selection):
            raise UnusableError(SuspensionReason.ERASED)
        try:
            headers = await messages.headers(self._portal, held, message.message_id, body, self._portal.now())
        except UnsealingError:
            raise UnusableError(SuspensionReason.KEYS) from None
        answered = await self._client.post(held.url, headers, body)
        outcome = answered.failure or answered.status
        self._portal.counts.deliveries[outcome.value.lower()] += 1
        return answered

    async def _release(self, held: Leased) -> None:
        await self._portal.database.write(lambda tx: webhook_leases.release(tx, held))

    async def _suspend(self, tx: Transaction, held: Leased, reason: SuspensionReason) -> Suspended | None:
        """Suspend the webhook, with an event; return None if it is not active."""
        at = self._portal.now()
        if not await webhook_leases.suspend(tx, held, reason, at=at, tell_at=at + TOLD_WITHIN):
            return None
        happened = [Event(type=EventType.WEBHOOK_SUSPENDED, webhook_id=held.id)]
        await event_log.append(tx, held.partner_id, happened, actor_id=None, at=at)
        return Suspended(held.id, held.partner_id, held.maker_id, held.language, held.url, reason, at)


def _as_it_is(held: Leased) -> Progress:
    return Progress(held.position, held.batch_end, held.attempts, held.failing_since, held.next_attempt_at)
