"""Statements about links for new passwords, of which only digests are stored."""

from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from db.engine import Connection, Transaction, one
from db.engine.column_types import Instant
from db.engine.deletions import deletion, deletion_by
from db.engine.filters import PARTNER, value, values_of
from db.engine.lock_queues import Queue, sharing
from db.engine.statement import Statement
from db.tables import password_resets, users
from domain.access import Permission, roles_with
from domain.tenancy import Scope


class Resetting(NamedTuple):
    """Enabled user whom a link is for."""

    partner_id: int
    user_id: int
    email: str
    name: str


_AT = sa.bindparam("at", type_=Instant)
_OF_DIGEST = password_resets.c.digest == sa.bindparam("of_digest", type_=sa.LargeBinary(32))
_OF_USER = password_resets.c.partner_id == PARTNER, password_resets.c.user_id == sa.bindparam("user_id")
_MAKERS = users.alias("makers")
# A link that somebody made works only while they still manage users: they may have kept it.
_MAKER = sa.select(_MAKERS.c.id).where(
    _MAKERS.c.id == password_resets.c.created_by_id,
    _MAKERS.c.disabled_at.is_(None),
    sa.or_(*(_MAKERS.c.role == role for role in roles_with(Permission.USERS_MANAGE))),
)
_OF_NONE = password_resets.c.created_by_id.is_(None)
_ADD = Statement(
    sa.insert(password_resets),
    values_of,
    inserted=["partner_id", "user_id", "digest", "created_by_id", "by_email", "expires_at"],
)
_FIND = Statement(
    sa.select(users.c.partner_id, users.c.id, users.c.email, users.c.name)
    .join(password_resets, password_resets.c.user_id == users.c.id)
    .where(
        _OF_DIGEST,
        password_resets.c.expires_at > _AT,
        users.c.disabled_at.is_(None),
        sa.or_(_OF_NONE, _MAKER.exists()),
    ),
    Resetting,
)
_TAKE: Statement[bool] = Statement(
    sa.delete(password_resets)
    .where(
        *_OF_USER,
        _OF_DIGEST,
        password_resets.c.expires_at > _AT,
        sa.or_(_OF_NONE, sharing(_MAKER, Queue.USERS, password_resets.c.created_by_id).exists()),
    )
    .returning(password_resets.c.by_email),
    value,
)
_DROP_ALL = Statement(sa.delete(password_resets).where(*_OF_USER), values_of)
_DROP_BY = deletion_by(password_resets.c.created_by_id)
_DROP_FOUND: Statement[int] = Statement(
    sa.delete(password_resets).where(_OF_DIGEST).returning(password_resets.c.partner_id), value
)
_DROP_EXPIRED = deletion(password_resets, password_resets.c.expires_at <= _AT)


async def add(
    tx: Transaction,
    partner_id: int,
    user_id: int,
    digest: bytes,
    *,
    by_id: int | None,
    by_email: bool,
    expires_at: datetime,
) -> None:
    """Write a link of the user, which another user made unless `by_id` is None, and which is sent if `by_email`."""
    link = {"partner_id": partner_id, "user_id": user_id, "digest": digest, "by_email": by_email}
    await tx.execute_many(_ADD, [{**link, "created_by_id": by_id, "expires_at": expires_at}])


async def find(connection: Connection, digest: bytes, *, at: datetime) -> Resetting | None:
    """Return the enabled user whom the usable link with that secret is for."""
    return await one(connection, _FIND, {"of_digest": digest, "at": at})


async def take(tx: Transaction, partner_id: int, user_id: int, digest: bytes, *, at: datetime) -> bool | None:
    """Delete the usable link with that secret of the locked user; None if there is none any more.

    Return whether it was sent by e-mail.
    """
    mine = {"partner_id": partner_id, "user_id": user_id, "of_digest": digest, "at": at}
    return await one(tx, _TAKE, mine)


async def drop_all(tx: Transaction, partner_id: int, user_id: int) -> None:
    """Delete all links of the locked user."""
    await tx.execute(_DROP_ALL, {"partner_id": partner_id, "user_id": user_id})


async def drop_by(tx: Transaction, scope: Scope, maker_id: int) -> None:
    """Delete the links that the user has made for others, among those of the scope."""
    await tx.execute(_DROP_BY.within(scope), {"partner_id": scope, "maker_id": maker_id})


async def drop_found(tx: Transaction, digest: bytes) -> int | None:
    """Delete the link with that secret, usable or not, and return its partner."""
    return await one(tx, _DROP_FOUND, {"of_digest": digest})


async def drop_expired(tx: Transaction, *, at: datetime, most: int) -> int:
    """Delete up to so many expired links of all users, and return their number."""
    return await tx.execute(_DROP_EXPIRED, {"at": at, "most": most})
