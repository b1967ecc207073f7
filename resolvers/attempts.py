"""Counting of attempts that a stranger can make: sign-ins, checks of a password, and requests for a new one."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from db import attempts
from db.engine import Transaction
from domain.attempts import (
    CountedBy,
    Failures,
    counted,
    mail_wait_seconds,
    wait_seconds,
    with_another,
    with_another_mail,
    without_mine,
)
from domain.limits import RateLimited, TooManyMails
from resolvers.portal import Portal


class Tried(NamedTuple):
    """Tries as they were counted: under which digests, what the failures were with them, and how many they were."""

    counted: Mapping[CountedBy, tuple[bytes, Failures]]
    number: int


SIGN_IN = "sign-in"
PASSWORD_RESET = "password reset"  # noqa: S105 — what is counted, and no password.


async def check_allowed(portal: Portal, purpose: str, email: str, address: str | None) -> None:
    """Raise RateLimited if there were too many attempts before, without counting another one."""
    digests, now = _digests(portal, purpose, email, address), portal.now()
    before = await portal.database.read(lambda connection: attempts.find(connection, digests))
    if wait := max((wait_seconds(by, before[each], now) for by, each in digests.items() if each in before), default=0):
        raise RateLimited(wait)


async def count_try(portal: Portal, purpose: str, email: str, address: str | None, number: int = 1) -> Tried:
    """Count an attempt as failed, or a number of them.

    Raises RateLimited if there were too many for the e-mail or from the network.
    """
    digests = _digests(portal, purpose, email, address)

    async def count(tx: Transaction) -> Tried:
        now = portal.now()
        before = await attempts.locked(tx, digests.values(), at=now)
        wait = max(wait_seconds(by, before[digest], now) for by, digest in digests.items())
        if wait:
            raise RateLimited(wait)
        tried = {by: (digest, with_another(by, before[digest], now, number)) for by, digest in digests.items()}
        await attempts.record(tx, dict(tried.values()))
        return Tried(tried, number)

    return await portal.database.write(count)


def _digests(portal: Portal, purpose: str, email: str, address: str | None) -> Mapping[CountedBy, bytes]:
    return {
        by: portal.digest(f"{purpose} by {by.value}", value.encode("utf-8", "surrogatepass"))
        for by, value in counted(email, address).items()
    }


async def count_as_right(tx: Transaction, tried: Tried, now: datetime) -> None:
    """Reset the failures of the e-mail, and take back this attempt of the address."""
    after = await attempts.locked(tx, [digest for digest, _ in tried.counted.values()], at=now)
    kept = {}
    if CountedBy.ADDRESS in tried.counted:
        digest, mine = tried.counted[CountedBy.ADDRESS]
        others = without_mine(after[digest], mine, tried.number)
        if others.number:
            kept[digest] = others
    await attempts.record(tx, kept)
    await attempts.forget(tx, after.keys() - kept.keys())


async def count_mail(portal: Portal, tx: Transaction, *, user_id: int, partner_id: int, at: datetime) -> None:
    """Count an e-mail that a user causes for a partner; raise RateLimited if there were too many within a day.

    The rows are locked until the transaction ends, so that no process counts past the limit, and are locked before
    those of partners and users. Without a mailer, nothing is counted.
    """
    if portal.outbox.mailer is None:
        return
    limits = {
        portal.digest("e-mails by user", str(user_id).encode()): portal.outbox.limits.by_user,
        portal.digest("e-mails by partner", str(partner_id).encode()): portal.outbox.limits.by_partner,
    }
    before = await attempts.locked(tx, limits, at=at)
    wait = max(mail_wait_seconds(limit, before[digest], at) for digest, limit in limits.items())
    if wait:
        raise TooManyMails(wait)
    await attempts.record(tx, {digest: with_another_mail(before[digest], at) for digest in limits})
