"""Statements of senders: which webhooks have something to send, who sends it, and how far it has come.

A webhook is leased by one sender at a time. Its fence grows with each lease, and a sender that has lost the lease
writes nothing, because its fence is an older one.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from db.engine import Connection, Transaction, one
from db.engine.column_types import Instant
from db.engine.filters import PARTNER, value, values_of
from db.engine.statement import Statement
from db.tables import partner_counters, users, webhook_deliveries, webhooks
from domain import webhook_retries
from domain.access import VENDOR_ROLES, Permission, Permissions, Role, effective
from domain.languages import Language
from domain.webhook_retries import CLOCK_TOLERANCE
from domain.webhooks import DeliveryStatus, SuspensionReason, WebhookState


class WebhookKey(NamedTuple):
    """Partner and id of a webhook."""

    partner_id: int
    id: int


class Due(NamedTuple):
    """Active webhook behind the events of its partner."""

    id: int
    partner_id: int
    position: int
    fence: int
    filter: str
    attempts: int
    last_number: int


class Leased(NamedTuple):
    """Webhook that a sender has leased, as it is in the database now."""

    id: int
    partner_id: int
    fence: int
    maker_id: int
    permissions: str
    language: Language
    url: str
    filter: str
    selection: str | None
    batch_size: int
    state: WebhookState
    sealed: bytes
    previous_sealed: bytes | None
    previous_until: datetime | None
    position: int
    batch_end: int | None
    attempts: int
    failing_since: datetime | None
    next_attempt_at: datetime | None


class Progress(NamedTuple):
    """How far a webhook has come, and the failures of its next message."""

    position: int
    batch_end: int | None = None
    attempts: int = 0
    failing_since: datetime | None = None
    next_attempt_at: datetime | None = None


class Maker(NamedTuple):
    """User whose permissions a webhook has."""

    id: int
    partner_id: int
    role: Role
    disabled_at: datetime | None


_AT = sa.bindparam("at", type_=Instant)
_UNTIL = sa.bindparam("until", type_=Instant)
_LEASED = tuple(webhooks.c[name] for name in Leased._fields)
_MINE = webhooks.c.partner_id == PARTNER, webhooks.c.id == sa.bindparam("webhook_id")
# A lease that was released keeps its fence until there is another one.
_HELD = *_MINE, webhooks.c.fence == sa.bindparam("of_fence"), webhooks.c.sender.is_not(None)
# No lease ends so late: the clock was set back since it was written.
_LATEST_END = sa.bindparam("latest_end", type_=Instant)
_FREE = sa.or_(webhooks.c.leased_until.is_(None), webhooks.c.leased_until <= _AT, webhooks.c.leased_until > _LATEST_END)
# What was waiting to be written does not shorten a lease that was renewed meanwhile.
_LATER = sa.case(
    (sa.or_(webhooks.c.leased_until < _UNTIL, webhooks.c.leased_until > _LATEST_END), _UNTIL),
    else_=webhooks.c.leased_until,
)
_AFTER = webhooks.c.id > sa.bindparam("after")
_MOST = sa.bindparam("most", type_=sa.Integer)
_DUE = Statement(
    sa.select(
        webhooks.c.id,
        webhooks.c.partner_id,
        webhooks.c.position,
        webhooks.c.fence,
        webhooks.c.filter,
        webhooks.c.attempts,
        partner_counters.c.event_number,
    )
    .join(partner_counters, partner_counters.c.partner_id == webhooks.c.partner_id)
    .where(
        webhooks.c.state == WebhookState.ACTIVE,
        webhooks.c.position < partner_counters.c.event_number,
        # As `domain.webhook_retries.is_due` has it.
        sa.or_(
            webhooks.c.next_attempt_at.is_(None),
            webhooks.c.next_attempt_at <= _AT,
            webhooks.c.next_attempt_at > sa.bindparam("latest_attempt", type_=Instant),
        ),
        _FREE,
        _AFTER,
    )
    .order_by(webhooks.c.id)
    .limit(_MOST),
    Due,
)
_WAITING = Statement(
    sa.select(webhook_deliveries.c.partner_id, webhook_deliveries.c.webhook_id)
    .join(
        webhooks,
        sa.and_(
            webhooks.c.partner_id == webhook_deliveries.c.partner_id, webhooks.c.id == webhook_deliveries.c.webhook_id
        ),
    )
    .where(webhook_deliveries.c.status == DeliveryStatus.QUEUED, _FREE, _AFTER)
    .distinct()
    .order_by(webhook_deliveries.c.webhook_id)
    .limit(_MOST),
    WebhookKey,
)
_LEASE = Statement(
    sa.update(webhooks)
    .where(*_MINE, _FREE)
    .values(fence=webhooks.c.fence + 1, sender=sa.bindparam("by_sender"), leased_until=_UNTIL)
    .returning(*_LEASED),
    Leased,
)
_RENEW: Statement[int] = Statement(
    sa.update(webhooks).where(*_HELD).values(leased_until=_LATER).returning(webhooks.c.id), value
)
_MOVE = Statement(
    sa.update(webhooks)
    .where(*_HELD)
    .values(
        leased_until=_LATER,
        **{name: sa.bindparam(f"new_{name}", type_=webhooks.c[name].type) for name in Progress._fields},
    )
    .returning(*_LEASED),
    Leased,
)
_RELEASE = Statement(sa.update(webhooks).where(*_HELD).values(sender=None, leased_until=None), values_of)
_SUSPEND: Statement[int] = Statement(
    sa.update(webhooks)
    .where(*_HELD, webhooks.c.state == WebhookState.ACTIVE)
    .values(
        state=WebhookState.SUSPENDED,
        suspension_reason=sa.bindparam("reason", type_=webhooks.c.suspension_reason.type),
        suspended_at=_AT,
        told_at=None,
        tell_at=sa.bindparam("tell_at", type_=Instant),
        told_ids=None,
        next_attempt_at=None,
        sender=None,
        leased_until=None,
    )
    .returning(webhooks.c.id),
    value,
)
_MAKER = Statement(
    # A user of the vendor makes webhooks for any partner.
    sa.select(*(users.c[name] for name in Maker._fields)).where(
        users.c.id == sa.bindparam("maker_id"),
        sa.or_(users.c.partner_id == PARTNER, *(users.c.role == role for role in VENDOR_ROLES)),
    ),
    Maker,
)


async def due(connection: Connection, *, at: datetime, after: int, most: int) -> Sequence[Due]:
    """Return the webhooks of all partners with new events that no sender has leased: the first after an id."""
    times = {"at": at, "latest_end": at + CLOCK_TOLERANCE, "latest_attempt": webhook_retries.latest(at)}
    return list(await connection.fetch(_DUE, {**times, "after": after, "most": most}))


async def waiting(connection: Connection, *, at: datetime, after: int, most: int) -> Sequence[WebhookKey]:
    """Return the webhooks of all partners with deliveries that wait to be sent, likewise."""
    times = {"at": at, "latest_end": at + CLOCK_TOLERANCE}
    return list(await connection.fetch(_WAITING, {**times, "after": after, "most": most}))


async def lease(
    tx: Transaction, wanted: Sequence[WebhookKey], sender: str, *, at: datetime, until: datetime
) -> Sequence[Leased]:
    """Lease those of these webhooks that no other sender has leased."""
    times = {"at": at, "latest_end": at + CLOCK_TOLERANCE, "until": until}
    lines = [
        {"partner_id": each.partner_id, "webhook_id": each.id, "by_sender": sender, **times} for each in sorted(wanted)
    ]
    return list(await tx.execute_many(_LEASE, lines))


async def renew(tx: Transaction, held: Sequence[Leased], *, until: datetime) -> frozenset[int]:
    """Renew these leases, unless they last longer, and return the ids of the webhooks whose lease was not lost."""
    times = {"until": until, "latest_end": until + CLOCK_TOLERANCE}
    lines = [{**_held(each), **times} for each in sorted(held, key=_key)]
    return frozenset(await tx.execute_many(_RENEW, lines))


async def move(tx: Transaction, held: Leased, progress: Progress, *, until: datetime) -> Leased | None:
    """Write how far the webhook has come, and return it as it is now; None if the lease was lost.

    The lease lasts until then, or longer if it did before.
    """
    new = {f"new_{name}": content for name, content in progress._asdict().items()}
    times = {"until": until, "latest_end": until + CLOCK_TOLERANCE}
    return await one(tx, _MOVE, {**_held(held), **new, **times})


async def release(tx: Transaction, held: Leased) -> None:
    """End the lease, unless it was lost."""
    await tx.execute(_RELEASE, _held(held))


async def suspend(tx: Transaction, held: Leased, reason: SuspensionReason, *, at: datetime, tell_at: datetime) -> bool:
    """Suspend the webhook and end the lease; return False if it is not active, or the lease was lost.

    Another process sends the managers an e-mail at `tell_at`, unless this one has sent it before.
    """
    return await one(tx, _SUSPEND, {**_held(held), "reason": reason, "at": at, "tell_at": tell_at}) is not None


async def maker(connection: Connection, held: Leased) -> Maker | None:
    """Return the user whose permissions the webhook has, of its partner or the vendor."""
    return await one(connection, _MAKER, {"partner_id": held.partner_id, "maker_id": held.maker_id})


def permissions_of(held: Leased, found: Maker | None) -> Permissions:
    """Return what the maker may still do, of what was given to the webhook."""
    if found is None or found.disabled_at is not None:
        return frozenset()
    chosen = frozenset(Permission[name] for name in held.permissions.split() if name in Permission.__members__)
    return effective(found.role, chosen)


def _held(held: Leased) -> Mapping[str, object]:
    return {"partner_id": held.partner_id, "webhook_id": held.id, "of_fence": held.fence}


def _key(held: Leased) -> tuple[int, int]:
    return held.partner_id, held.id
