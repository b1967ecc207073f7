"""Statements about invitations of users. A pending invitation is a row; a used or revoked one is deleted."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from db.engine import Connection, Transaction, filters, one, returned
from db.engine.column_types import Instant
from db.engine.deletions import deletion, deletion_by
from db.engine.filters import PARTNER, tenancy, upsert, value, values_of
from db.engine.keyset import Sorting
from db.engine.listings import Listing
from db.engine.lock_queues import Queue, sharing
from db.engine.statement import Statement
from db.tables import invitations, users
from domain.access import VENDOR_ROLES, Permission, Role, roles_with
from domain.invitations import Delivery
from domain.tenancy import ALL_PARTNERS, Scope


class InvitationRow(NamedTuple):
    """Pending invitation; its secret is not stored."""

    id: int
    partner_id: int
    email: str
    name: str
    role: Role
    delivery: Delivery
    created_at: datetime
    expires_at: datetime
    invited_by_id: int | None


class Invited(NamedTuple):
    """Person whom an invitation is for."""

    partner_id: int
    email: str
    name: str
    role: Role
    delivery: Delivery
    invited_by_id: int | None

    @property
    def proves_email(self) -> bool:
        """Whether who has the secret has the address: it was sent there, or the operator vouches for it."""
        return self.delivery is not Delivery.LINK or self.invited_by_id is None


class NewInvitation(NamedTuple):
    """Invitation to write; `digest` is the SHA-256 of its secret."""

    email: str
    name: str
    role: Role
    digest: bytes
    delivery: Delivery
    expires_at: datetime
    invited_by_id: int | None


_COLUMNS = tuple(invitations.c[name] for name in InvitationRow._fields)
_AT = sa.bindparam("at", type_=Instant)
_DIGEST = sa.bindparam("of_digest", type_=sa.LargeBinary(32))
_MINE = invitations.c.partner_id == PARTNER, invitations.c.id == sa.bindparam("invitation_id")

_MANAGING, _CREATING = roles_with(Permission.USERS_MANAGE), roles_with(Permission.PARTNERS_MANAGE)


def _has_role(roles: Iterable[Role]) -> ColumnElement[bool]:
    return sa.or_(*(users.c.role == role for role in roles))


# Only while the inviter could invite: an invitation must not give what a role gives no more.
_INVITER = sa.select(users.c.id).where(
    users.c.id == invitations.c.invited_by_id,
    users.c.disabled_at.is_(None),
    sa.or_(
        sa.and_(users.c.partner_id == invitations.c.partner_id, _has_role(_MANAGING)),
        # They invite for partners too; those who create partners invite the first manager of each.
        sa.and_(users.c.partner_id != invitations.c.partner_id, _has_role(VENDOR_ROLES & {*_MANAGING, *_CREATING})),
    ),
)
_OF_SECRET = (
    invitations.c.digest == _DIGEST,
    invitations.c.expires_at > _AT,
)
_FOUND = *_OF_SECRET, sa.or_(invitations.c.invited_by_id.is_(None), _INVITER.exists())
_USABLE = (
    *_OF_SECRET,
    sa.or_(
        invitations.c.invited_by_id.is_(None),
        sharing(_INVITER, Queue.USERS, invitations.c.invited_by_id).exists(),
    ),
)
_INVITED = tuple(invitations.c[name] for name in Invited._fields)
_FIND = Statement(sa.select(*_INVITED).where(*_FOUND), Invited)
_TAKE = Statement(sa.delete(invitations).where(*_USABLE).returning(*_INVITED), Invited)
_REVOKE: Statement[int] = Statement(
    sa.delete(invitations).where(*_MINE, invitations.c.expires_at > _AT).returning(invitations.c.id), value
)
_REVOKE_ALL = Statement(
    sa.delete(invitations).where(invitations.c.partner_id == PARTNER, invitations.c.expires_at > _AT), values_of
)
_PUT = upsert(
    invitations,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["partner_id", "email"],
        set_={name: insert.excluded[name] for name in (*NewInvitation._fields, "created_at") if name != "email"},
    ).returning(invitations.c.id),
    value,
    inserted=["partner_id", "created_at", *NewInvitation._fields],
)
_SET_DELIVERY = Statement(
    sa.update(invitations)
    .where(*_MINE, invitations.c.digest == _DIGEST)
    .values(delivery=sa.bindparam("new_delivery", type_=invitations.c.delivery.type)),
    values_of,
)
_STALLED = Statement(
    sa.update(invitations)
    .where(invitations.c.delivery == Delivery.QUEUED, invitations.c.created_at <= _AT)
    .values(delivery=Delivery.FAILED),
    values_of,
)
_DROP_BY = deletion_by(invitations.c.invited_by_id)
_DROP_FOUND: Statement[int] = Statement(
    sa.delete(invitations).where(invitations.c.digest == _DIGEST).returning(invitations.c.partner_id), value
)
_DROP_EXPIRED = deletion(invitations, invitations.c.expires_at <= _AT)
by_ids = filters.rows_by_id(invitations, _COLUMNS, InvitationRow)
"""The invitations of a scope, by id."""


def _listing(*, all_partners: bool) -> Listing[InvitationRow]:
    return Listing(
        name="invitations",
        row=InvitationRow,
        columns=_COLUMNS,
        where=[tenancy(all_partners=all_partners)(invitations.c.partner_id), invitations.c.expires_at > _AT],
        key="id",
        sorting=Sorting(invitations.c.id, invitations.c.id),
    )


_OF_PARTNER, _OF_ALL = _listing(all_partners=False), _listing(all_partners=True)


def listing(scope: Scope, *, at: datetime) -> Listing[InvitationRow]:
    """Return the list of a scope's invitations that have not expired, in the order of creation."""
    return (_OF_ALL if scope is ALL_PARTNERS else _OF_PARTNER).of({"partner_id": scope, "at": at})


async def put(tx: Transaction, partner_id: int, new: NewInvitation, *, at: datetime) -> int:
    """Write an invitation in place of an earlier one of the same address, and return its id."""
    return await returned(tx, _PUT, {"partner_id": partner_id, "created_at": at, **new._asdict()})


async def find(connection: Connection, digest: bytes, *, at: datetime) -> Invited | None:
    """Return whom the usable invitation with that secret is for."""
    return await one(connection, _FIND, {"of_digest": digest, "at": at})


async def take(tx: Transaction, digest: bytes, *, at: datetime) -> Invited | None:
    """Delete the usable invitation with that secret and return whom it is for; one caller of several gets it."""
    return await one(tx, _TAKE, {"of_digest": digest, "at": at})


async def revoke(tx: Transaction, partner_id: int, invitation_id: int, *, at: datetime) -> bool:
    """Delete a pending invitation of the partner; return False if there is none."""
    mine = {"partner_id": partner_id, "invitation_id": invitation_id, "at": at}
    return await one(tx, _REVOKE, mine) is not None


async def revoke_all(tx: Transaction, partner_id: int, *, at: datetime) -> int:
    """Delete the partner's pending invitations, and return their number."""
    return await tx.execute(_REVOKE_ALL, {"partner_id": partner_id, "at": at})


async def drop_by(tx: Transaction, scope: Scope, inviter_id: int) -> None:
    """Delete what the user has invited, among the invitations of the scope."""
    await tx.execute(_DROP_BY.within(scope), {"partner_id": scope, "maker_id": inviter_id})


async def drop_found(tx: Transaction, digest: bytes) -> int | None:
    """Delete the invitation with that secret, usable or not, and return its partner."""
    return await one(tx, _DROP_FOUND, {"of_digest": digest})


async def set_delivery(tx: Transaction, partner_id: int, invitation_id: int, digest: bytes, delivery: Delivery) -> None:
    """Write how the e-mail went, unless another invitation has replaced the one with that secret."""
    mine = {"partner_id": partner_id, "invitation_id": invitation_id, "of_digest": digest}
    await tx.execute(_SET_DELIVERY, {**mine, "new_delivery": delivery})


async def drop_expired(tx: Transaction, *, at: datetime, most: int) -> int:
    """Delete up to so many expired invitations of all partners, and return their number."""
    return await tx.execute(_DROP_EXPIRED, {"at": at, "most": most})


async def fail_stalled(tx: Transaction, *, until: datetime) -> None:
    """Write that e-mails that were queued until then were not sent."""
    await tx.execute(_STALLED, {"at": until})
