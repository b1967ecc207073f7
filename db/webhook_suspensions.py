"""Statements about suspended webhooks whose managers are to be told by e-mail."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from db.engine import Connection, Transaction, one
from db.engine.column_types import Instant
from db.engine.filters import PARTNER, value
from db.engine.statement import Statement
from db.tables import users, webhooks
from domain.access import Permission, roles_with
from domain.languages import Language
from domain.webhook_retries import CLOCK_TOLERANCE
from domain.webhooks import SuspensionReason, WebhookState

LONGEST_PAUSE = timedelta(days=1)
"""Longest pause before e-mails are tried again."""


class Suspended(NamedTuple):
    """Suspended webhook that its managers are to be told about."""

    id: int
    partner_id: int
    maker_id: int
    language: Language
    url: str
    suspension_reason: SuspensionReason
    suspended_at: datetime
    tell_at: datetime | None = None
    """When e-mails are tried again; None if they were never tried."""
    told_ids: str | None = None
    """Ids of the managers whose e-mail the mail server has taken."""


class Manager(NamedTuple):
    """User who manages the webhooks of a partner."""

    id: int
    email: str


_MANAGING = roles_with(Permission.WEBHOOKS_MANAGE)
_AT = sa.bindparam("at", type_=Instant)
_MOST = sa.bindparam("most", type_=sa.Integer)
_TOLD_BY = sa.func.coalesce(webhooks.c.tell_at, webhooks.c.suspended_at)
_IS_UNTOLD = webhooks.c.state == WebhookState.SUSPENDED, webhooks.c.told_at.is_(None)
_MINE = webhooks.c.partner_id == PARTNER, webhooks.c.id == sa.bindparam("webhook_id")
# Later than any pause ends: the clock was set back since it was written.
_IS_DUE = sa.or_(_TOLD_BY <= _AT, sa.bindparam("latest", type_=Instant) < _TOLD_BY)
_UNTOLD = Statement(
    sa.select(*(webhooks.c[name] for name in Suspended._fields))
    .where(*_IS_UNTOLD, _IS_DUE)
    .order_by(_TOLD_BY, webhooks.c.id)
    .limit(_MOST),
    Suspended,
)
_CLAIM: Statement[int] = Statement(
    sa.update(webhooks)
    .where(*_MINE, *_IS_UNTOLD, _IS_DUE)
    .values(tell_at=sa.bindparam("again_at", type_=Instant))
    .returning(webhooks.c.id),
    value,
)
_TELL: Statement[int] = Statement(
    sa.update(webhooks)
    .where(*_MINE, *_IS_UNTOLD, webhooks.c.suspended_at == sa.bindparam("of_suspension", type_=Instant))
    .values(told_ids=sa.bindparam("new_told_ids", type_=sa.Text), told_at=_AT)
    .returning(webhooks.c.id),
    value,
)
_MANAGERS = Statement(
    sa.select(*(users.c[name] for name in Manager._fields)).where(
        users.c.partner_id == PARTNER,
        users.c.disabled_at.is_(None),
        sa.or_(*(users.c.role == role for role in _MANAGING)),
    ),
    Manager,
)


async def untold(connection: Connection, *, at: datetime, most: int) -> Sequence[Suspended]:
    """Return the webhooks of all partners whose managers are to be told by that time: the first ones."""
    return list(await connection.fetch(_UNTOLD, {"at": at, "latest": _latest(at), "most": most}))


async def claim(tx: Transaction, suspended: Suspended, *, at: datetime, again_at: datetime) -> bool:
    """Let one process tell the managers now, and any other one later; return False if another one does."""
    mine = {"partner_id": suspended.partner_id, "webhook_id": suspended.id}
    return await one(tx, _CLAIM, {**mine, "at": at, "latest": _latest(at), "again_at": again_at}) is not None


async def tell(tx: Transaction, suspended: Suspended, told: Collection[int], *, at: datetime | None) -> None:
    """Write which managers know of this suspension, and when all of them knew, or None if some don't."""
    mine = {"partner_id": suspended.partner_id, "webhook_id": suspended.id, "of_suspension": suspended.suspended_at}
    await tx.execute(_TELL, {**mine, "new_told_ids": " ".join(map(str, sorted(told))), "at": at})


async def managers(connection: Connection, partner_id: int) -> Sequence[Manager]:
    """Return those who manage the partner's webhooks."""
    return list(await connection.fetch(_MANAGERS, {"partner_id": partner_id}))


def _latest(at: datetime) -> datetime:
    return at + LONGEST_PAUSE + CLOCK_TOLERANCE
