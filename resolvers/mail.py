"""E-mails that are sent in the background, after the transaction that causes them, and the links in them."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple, Protocol

import structlog

from db.engine.deadline import current
from domain.attempts import MailLimits

log = structlog.get_logger("portal.mail")

DEFAULT_PORTAL_URL = "http://127.0.0.1:8000"
DEFAULT_LIMITS = MailLimits()


class Mail(NamedTuple):
    """Plain e-mail to one person."""

    to: str
    subject: str
    text: str


class Mailer(Protocol):
    """Sender of e-mails."""

    async def send(self, mail: Mail) -> bool:
        """Send an e-mail, with retries; return False, with the reason in the log, if it can't be sent."""


class LinkTo(Enum):
    """Page of the front-end that a link is to."""

    INVITATION = "accept-invitation"
    PASSWORD_RESET = "reset-password"  # noqa: S105 — a path.


@dataclass(slots=True)
class Outbox:
    """E-mails of this process that are being sent; without a mailer, people pass links on by themselves."""

    mailer: Mailer | None = None
    portal_url: str = DEFAULT_PORTAL_URL
    limits: MailLimits = DEFAULT_LIMITS
    _sending: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def sending(self) -> int:
        """The number of e-mails that are being sent."""
        return len(self._sending)

    def link(self, to: LinkTo, secret: str) -> str:
        """Return a link with a secret in its fragment, which browsers send to no server."""
        return f"{self.portal_url}/{to.value}#{secret}"

    def start(self, work: Coroutine[None, None, object]) -> None:
        """Run work that sends an e-mail in the background."""
        task = asyncio.create_task(_logged(work))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def drain(self, seconds: float) -> None:
        """Wait until all e-mails are sent, and give up those that take longer."""
        if self._sending:
            _, late = await asyncio.wait(self._sending, timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)


async def _logged(work: Coroutine[None, None, object]) -> None:
    # It goes on when the request has been answered.
    current.set(None)
    try:
        await work
    except Exception:
        log.exception("an e-mail is given up")
