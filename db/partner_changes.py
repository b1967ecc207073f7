"""Statements that lock partners and their terms, and change them."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from db.engine import Transaction, returned
from db.engine.column_types import Instant
from db.engine.filters import PARTNER, values_of
from db.engine.lock_queues import Queue, changing, sharing
from db.engine.statement import Statement
from db.partners import COLUMNS, PartnerRow, stored
from db.tables import activations, orders, partners
from domain.activations import ActivationStatus
from domain.money import Cents
from domain.orders import OrderStatus
from domain.partners import Contact, PartnerStatus
from domain.policies import Policy
from domain.text import fold


class Terms(NamedTuple):
    """What decides whether a partner may order, approve and activate."""

    status: PartnerStatus
    suspension_reason: str | None
    four_eyes: bool
    approval_ceiling: Cents | None
    stock_warning_below: int | None

    @property
    def policy(self) -> Policy:
        """Return the policies that these columns have."""
        return Policy(self.four_eyes, self.approval_ceiling, self.stock_warning_below)


class InUse(NamedTuple):
    """Number of a partner's active activations and pending orders."""

    activations: int
    orders: int


_MINE = partners.c.id == PARTNER
_TERMS = sa.select(*(partners.c[name] for name in Terms._fields)).where(_MINE)
_SHARE_TERMS = Statement(sharing(_TERMS, Queue.PARTNERS, PARTNER), Terms)
_LOCK = Statement(changing(sa.select(*COLUMNS).where(_MINE), Queue.PARTNERS, PARTNER), PartnerRow)
_IN_USE = Statement(
    sa.select(
        sa.select(sa.func.count())
        .where(activations.c.partner_id == PARTNER, activations.c.status == ActivationStatus.ACTIVE)
        .scalar_subquery(),
        sa.select(sa.func.count())
        .where(orders.c.partner_id == PARTNER, orders.c.status == OrderStatus.PENDING)
        .scalar_subquery(),
    ),
    InUse,
)
_SET_STATUS = Statement(
    sa.update(partners)
    .where(_MINE)
    .values(
        status=sa.bindparam("new_status", type_=partners.c.status.type),
        suspended_at=sa.bindparam("new_suspended_at", type_=Instant),
        suspension_reason=sa.bindparam("new_reason", type_=sa.Text),
        closed_at=sa.bindparam("new_closed_at", type_=Instant),
    ),
    values_of,
)
_SET_DETAILS = Statement(
    sa.update(partners)
    .where(_MINE)
    .values({name: sa.bindparam(f"new_{name}", type_=sa.Text) for name in ("name", "name_folded", "contacts")}),
    values_of,
)
_SET_POLICY = Statement(
    sa.update(partners)
    .where(_MINE)
    .values({name: sa.bindparam(f"new_{name}", type_=partners.c[name].type) for name in Policy._fields}),
    values_of,
)


async def shared_terms(tx: Transaction, partner_id: int) -> Terms:
    """Return the terms of a partner, which no other transaction changes until this one ends."""
    return await returned(tx, _SHARE_TERMS, {"partner_id": partner_id})


async def locked(tx: Transaction, partner_id: int) -> PartnerRow:
    """Return the partner, locked until the transaction ends."""
    return await returned(tx, _LOCK, {"partner_id": partner_id})


async def in_use(tx: Transaction, partner_id: int) -> InUse:
    """Return how much keeps a partner from being closed."""
    return await returned(tx, _IN_USE, {"partner_id": partner_id})


async def set_status(
    tx: Transaction, partner_id: int, status: PartnerStatus, *, at: datetime, reason: str | None = None
) -> None:
    """Write a status of the locked partner, since that time; `reason` is that of a suspension."""
    await tx.execute(
        _SET_STATUS,
        {
            "partner_id": partner_id,
            "new_status": status,
            "new_suspended_at": at if status is PartnerStatus.SUSPENDED else None,
            "new_reason": reason,
            "new_closed_at": at if status is PartnerStatus.CLOSED else None,
        },
    )


async def set_details(tx: Transaction, partner_id: int, *, name: str, contacts: Sequence[Contact]) -> None:
    """Write the name and all contacts of the locked partner."""
    details = {"new_name": name, "new_name_folded": fold(name), "new_contacts": stored(contacts)}
    await tx.execute(_SET_DETAILS, {"partner_id": partner_id, **details})


async def set_policy(tx: Transaction, partner_id: int, policy: Policy) -> None:
    """Write the policies of the locked partner."""
    columns = {**policy._asdict(), "api_token_networks": " ".join(policy.api_token_networks)}
    new = {f"new_{name}": setting for name, setting in columns.items()}
    await tx.execute(_SET_POLICY, {"partner_id": partner_id, **new})
