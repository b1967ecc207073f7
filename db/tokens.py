"""Statements about usable tokens, which the vendor lists and revokes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from db.engine import Connection, Transaction, filters
from db.engine.column_types import Instant
from db.engine.deletions import deletion
from db.engine.expressions import KEEPING_KEYS, among
from db.engine.filters import PARTNER, Shape, values_of
from db.engine.statement import Statement
from db.tables import events, tokens, users
from domain.access import Permission, Permissions, Role, TokenKind, effective
from domain.tenancy import ALL_PARTNERS


class LiveToken(NamedTuple):
    """Usable token, and its user."""

    id: int
    partner_id: int
    user_id: int
    email: str
    kind: TokenKind
    name: str
    prefix: str
    permissions: Permissions
    """What it may do now."""

    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    last_used_address: str | None


class Revoked(NamedTuple):
    """Revoked token."""

    id: int
    kind: TokenKind
    expires_at: datetime | None
    by_identity: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenFilter:
    """Filter of tokens."""

    partner_id: int | None = None
    email: str | None = None
    id: int | None = None
    prefix: str | None = None
    digest: bytes | None = None


_COLUMNS = (
    tokens.c.id,
    tokens.c.partner_id,
    tokens.c.user_id,
    users.c.email,
    tokens.c.kind,
    tokens.c.name,
    tokens.c.prefix,
    tokens.c.permissions,
    tokens.c.created_at,
    tokens.c.expires_at,
    tokens.c.last_used_at,
    tokens.c.last_used_address,
    users.c.role,
)


_AT = sa.bindparam("at", type_=Instant)
_NOT_REVOKED = (
    tokens.c.partner_id == PARTNER,
    tokens.c.user_id == sa.bindparam("user_id"),
    tokens.c.revoked_at.is_(None),
)
_UNTIL = sa.bindparam("until", type_=Instant)
_DROP_ENDED = deletion(
    tokens,
    sa.or_(tokens.c.expires_at <= _UNTIL, tokens.c.revoked_at <= _UNTIL),
    ~sa.exists().where(events.c.partner_id == tokens.c.partner_id, events.c.token_id == tokens.c.id),
)
_LOCK_ALL = Statement(
    sa.select(*(tokens.c[name] for name in Revoked._fields))
    .where(*_NOT_REVOKED)
    # As the uses of tokens are written, so that the two don't deadlock.
    .order_by(tokens.c.id)
    .with_for_update(key_share=KEEPING_KEYS),
    Revoked,
)
_REVOKE = Statement(
    sa.update(tokens).where(tokens.c.partner_id == PARTNER, among(tokens.c.id, "ids")).values(revoked_at=_AT), values_of
)


async def live(connection: Connection, chosen: TokenFilter, *, at: datetime) -> list[LiveToken]:
    """Return the tokens that work at that moment, oldest first; the vendor may see those of all partners."""
    shape, values = filters.shaped(ALL_PARTNERS, chosen)
    return list(await connection.fetch(_live(shape), {**values, "at": at}))


@lru_cache
def _live(shape: Shape) -> Statement[LiveToken]:
    return Statement(
        sa.select(*_COLUMNS)
        .join(users, users.c.id == tokens.c.user_id)
        .where(
            tokens.c.revoked_at.is_(None),
            sa.or_(tokens.c.expires_at.is_(None), tokens.c.expires_at > _AT),
            users.c.disabled_at.is_(None),
            *_conditions(filters.named(TokenFilter, shape)),
        )
        .order_by(tokens.c.id),
        _live_token,
    )


async def revoke_all(
    tx: Transaction,
    partner_id: int,
    user_id: int,
    *,
    at: datetime,
    kind: TokenKind | None = None,
    by_identity: bool = False,
    but: int | None = None,
) -> list[Revoked]:
    """Revoke all tokens of the partner's user, or those of a kind or by an identity, except one, and return them."""
    locked = await tx.fetch(_LOCK_ALL, {"partner_id": partner_id, "user_id": user_id})
    revoked = [
        token
        for token in locked
        if (kind is None or token.kind is kind) and (token.by_identity or not by_identity) and token.id != but
    ]
    await tx.execute(_REVOKE, {"partner_id": partner_id, "ids": [token.id for token in revoked], "at": at})
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
        yield sa.func.substr(tokens.c.prefix, 1, sa.func.length(sa.cast(chosen.prefix, sa.Text))) == chosen.prefix
    if chosen.digest is not None:
        yield tokens.c.digest == chosen.digest


def _live_token(*values: Any) -> LiveToken:  # noqa: ANN401 — the columns of a row.
    *columns, role = values
    row = LiveToken(*columns)
    return row._replace(permissions=_effective(role, columns[LiveToken._fields.index("permissions")]))


def _effective(role: Role, stored: str | None) -> Permissions:
    chosen = None if stored is None else frozenset(Permission(name) for name in stored.split())
    return effective(role, chosen)


async def drop_ended(tx: Transaction, *, until: datetime, most: int) -> int:
    """Delete up to so many sessions and API tokens of all partners that ended until then, and return their number.

    Those that an event names are kept as long as the event.
    """
    return await tx.execute(_DROP_ENDED, {"until": until, "most": most})
