"""Statements about live tokens, as the vendor lists and revokes them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from db.engine import Connection, Transaction, execute
from db.engine.execute import KEEPING_KEYS
from db.tables import tokens, users
from domain.access import Permission, Permissions, Role, TokenKind, effective


class LiveToken(NamedTuple):
    """A token that works, and whom it speaks for."""

    id: int
    partner_id: int
    email: str
    kind: TokenKind
    name: str
    prefix: str
    permissions: Permissions
    """What it may do now."""

    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


class Revoked(NamedTuple):
    """A token that was revoked just now."""

    id: int
    kind: TokenKind
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenFilter:
    """Which tokens; what is None is not asked."""

    partner_id: int | None = None
    email: str | None = None
    id: int | None = None
    prefix: str | None = None
    digest: bytes | None = None


_COLUMNS = (
    tokens.c.id,
    tokens.c.partner_id,
    users.c.email,
    tokens.c.kind,
    tokens.c.name,
    tokens.c.prefix,
    tokens.c.permissions,
    tokens.c.created_at,
    tokens.c.expires_at,
    tokens.c.last_used_at,
    users.c.role,
)


async def live(connection: Connection, chosen: TokenFilter, *, at: datetime) -> list[LiveToken]:
    """Return the tokens that work at that moment, oldest first; the vendor may see those of all partners."""
    statement = (
        sa.select(*_COLUMNS)
        .join(users, users.c.id == tokens.c.user_id)
        .where(
            tokens.c.revoked_at.is_(None),
            sa.or_(tokens.c.expires_at.is_(None), tokens.c.expires_at > at),
            users.c.disabled_at.is_(None),
            *_conditions(chosen),
        )
        .order_by(tokens.c.id)
    )
    return await execute.rows(connection, statement, _live_token)


async def revoke_all(tx: Transaction, partner_id: int, user_id: int, *, at: datetime) -> list[Revoked]:
    """Revoke all tokens of the partner's user, and return them."""
    not_revoked = tokens.c.partner_id == partner_id, tokens.c.user_id == user_id, tokens.c.revoked_at.is_(None)
    # In the order of their ids, as the uses of tokens are written, so that the two don't deadlock.
    statement = (
        sa.select(*(tokens.c[name] for name in Revoked._fields))
        .where(*not_revoked)
        .order_by(tokens.c.id)
        .with_for_update(key_share=KEEPING_KEYS)
    )
    revoked = await execute.rows(tx, statement, Revoked)
    await tx.execute(sa.update(tokens).where(*not_revoked).values(revoked_at=at))
    return revoked


def _conditions(chosen: TokenFilter) -> Iterator[ColumnElement[bool]]:
    if chosen.partner_id is not None:
        yield tokens.c.partner_id == chosen.partner_id
    if chosen.email is not None:
        yield users.c.email == chosen.email
    if chosen.id is not None:
        yield tokens.c.id == chosen.id
    if chosen.prefix is not None:
        # Not LIKE, which on SQLite takes capitals for small letters.
        yield sa.func.substr(tokens.c.prefix, 1, len(chosen.prefix)) == chosen.prefix
    if chosen.digest is not None:
        yield tokens.c.digest == chosen.digest


def _live_token(*values: Any) -> LiveToken:  # noqa: ANN401 — the columns of a row.
    *columns, role = values
    row = LiveToken(*columns)
    return row._replace(permissions=_effective(role, columns[LiveToken._fields.index("permissions")]))


def _effective(role: Role, stored: str | None) -> Permissions:
    chosen = None if stored is None else frozenset(Permission(name) for name in stored.split())
    return effective(role, chosen)
