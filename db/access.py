"""Statements about tokens: whom one identifies, and those that a partner's users create and revoke."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple, cast

import sqlalchemy as sa

from db.engine import Connection, Transaction, one, returned
from db.engine.column_types import Instant
from db.engine.expressions import among, found_by_id
from db.engine.filters import PARTNER, RowsById, one_each, one_row, value, values_of
from db.engine.lock_queues import Queue, changing
from db.engine.statement import Statement
from db.tables import partners, tokens, users
from domain.access import ALL, API_TOKENS_MAX, Permission, Permissions, Role, TokenKind


class TokenRow(NamedTuple):
    """API token; its secret is not stored."""

    id: int
    partner_id: int
    user_id: int
    name: str
    prefix: str
    permissions: Permissions
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    last_used_address: str | None
    revoked_at: datetime | None


class Bearer(NamedTuple):
    """User of a token; `chosen` is None if the token has all permissions of the user's role."""

    token_id: int
    kind: TokenKind
    chosen: Permissions | None
    expires_at: datetime | None
    partner_id: int
    user_id: int
    role: Role
    of_vendor: bool
    networks: tuple[str, ...]
    """Networks from which the partner's API tokens can be used; none if from any address."""
    second_factor_since: datetime | None
    second_factor_required: bool
    """Whether the partner requires a second factor of its users."""
    points_per_second: int | None


class NewToken(NamedTuple):
    """New token; its digest is the SHA-256 of its secret."""

    user_id: int
    kind: TokenKind
    name: str
    prefix: str
    digest: bytes
    chosen: Permissions | None
    expires_at: datetime | None
    signed_in_at: datetime | None = None
    """When the user gave the password; None for an API token."""
    by_identity: bool = False
    """Whether a token of the identity provider created it."""


class EndedSession(NamedTuple):
    """Revoked session, and the time of its sign-in with the password."""

    digest: bytes
    signed_in_at: datetime


_TOKENS = tuple(tokens.c[name] for name in TokenRow._fields)


def _bearer(*values: Any) -> Bearer:  # noqa: ANN401 — the columns of a row.
    row = Bearer(*values)
    chosen, networks = cast("str | None", row.chosen), cast("str", row.networks)
    return row._replace(chosen=None if chosen is None else _permissions(chosen), networks=tuple(networks.split()))


_BEARERS = (
    sa.select(
        tokens.c.id,
        tokens.c.kind,
        tokens.c.permissions,
        tokens.c.expires_at,
        users.c.partner_id,
        users.c.id,
        users.c.role,
        partners.c.is_vendor,
        partners.c.api_token_networks,
        users.c.second_factor_since,
        partners.c.second_factor_required,
        partners.c.points_per_second,
    )
    .join(users, users.c.id == tokens.c.user_id)
    .join(partners, partners.c.id == users.c.partner_id)
    .where(tokens.c.revoked_at.is_(None), users.c.disabled_at.is_(None))
)
_BEARER = Statement(_BEARERS.where(tokens.c.digest == sa.bindparam("token_digest")), _bearer, reads=one_row)
_BEARER_BY_ID = Statement(
    _BEARERS.where(found_by_id(tokens.c.partner_id) == PARTNER, tokens.c.id == sa.bindparam("token_id")),
    _bearer,
    reads=one_row,
)

_BEARERS_BY_IDS = Statement(
    _BEARERS.where(among(found_by_id(tokens.c.partner_id), "partner_ids"), among(tokens.c.id, "ids")),
    _bearer,
    reads=one_each("ids"),
)


async def bearer(connection: Connection, digest: bytes) -> Bearer | None:
    """Return the user of the token with that digest, or None if the token is revoked or the user disabled."""
    return await one(connection, _BEARER, {"token_digest": digest})


async def bearer_by_id(connection: Connection, partner_id: int, token_id: int) -> Bearer | None:
    """Return the user of the partner's token, or None if the token is revoked or the user disabled."""
    return await one(connection, _BEARER_BY_ID, {"partner_id": partner_id, "token_id": token_id})


async def bearers(connection: Connection, keys: Sequence[tuple[int, int]]) -> Sequence[Bearer]:
    """Return the users of tokens by partner id and token id, without those that `bearer_by_id` does not return."""
    wanted = {"partner_ids": sorted({partner_id for partner_id, _ in keys}), "ids": [token_id for _, token_id in keys]}
    return await connection.fetch(_BEARERS_BY_IDS, wanted)


_ADD_TOKEN: Statement[int] = Statement(
    sa.insert(tokens).returning(tokens.c.id),
    value,
    inserted=["partner_id", "permissions", "created_at", *(name for name in NewToken._fields if name != "chosen")],
)


async def add_token(tx: Transaction, partner_id: int, new: NewToken, *, at: datetime) -> int:
    """Create a token, and return its id."""
    chosen = None if new.chosen is None else " ".join(sorted(permission.value for permission in new.chosen))
    return await returned(
        tx, _ADD_TOKEN, {**new._asdict(), "partner_id": partner_id, "permissions": chosen, "created_at": at}
    )


async def api_tokens(connection: Connection, partner_id: int, *, at: datetime) -> list[TokenRow]:
    """Return up to 100 of the partner's API tokens: those that work first, then the newest."""
    return list(await connection.fetch(_API_TOKENS, {"partner_id": partner_id, "at": at}))


async def revoke(tx: Transaction, partner_id: int, token_id: int, kind: TokenKind, *, at: datetime) -> bytes | None:
    """Revoke a token and return its digest, or None if there is no such usable token."""
    return await one(tx, _REVOKE, {"partner_id": partner_id, "token_id": token_id, "of_kind": kind, "at": at})


class Use(NamedTuple):
    """Use of a token, from an address unless it is unknown."""

    partner_id: int
    token_id: int
    at: datetime
    address: str | None


async def touch(tx: Transaction, uses: Iterable[Use]) -> None:
    """Record the last uses of tokens, always in one order, so that two processes can't deadlock."""
    await tx.execute_many(_TOUCH, [use._asdict() for use in sorted(uses)])


async def lock_partner(tx: Transaction, partner_id: int) -> None:
    """Lock what is counted of the partner, such as its tokens, until the transaction ends."""
    await tx.fetch(_LOCK_PARTNER, {"partner_id": partner_id})


async def live_api_tokens(tx: Transaction, partner_id: int, *, at: datetime) -> int:
    """Return how many API tokens of the locked partner work."""
    return await returned(tx, _LIVE_API_TOKENS, {"partner_id": partner_id, "at": at})


async def end_session(tx: Transaction, partner_id: int, token_id: int, *, at: datetime) -> EndedSession | None:
    """Revoke a usable session and return it, or None if it has ended."""
    return await one(tx, _END_SESSION, {"partner_id": partner_id, "token_id": token_id, "at": at})


def _permissions(stored: str) -> Permissions:
    return frozenset(Permission(name) for name in stored.split())


def _token(*values: Any) -> TokenRow:  # noqa: ANN401 — the columns of a row.
    row = TokenRow(*values)
    stored = cast("str | None", row.permissions)
    # A token for which nothing was chosen has whatever its maker's role gives.
    return row._replace(permissions=ALL if stored is None else _permissions(stored))


_AT = sa.bindparam("at", type_=Instant)
_OF_PARTNER = tokens.c.partner_id == PARTNER
_IS_API = tokens.c.kind == TokenKind.API
_WORKS = sa.and_(tokens.c.revoked_at.is_(None), sa.or_(tokens.c.expires_at.is_(None), tokens.c.expires_at > _AT))
_API_TOKENS = Statement(
    sa.select(*_TOKENS)
    .where(_OF_PARTNER, _IS_API)
    .order_by(sa.case((_WORKS, 0), else_=1), tokens.c.id.desc())
    .limit(API_TOKENS_MAX),
    _token,
)
api_tokens_by_ids = RowsById(
    lambda mine: Statement(
        sa.select(*_TOKENS).where(mine(tokens.c.partner_id), _IS_API, among(tokens.c.id, "ids")),
        _token,
        reads=one_each("ids"),
    )
)
"""The API tokens of a scope, by id."""
_REVOKE: Statement[bytes] = Statement(
    sa.update(tokens)
    .where(
        _OF_PARTNER,
        tokens.c.id == sa.bindparam("token_id"),
        tokens.c.kind == sa.bindparam("of_kind"),
        tokens.c.revoked_at.is_(None),
    )
    .values(revoked_at=_AT)
    .returning(tokens.c.digest),
    value,
)
_TOUCH = Statement(
    sa.update(tokens)
    .where(_OF_PARTNER, tokens.c.id == sa.bindparam("token_id"))
    .values(last_used_at=_AT, last_used_address=sa.bindparam("address", type_=sa.String)),
    values_of,
)
_LOCK_PARTNER: Statement[int] = Statement(
    changing(sa.select(partners.c.id).where(partners.c.id == PARTNER), Queue.PARTNERS, PARTNER), value
)
_LIVE_API_TOKENS: Statement[int] = Statement(
    sa.select(sa.func.count()).select_from(tokens).where(_OF_PARTNER, _IS_API, _WORKS), value
)
_END_SESSION = Statement(
    sa.update(tokens)
    .where(_OF_PARTNER, tokens.c.id == sa.bindparam("token_id"), tokens.c.kind == TokenKind.SESSION, _WORKS)
    .values(revoked_at=_AT)
    .returning(tokens.c.digest, sa.func.coalesce(tokens.c.signed_in_at, tokens.c.created_at, type_=Instant)),
    EndedSession,
)
