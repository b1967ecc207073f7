"""E-mails about suspended webhooks, which processes try until the mail server has taken them."""

import asyncio
from datetime import datetime, timedelta

import structlog

from db import webhook_suspensions
from db.webhook_suspensions import LONGEST_PAUSE, Manager, Suspended
from domain import mails
from domain.languages import Language
from resolvers.mail import Mail, Mailer
from resolvers.portal import Portal

TOLD_WITHIN = timedelta(minutes=5)
"""How long after an attempt its e-mails may take before they count as lost."""

_TELL_EVERY_SECONDS = 60
_TOLD_TOGETHER = 100
"""Suspensions that are read at once; the others follow a minute later."""

log = structlog.get_logger("portal.webhooks")


class Teller:
    """Sender of these e-mails."""

    def __init__(self, portal: Portal) -> None:
        """Start without having looked for untold suspensions."""
        self._portal = portal
        self._next_tell = 0.0
        """Seconds of the clock that is never set."""
        self._telling: set[int] = set()
        """Ids of the webhooks whose e-mails are being sent."""

    async def tell_late(self) -> None:
        """Send the e-mails that were not taken yet, or never tried; look for them once a minute."""
        seconds = self._portal.monotonic()
        if seconds < self._next_tell:
            return
        self._next_tell = seconds + _TELL_EVERY_SECONDS
        if self._portal.outbox.mailer is None:
            # Another process may have one.
            return
        now = self._portal.now()
        for found in await self._portal.database.read(
            lambda connection: webhook_suspensions.untold(connection, at=now, most=_TOLD_TOGETHER)
        ):
            # Written first, so that one process sends them.
            if found.id not in self._telling and await self._claim(found, now):
                self._start(found)

    def tell(self, suspended: Suspended) -> None:
        """Send an e-mail to those who manage the partner's webhooks."""
        reason = suspended.suspension_reason.value
        log.warning("webhook suspended", partner=suspended.partner_id, webhook=suspended.id, reason=reason)
        self._start(suspended)

    async def _claim(self, suspended: Suspended, now: datetime) -> bool:
        # The pauses double.
        again_at = now + min(max(now - suspended.suspended_at, TOLD_WITHIN), LONGEST_PAUSE)
        return await self._portal.database.write(
            lambda tx: webhook_suspensions.claim(tx, suspended, at=now, again_at=again_at)
        )

    def _start(self, suspended: Suspended) -> None:
        mailer = self._portal.outbox.mailer
        if mailer is None:
            return
        self._telling.add(suspended.id)
        self._portal.outbox.start(self._send_mails(mailer, suspended))

    async def _send_mails(self, mailer: Mailer, suspended: Suspended) -> None:
        try:
            told = {int(each) for each in (suspended.told_ids or "").split()}
            managers = await self._portal.database.read(
                lambda connection: webhook_suspensions.managers(connection, suspended.partner_id)
            )
            untold = [each for each in managers if each.id not in told]
            taken = await asyncio.gather(*(mailer.send(_mail(suspended, manager)) for manager in untold))
            told |= {manager.id for manager, is_taken in zip(untold, taken, strict=True) if is_taken}
            await self._write_told(suspended, told, is_done=all(taken))
        finally:
            self._telling.discard(suspended.id)

    async def _write_told(self, suspended: Suspended, told: set[int], *, is_done: bool) -> None:
        at = self._portal.now() if is_done else None
        await self._portal.database.write(lambda tx: webhook_suspensions.tell(tx, suspended, told, at=at))


def _mail(suspended: Suspended, manager: Manager) -> Mail:
    # The language of the others is not known.
    language = suspended.language if manager.id == suspended.maker_id else Language.PORTUGUESE
    subject, text = mails.webhook_suspended(language, url=suspended.url, reason=suspended.suspension_reason)
    return Mail(manager.email, subject, text)
