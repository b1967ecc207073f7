"""What is limited: failed sign-ins, and e-mails; what they are counted by, and how long the next one must wait."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import Enum
from ipaddress import IPv6Address, ip_address
from math import ceil
from typing import NamedTuple

FORGOTTEN_AFTER = timedelta(hours=24)
"""Age of the last failure after which earlier failures no longer count."""

ADDRESS_WINDOW = timedelta(minutes=15)

_FIRST_WAIT_SECONDS = 60
_LONGEST_WAIT_SECONDS = 15 * 60
_HOST_BITS = 64


class MailLimits(NamedTuple):
    """Most e-mails that invitations and links for new passwords cause within a day."""

    by_user: int = 50
    by_partner: int = 200


MAIL_WINDOW = timedelta(hours=24)


class CountedBy(Enum):
    """Property by which failed sign-ins are counted."""

    EMAIL_AND_ADDRESS = "e-mail and address"
    EMAIL = "e-mail"
    ADDRESS = "address"


ALLOWED: Mapping[CountedBy, int] = {
    CountedBy.EMAIL_AND_ADDRESS: 5,
    CountedBy.EMAIL: 20,
    CountedBy.ADDRESS: 50,
}
"""Failures in a row before the first wait; for an address, failures within `ADDRESS_WINDOW` of the first one."""


class Failures(NamedTuple):
    """Number of failed sign-ins that are counted together, with the times of the first and last."""

    number: int
    first_at: datetime
    last_at: datetime


def network(address: str | None) -> str | None:
    """Return the /64 network of an IPv6 address, or an IPv4 address as it is; None for anything else."""
    try:
        # A link-local address may name an interface of the server after a percent sign.
        found = ip_address((address or "").partition("%")[0])
    except ValueError:
        return None
    if not isinstance(found, IPv6Address):
        return str(found)
    mapped = found.ipv4_mapped
    return str(mapped or IPv6Address(int(found) >> _HOST_BITS << _HOST_BITS))


def counted(email: str, address: str | None) -> Mapping[CountedBy, str]:
    """Return the values by which an attempt is counted; by address only if it is known."""
    of = network(address)
    values = {CountedBy.EMAIL_AND_ADDRESS: f"{of or ''} {email}", CountedBy.EMAIL: email}
    return values if of is None else values | {CountedBy.ADDRESS: of}


def wait_seconds(by: CountedBy, failures: Failures, now: datetime) -> int:
    """Return the seconds until the next attempt; 0 if it is allowed now."""
    if _over(by, failures, now) or failures.number < ALLOWED[by]:
        return 0
    if by is CountedBy.ADDRESS:
        until = failures.first_at + ADDRESS_WINDOW
    else:
        until = failures.last_at + timedelta(seconds=_penalty(failures.number - ALLOWED[by]))
    return max(0, ceil((until - now).total_seconds()))


def with_another(by: CountedBy, failures: Failures, now: datetime, number: int = 1) -> Failures:
    """Return the failures plus one or a number of them, or only these if the earlier ones no longer count."""
    if _over(by, failures, now):
        return Failures(number, now, now)
    return Failures(failures.number + number, failures.first_at, now)


def without_mine(failures: Failures, mine: Failures, number: int = 1) -> Failures:
    """Return an address's failures without a successful attempt, unless they have begun anew since `mine`."""
    if failures.first_at != mine.first_at:
        return failures
    return failures._replace(number=max(0, failures.number - number))


def mail_wait_seconds(limit: int, sent: Failures, now: datetime) -> int:
    """Return the seconds until another e-mail may be caused; 0 if it is now."""
    if sent.number < limit or _mails_over(sent, now):
        return 0
    return ceil((sent.first_at + MAIL_WINDOW - now).total_seconds())


def with_another_mail(sent: Failures, now: datetime) -> Failures:
    """Return the e-mails plus one, or a single one if a day has passed since the first one."""
    return Failures(1, now, now) if _mails_over(sent, now) else Failures(sent.number + 1, sent.first_at, now)


def _mails_over(sent: Failures, now: datetime) -> bool:
    return sent.number == 0 or sent.first_at + MAIL_WINDOW <= now


def _over(by: CountedBy, failures: Failures, now: datetime) -> bool:
    if by is CountedBy.ADDRESS:
        return failures.number == 0 or failures.first_at + ADDRESS_WINDOW <= now
    return failures.number == 0 or failures.last_at + FORGOTTEN_AFTER <= now


def _penalty(beyond: int) -> int:
    """Return the seconds to wait after the last failure: a minute, doubled up to fifteen."""
    return min(_FIRST_WAIT_SECONDS << min(beyond, 10), _LONGEST_WAIT_SECONDS)
