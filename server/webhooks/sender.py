"""Sender of a process: it leases webhooks with something to send, and serves each in a task of its own."""

import asyncio
import contextlib
from collections.abc import Iterable, Sequence
from contextvars import Context as ContextVariables
from datetime import datetime, timedelta
from functools import partial
from random import Random
from secrets import token_hex
from typing import Any, NamedTuple

import structlog

from db import webhook_leases
from db.engine import Transaction, deadline, row_scope
from db.webhook_leases import Leased, WebhookKey
from domain.errors import Unavailable
from resolvers.portal import Portal
from server.webhooks.bodies import RenderSelection
from server.webhooks.candidates import Candidates
from server.webhooks.capacity import FreePlaces, Places
from server.webhooks.client import WebhookClient
from server.webhooks.delivery import Deliverer
from server.webhooks.network import RESOLVES_APART
from server.webhooks.suspensions import Teller

LEASE_SECONDS = 6.0
"""How long after the death of its sender a webhook is served by another one."""

_POLL_SECONDS = 1.0
_RENEW_SECONDS = 2.0
_PAUSE_SECONDS = 0.25
"""Least time between two looks for work, however often this process commits."""

_PAUSE_AFTER_FAILURE_SECONDS = 5.0
_GRACE_SECONDS = 2.0
_LAST_SECONDS = 2.0
"""How long a stopping sender waits for the write that gives its leases back."""

_TURN_MESSAGES = 100
"""Messages after which a webhook lets others have its place."""

_TURN_SECONDS = 5.0
"""Seconds after which it does, when a request has ended."""

log = structlog.get_logger("portal.webhooks")


class Intervals(NamedTuple):
    """Seconds between looks for work and between renewals of leases, and the length of a lease."""

    poll: float = _POLL_SECONDS
    renew: float = _RENEW_SECONDS
    lease: float = LEASE_SECONDS
    pause: float = _PAUSE_SECONDS


class Sender:
    """Sender of messages to webhooks, each of which one process serves at a time."""

    def __init__(
        self,
        portal: Portal,
        selections: RenderSelection,
        client: WebhookClient,
        *,
        intervals: Intervals | None = None,
        places: Places | None = None,
        random: Random | None = None,
    ) -> None:
        """Take the client that sends; `random` chooses who is served first, and shortens pauses."""
        self.name = token_hex(16)
        self._portal, self._client = portal, client
        self._intervals, self._places = intervals or Intervals(), places or Places()
        self._random = random or Random()  # noqa: S311 — no secret.
        self._teller = Teller(portal)
        self._deliverer = Deliverer(
            portal, selections, client, luck=self._random.random, lease_end=self._until, teller=self._teller
        )
        self._serving: dict[int, asyncio.Task[None]] = {}
        self._held: dict[int, Leased] = {}
        self._failing: set[int] = set()
        """Ids of the webhooks that are served in a place for failing ones."""
        self._wake = asyncio.Event()
        self._candidates = Candidates(portal, self._wake.set)
        self._own: set[asyncio.Task[Any] | None] = set()
        """Tasks whose commits are no reason to look for work."""

    async def run(self) -> None:
        """Send until cancelled; then end what is being sent, and give the leases back."""
        self._portal.database.after_commit.append(self._committed)
        renewing = asyncio.create_task(self._renew_on())
        self._own |= {asyncio.current_task(), renewing}
        try:
            while True:
                pause = self._intervals.pause
                self._wake.clear()
                try:
                    await self.look()
                except Exception as error:
                    if not isinstance(error, Unavailable):
                        log.exception("webhooks are not sent")
                    pause = _PAUSE_AFTER_FAILURE_SECONDS
                await asyncio.sleep(pause)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._intervals.poll):
                        await self._wake.wait()
        finally:
            self._portal.database.after_commit.remove(self._committed)
            renewing.cancel()
            await self._end()

    async def look(self) -> int:
        """Begin to serve webhooks that have something to send, of the next page of them, and return their number."""
        await self._teller.tell_late()
        now = self._portal.now()
        behind, waiting = await self._candidates.behind(now), await self._candidates.waiting(now)
        free = self._free()
        wanted: dict[WebhookKey, bool] = {}
        for key in self._random.sample(waiting, len(waiting)):
            if key.id not in self._serving and free.has(key.partner_id, failing=True):
                wanted[key] = True
                free.take(key.partner_id, failing=True)
        # None of them is always the last one.
        for due in self._random.sample(behind, len(behind)):
            key = WebhookKey(due.partner_id, due.id)
            has_failed = due.attempts > 0
            if due.id in self._serving or key in wanted or not free.has(due.partner_id, failing=has_failed):
                continue
            if await self._candidates.is_wanted(due):
                wanted[key] = has_failed
                free.take(due.partner_id, failing=has_failed)
        return await self._lease(wanted) if wanted else 0

    async def wait(self) -> None:
        """Wait until no webhook is being served."""
        while self._serving:
            await asyncio.wait(self._serving.values())
            # What is called at a task's end runs in the loop's next round.
            await asyncio.sleep(0)

    async def renew(self) -> None:
        """Renew the leases of the webhooks that are being served, and stop serving those whose lease was lost."""
        held = list(self._held.values())
        if not held:
            return
        # A write may have waited: the lease lasts from when it is written.
        kept = await self._portal.database.write(lambda tx: webhook_leases.renew(tx, held, until=self._until()))
        for each in held:
            now_held = self._held.get(each.id)
            if each.id not in kept and now_held is not None and now_held.fence == each.fence:
                self._serving[each.id].cancel()

    def _free(self) -> FreePlaces:
        free = FreePlaces(self._places)
        for held in self._held.values():
            free.take(held.partner_id, failing=held.id in self._failing)
        return free

    async def _lease(self, wanted: dict[WebhookKey, bool]) -> int:
        now = self._portal.now()
        leased = await self._portal.database.write(
            lambda tx: webhook_leases.lease(tx, list(wanted), self.name, at=now, until=self._until())
        )
        for held in leased:
            self._held[held.id] = held
            if wanted[WebhookKey(held.partner_id, held.id)]:
                self._failing.add(held.id)
            # In a context of its own: it is no part of what has begun the look.
            task = asyncio.create_task(self._serve(held), context=ContextVariables())
            self._serving[held.id] = task
            self._own.add(task)
            task.add_done_callback(partial(self._ended, held.id))
        return len(leased)

    def _committed(self) -> None:
        if asyncio.current_task() not in self._own:
            self._wake.set()

    def _ended(self, webhook_id: int, task: asyncio.Task[None]) -> None:
        self._own.discard(task)
        for known in (self._serving, self._held):
            known.pop(webhook_id, None)
        self._failing.discard(webhook_id)
        self._wake.set()

    @row_scope.for_every_partner
    async def _serve(self, held: Leased) -> None:
        """Send one message after the other, until there is none, one has failed, or the lease was lost."""
        RESOLVES_APART.set(held.id in self._failing)
        end = self._portal.monotonic() + _TURN_SECONDS
        try:
            for _ in range(_TURN_MESSAGES):
                following = await self._deliverer.deliver(held)
                if following is None:
                    return
                self._held[held.id] = held = following
                if self._portal.monotonic() >= end:
                    break
            await self._give_back([held])
        except Unavailable:
            # Its lease ends by itself, and what was sent may be sent again.
            log.warning("a webhook is served later: the database is not available", webhook=held.id)
        except Exception:
            log.exception("a webhook could not be served", webhook=held.id)
            await self._fail(held)

    async def _fail(self, held: Leased) -> None:
        try:
            await self._deliverer.fail(held)
        except Exception as error:
            # Its lease ends by itself.
            if not isinstance(error, Unavailable):
                log.exception("a failure of a webhook could not be written", webhook=held.id)

    async def _give_back(self, leases: Iterable[Leased]) -> None:
        async def release(tx: Transaction) -> None:
            for held in leases:
                await webhook_leases.release(tx, held)

        await self._portal.database.write(release)

    async def _renew_on(self) -> None:
        while True:
            await asyncio.sleep(self._intervals.renew)
            try:
                await self.renew()
            except Exception as error:
                if not isinstance(error, Unavailable):
                    log.exception("leases of webhooks could not be renewed")

    async def _end(self) -> None:
        """Let requests end for a moment, and give the leases of the others back."""
        tasks: Sequence[asyncio.Task[None]] = list(self._serving.values())
        if tasks:
            await asyncio.wait(tasks, timeout=_GRACE_SECONDS)
        left = list(self._held.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if left:
            # They end by themselves, if the database does not answer.
            with contextlib.suppress(Unavailable), deadline.limited(_LAST_SECONDS, for_change=True):
                await self._give_back(left)
        await self._client.aclose()

    def _until(self) -> datetime:
        return self._portal.now() + timedelta(seconds=self._intervals.lease)
