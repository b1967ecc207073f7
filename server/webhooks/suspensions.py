"""E-mails about suspended webhooks, which are sent though a process dies before it sends them."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import structlog

from db import webhook_leases
from db.webhook_leases import Manager, Suspended
from domain import mails
from domain.languages import Language
from resolvers.mail import Mail, Mailer
from resolvers.portal import Portal

_TELL_EVERY_SECONDS = 60
_TOLD_WITHIN = timedelta(minutes=5)
"""How long after a suspension its e-mails may take before they count as lost."""

_TOLD_TOGETHER = 100
"""Late suspensions that are read at once; the others follow a minute later."""

log = structlog.get_logger("portal.webhooks")


class Teller:
    """Sender of these e-mails."""

    def __init__(self, portal: Portal) -> None:
        """Start without having looked for late ones."""
        self._portal = portal
        self._next_tell = 0.0
        """Seconds of the clock that is never set."""

    async def tell_late(self) -> None:
        """Send the e-mails about suspensions whose process died before it did; look for them once a minute."""
        seconds = self._portal.monotonic()
        if seconds < self._next_tell:
            return
        self._next_tell = seconds + _TELL_EVERY_SECONDS
        until = self._portal.now() - _TOLD_WITHIN
        for found in await self._portal.database.read(
            lambda connection: webhook_leases.untold(connection, until=until, most=_TOLD_TOGETHER)
        ):
            # Written first, so that one process sends them.
            if await self._write_told(found):
                await self.tell(found)

    async def tell(self, suspended: Suspended) -> None:
        """Send an e-mail to those who manage the partner's webhooks."""
        reason, mailer = suspended.suspension_reason, self._portal.outbox.mailer
        log.warning("webhook suspended", partner=suspended.partner_id, webhook=suspended.id, reason=reason.value)
        if mailer is None:
            await self._write_told(suspended)
            return
        managers = await self._portal.database.read(
            lambda connection: webhook_leases.managers(connection, suspended.partner_id)
        )
        self._portal.outbox.start(self._send_mails(mailer, suspended, managers))

    async def _send_mails(self, mailer: Mailer, suspended: Suspended, managers: Sequence[Manager]) -> None:
        await asyncio.gather(*(mailer.send(_mail(suspended, manager)) for manager in managers))
        await self._write_told(suspended)

    async def _write_told(self, suspended: Suspended) -> bool:
        at = self._portal.now()
        return await self._portal.database.write(
            lambda tx: webhook_leases.tell(tx, suspended.partner_id, suspended.id, at=at)
        )


def _mail(suspended: Suspended, manager: Manager) -> Mail:
    # The language of the others is not known.
    language = suspended.language if manager.id == suspended.maker_id else Language.PORTUGUESE
    subject, text = mails.webhook_suspended(language, url=suspended.url, reason=suspended.suspension_reason)
    return Mail(manager.email, subject, text)
