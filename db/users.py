"""Statements about users that the vendor looks at and changes, and the lock that a new session or token takes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from db.access import Credentials
from db.engine import Connection, Transaction, execute
from db.engine.execute import KEEPING_KEYS
from db.tables import partners, tokens, users
from domain.access import Role


class ListedUser(NamedTuple):
    """A user beside the name of the partner."""

    partner: str
    email: str
    name: str
    role: Role
    disabled_at: datetime | None


class LockedUser(NamedTuple):
    """A user whose row is locked."""

    id: int
    partner_id: int
    email: str
    role: Role
    disabled_at: datetime | None


async def listed(connection: Connection, partner_id: int | None = None) -> list[ListedUser]:
    """Return the partner's users, or those of all partners, by partner and e-mail address."""
    statement = (
        sa.select(partners.c.name, users.c.email, users.c.name, users.c.role, users.c.disabled_at)
        .join(partners, partners.c.id == users.c.partner_id)
        .order_by(users.c.partner_id, users.c.email)
    )
    mine = statement if partner_id is None else statement.where(users.c.partner_id == partner_id)
    return await execute.rows(connection, mine, ListedUser)


async def locked(tx: Transaction, email: str) -> LockedUser | None:
    """Return the user with that address, unique among all partners, locked until the transaction ends."""
    statement = (
        sa.select(*(users.c[name] for name in LockedUser._fields))
        .where(users.c.email == email)
        .with_for_update(key_share=KEEPING_KEYS)
    )
    return await execute.one(tx, statement, LockedUser)


async def update(tx: Transaction, partner_id: int, user_id: int, values: Mapping[str, Any]) -> None:
    """Write these columns of the partner's user."""
    mine = users.c.partner_id == partner_id, users.c.id == user_id
    await tx.execute(sa.update(users).where(*mine).values(**values))


async def lock_if_unchanged(tx: Transaction, found: Credentials) -> bool:
    """Lock the user; return whether the user is enabled and still has the password that was checked."""
    statement = (
        sa.select(users.c.password_hash, users.c.disabled_at)
        .where(users.c.partner_id == found.partner_id, users.c.id == found.user_id)
        .with_for_update(key_share=KEEPING_KEYS)
    )
    return (await tx.execute(statement)).one() == (found.password_hash, None)


async def lock_if_live(tx: Transaction, partner_id: int, user_id: int, token_id: int) -> bool:
    """Lock the user; return whether the user is enabled and the token is not revoked."""
    mine = users.c.partner_id == partner_id, users.c.id == user_id
    statement = sa.select(users.c.disabled_at).where(*mine).with_for_update(key_share=KEEPING_KEYS)
    enabled = (await tx.execute(statement)).scalar_one() is None
    # A statement of its own, after the lock: one that waited for a revocation would not see it.
    of_user = tokens.c.partner_id == partner_id, tokens.c.user_id == user_id, tokens.c.id == token_id
    revoked_at = await tx.scalar(sa.select(tokens.c.revoked_at).where(*of_user))
    return enabled and revoked_at is None
