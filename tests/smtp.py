"""Mail server in tests: a real one, on this process's loop, which keeps what it receives."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope

from resolvers.mail import Outbox
from resolvers.portal import Portal
from server.mail import SmtpMailer, server_of
from tests import listening

SENDER = "portal@moderniza.example"
PORTAL_URL = "https://portal.example"
_PATIENCE_SECONDS = 60


@dataclass
class Inbox:
    """Received e-mails, and the answers to the next recipients, if they are not accepted.

    It has no slots: aiosmtpd reads all attributes of its handler, and before Python 3.11.4 one of them raises an error.
    """

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Envelope, address: str, _: Any) -> str:  # noqa: N802, ANN401 — aiosmtpd's name and types.
        """Accept the recipient, unless the next answer is another one."""
        if self.answers:
            return self.answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:  # noqa: N802, ANN401 — the same.
        """Keep the e-mail."""
        assert isinstance(envelope.content, bytes)
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        self.recipients += envelope.rcpt_tos
        return "250 OK"

    def secret(self) -> str:
        """Return the secret of the link in the last e-mail."""
        (link,) = (line for line in self.mails[-1].get_content().splitlines() if line.startswith(PORTAL_URL))
        return str(link.partition("#")[2])


@asynccontextmanager
async def inbox() -> AsyncIterator[Inbox]:
    """Run a mail server on a free port."""
    found = Inbox()
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(found, hostname="mail.test"), "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        await listening.close(server)


def sends_to(portal: Portal, found: Inbox) -> None:
    """Let the portal send its e-mails to the server, with retries that wait for nothing."""
    mailer = SmtpMailer(server_of(f"smtp://127.0.0.1:{found.port}"), SENDER, retry_seconds=(0, 0))
    portal.outbox = Outbox(mailer, PORTAL_URL)


async def sent(portal: Portal) -> None:
    """Wait until the portal has sent its e-mails."""
    await portal.outbox.drain(_PATIENCE_SECONDS)
