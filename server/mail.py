"""Sending of e-mails over SMTP."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, localtime, make_msgid
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import aiosmtplib
import structlog

from domain.addresses import is_host
from resolvers.mail import Mail

RETRY_SECONDS = (2.0, 15.0, 60.0)
"""Pauses between the attempts to send one e-mail."""

_TIMEOUT_SECONDS = 20
_AT_ONCE = 4
_PERMANENT = range(500, 600)
_LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})

log = structlog.get_logger("portal.mail")


class Server(NamedTuple):
    """SMTP server, as a URL describes it."""

    host: str
    port: int
    username: str | None
    password: str | None
    use_tls: bool
    """Whether the connection begins with TLS, as on port 465."""

    start_tls: bool | None
    """Whether STARTTLS is required; None to use it if the server offers it."""


def server_of(url: str) -> Server:
    """Return the server of smtp://USER:PASSWORD@HOST:PORT or smtps://…; raise ValueError for any other URL."""
    try:
        parts = urlsplit(url)
        is_of_mail = parts.scheme in {"smtp", "smtps"} and parts.port != 0 and is_host(parts.hostname or "")
    except ValueError:
        # Its message has a part of the URL, which may be one of the password.
        is_of_mail = False
    if not is_of_mail or not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
        message = (
            "it has to be smtp://USER:PASSWORD@HOST:PORT or smtps://USER:PASSWORD@HOST:PORT, with other characters of "
            "the password than letters and digits percent-encoded, such as %23 for #"
        )
        raise ValueError(message)
    use_tls = parts.scheme == "smtps"
    password = None if parts.password is None else unquote(parts.password)
    # Neither a password nor a link to a new one is sent in the clear, except to the same machine.
    required = None if parts.hostname in _LOCAL_HOSTS else True
    return Server(
        host=parts.hostname,
        port=parts.port or (465 if use_tls else 587),
        username=None if parts.username is None else unquote(parts.username),
        password=password,
        use_tls=use_tls,
        start_tls=False if use_tls else required,
    )


@dataclass(slots=True)
class SmtpMailer:
    """Sender of e-mails through one SMTP server."""

    server: Server
    sender: str
    retry_seconds: Sequence[float] = RETRY_SECONDS
    _turns: asyncio.Semaphore | None = None

    async def send(self, mail: Mail) -> bool:
        """Send an e-mail, with retries; return False, with the reason in the log, if it can't be sent."""
        for wait in (*self.retry_seconds, None):
            reason = await self._try(mail)
            if reason is None:
                return True
            if wait is None or reason.permanent:
                log.error("an e-mail was not sent", reason=reason.text)
                return False
            log.warning("an e-mail is sent again later", reason=reason.text, seconds=wait)
            await asyncio.sleep(wait)
        return False

    async def _try(self, mail: Mail) -> "_Reason | None":
        if self._turns is None:
            self._turns = asyncio.Semaphore(_AT_ONCE)
        async with self._turns:
            try:
                to = _address(mail.to)
                await aiosmtplib.send(
                    _message(mail, self.sender, to),
                    sender=self.sender,
                    # With quotes where it needs them, which not every Python's parser of addresses does without.
                    recipients=[to.addr_spec],
                    hostname=self.server.host,
                    port=self.server.port,
                    username=self.server.username,
                    password=self.server.password,
                    use_tls=self.server.use_tls,
                    start_tls=self.server.start_tls,
                    timeout=_TIMEOUT_SECONDS,
                )
            except aiosmtplib.SMTPRecipientsRefused as error:
                codes = [each.code for each in error.recipients]
                return _Reason(f"recipient refused with {codes}", all(code in _PERMANENT for code in codes))
            except aiosmtplib.SMTPResponseException as error:
                # The server's text may have the address.
                return _Reason(f"{type(error).__name__} {error.code}", error.code in _PERMANENT)
            except (aiosmtplib.SMTPException, OSError) as error:
                return _Reason(type(error).__name__, permanent=False)
            except ValueError as error:
                # The address can't be written as a header.
                return _Reason(type(error).__name__, permanent=True)
        return None


class _Reason(NamedTuple):
    text: str
    permanent: bool


def _address(text: str) -> Address:
    user, _, domain = text.rpartition("@")
    return Address(username=user, domain=domain)


def _message(mail: Mail, sender: str, to: Address) -> EmailMessage:
    message = EmailMessage()
    message["From"] = Address(addr_spec=sender)
    message["To"] = to
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(localtime())
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
    # Out-of-office answers are not for the portal.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    return message
