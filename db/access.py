"""Statements about partners, their users and tokens."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, cast

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from db.engine import Connection, Transaction, execute, filters
from db.engine.column_types import Instant
from db.engine.execute import KEEPING_KEYS
from db.engine.expressions import among
from db.engine.statement import Statement
from db.tables import partner_counters, partners, tokens, users
from domain.access import ALL, API_TOKENS_MAX, Permission, Permissions, Role, TokenKind


class PartnerRow(NamedTuple):
    """A partner."""

    id: int
    name: str
    cnpj: str


class UserRow(NamedTuple):
    """A person who works at a partner."""

    id: int
    partner_id: int
    name: str
    email: str
    role: Role


class Credentials(NamedTuple):
    """What a sign-in is checked against."""

    user_id: int
    partner_id: int
    password_hash: str
    disabled_at: datetime | None


class TokenRow(NamedTuple):
    """An API token as it is read; its secret is nowhere."""

    id: int
    partner_id: int
    user_id: int
    name: str
    prefix: str
    permissions: Permissions
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


class Bearer(NamedTuple):
    """Whom a token speaks for; `chosen` is None where the token has all that its maker's role gives."""

    token_id: int
    kind: TokenKind
    chosen: Permissions | None
    expires_at: datetime | None
    partner_id: int
    user_id: int
    role: Role


class NewToken(NamedTuple):
    """What is written of a token; its digest is the SHA-256 of its secret."""

    user_id: int
    kind: TokenKind
    name: str
    prefix: str
    digest: bytes
    chosen: Permissions | None
    expires_at: datetime | None
    signed_in_at: datetime | None = None
    """When the user gave the password; None for an API token."""


class EndedSession(NamedTuple):
    """A session that was revoked, and when its user gave the password."""

    digest: bytes
    signed_in_at: datetime


_PARTNERS = tuple(partners.c[name] for name in PartnerRow._fields)
_USERS = tuple(users.c[name] for name in UserRow._fields)
_TOKENS = tuple(tokens.c[name] for name in TokenRow._fields)


_PARTNERS_BY_IDS = Statement(sa.select(*_PARTNERS).where(among(partners.c.id, "ids")), PartnerRow)
_USERS_BY_IDS = filters.by_ids(users, _USERS, UserRow)


async def partners_by_ids(connection: Connection, ids: Sequence[int]) -> Mapping[int, PartnerRow]:
    """The partners among these ids."""
    return {row.id: row for row in await execute.fetch(connection, _PARTNERS_BY_IDS, {"ids": ids})}


async def partner_named(connection: Connection, name_or_cnpj: str) -> PartnerRow | None:
    """The partner with that name or CNPJ; None where none or more than one has it."""
    named = sa.or_(sa.func.lower(partners.c.name) == name_or_cnpj.lower(), partners.c.cnpj == name_or_cnpj)
    found = await execute.rows(connection, sa.select(*_PARTNERS).where(named).limit(2), PartnerRow)
    return found[0] if len(found) == 1 else None


async def any_partner(connection: Connection) -> bool:
    """Whether there is any partner at all."""
    return bool(await connection.scalar(sa.select(sa.select(partners.c.id).exists())))


async def create_partner(tx: Transaction, *, name: str, cnpj: str) -> int | None:
    """The id of the new partner, its counters at zero; None, and nothing written, where the CNPJ is taken."""
    statement = (
        execute.insert(tx, partners)
        .values(name=name, cnpj=cnpj)
        .on_conflict_do_nothing(index_elements=["cnpj"])
        .returning(partners.c.id)
    )
    partner_id = await tx.scalar(statement)
    if partner_id is not None:
        await tx.execute(sa.insert(partner_counters).values(partner_id=partner_id, order_number=0, event_number=0))
    return partner_id


async def create_user(
    tx: Transaction, partner_id: int, *, email: str, name: str, role: Role, password_hash: str
) -> int | None:
    """The id of the new user; None, and nothing written, where the e-mail is taken."""
    statement = (
        execute.insert(tx, users)
        .values(partner_id=partner_id, email=email, name=name, role=role, password_hash=password_hash)
        .on_conflict_do_nothing(index_elements=["email"])
        .returning(users.c.id)
    )
    return await tx.scalar(statement)


async def users_by_ids(connection: Connection, partner_id: int, ids: Sequence[int]) -> Mapping[int, UserRow]:
    """The partner's users among these ids."""
    found = await execute.fetch(connection, _USERS_BY_IDS, {"partner_id": partner_id, "ids": ids})
    return {row.id: row for row in found}


async def credentials(connection: Connection, email: str) -> Credentials | None:
    """The user with that e-mail, which is unique among all partners: a sign-in names no partner."""
    columns = users.c.id, users.c.partner_id, users.c.password_hash, users.c.disabled_at
    statement = sa.select(*columns).where(users.c.email == email)
    return await execute.one(connection, statement, Credentials)


async def bearer(connection: Connection, digest: bytes) -> Bearer | None:
    """Whom the token with that digest speaks for, unless it is revoked or its user is disabled."""
    statement = (
        sa.select(
            tokens.c.id,
            tokens.c.kind,
            tokens.c.permissions,
            tokens.c.expires_at,
            users.c.partner_id,
            users.c.id,
            users.c.role,
        )
        .join(users, users.c.id == tokens.c.user_id)
        .where(tokens.c.digest == digest, tokens.c.revoked_at.is_(None), users.c.disabled_at.is_(None))
    )

    def row(token_id: int, kind: TokenKind, chosen: str | None, *rest: object) -> Bearer:
        return Bearer._make([token_id, kind, None if chosen is None else _permissions(chosen), *rest])

    return await execute.one(connection, statement, row)


async def add_token(tx: Transaction, partner_id: int, new: NewToken, *, at: datetime) -> int:
    """The id of the new token."""
    values = new._asdict()
    chosen = values.pop("chosen")
    values["permissions"] = None if chosen is None else " ".join(sorted(permission.value for permission in chosen))
    statement = sa.insert(tokens).values(partner_id=partner_id, created_at=at, **values).returning(tokens.c.id)
    return (await tx.execute(statement)).scalar_one()


async def api_tokens(connection: Connection, partner_id: int, *, at: datetime) -> list[TokenRow]:
    """Return up to 100 of the partner's API tokens: those that work first, then the newest."""
    mine = tokens.c.partner_id == partner_id, tokens.c.kind == TokenKind.API
    order = sa.case((_works(at), 0), else_=1), tokens.c.id.desc()
    statement = sa.select(*_TOKENS).where(*mine).order_by(*order).limit(API_TOKENS_MAX)
    return await execute.rows(connection, statement, _token)


async def api_tokens_by_ids(connection: Connection, partner_id: int, ids: Sequence[int]) -> Mapping[int, TokenRow]:
    """The partner's API tokens among these ids."""
    mine = tokens.c.partner_id == partner_id, tokens.c.kind == TokenKind.API, tokens.c.id.in_(ids)
    return {row.id: row for row in await execute.rows(connection, sa.select(*_TOKENS).where(*mine), _token)}


async def revoke(tx: Transaction, partner_id: int, token_id: int, kind: TokenKind, *, at: datetime) -> bytes | None:
    """The digest of the token that was revoked now; None, and nothing changed, where there is none to revoke."""
    statement = (
        sa.update(tokens)
        .where(
            tokens.c.partner_id == partner_id,
            tokens.c.id == token_id,
            tokens.c.kind == kind,
            tokens.c.revoked_at.is_(None),
        )
        .values(revoked_at=at)
        .returning(tokens.c.digest)
    )
    return await tx.scalar(statement)


async def touch(tx: Transaction, partner_id: int, token_ids: Iterable[int], *, at: datetime) -> None:
    """Write down that the partner's tokens were used."""
    mine = tokens.c.partner_id == partner_id, tokens.c.id.in_(sorted(token_ids))
    await tx.execute(sa.update(tokens).where(*mine).values(last_used_at=at))


async def lock_partner(tx: Transaction, partner_id: int) -> None:
    """Let no other transaction make a token of the partner until this one ends."""
    await tx.execute(
        sa.select(partners.c.id).where(partners.c.id == partner_id).with_for_update(key_share=KEEPING_KEYS)
    )


async def live_api_tokens(tx: Transaction, partner_id: int, *, at: datetime) -> int:
    """Return how many API tokens of the locked partner work."""
    mine = tokens.c.partner_id == partner_id, tokens.c.kind == TokenKind.API
    statement = sa.select(sa.func.count()).select_from(tokens).where(*mine, _works(at))
    return (await tx.execute(statement)).scalar_one()


async def end_session(tx: Transaction, partner_id: int, token_id: int, *, at: datetime) -> EndedSession | None:
    """Revoke a session that has not ended; return None, and change nothing, if it has."""
    statement = (
        sa.update(tokens)
        .where(
            tokens.c.partner_id == partner_id,
            tokens.c.id == token_id,
            tokens.c.kind == TokenKind.SESSION,
            _works(at),
        )
        .values(revoked_at=at)
        .returning(tokens.c.digest, sa.func.coalesce(tokens.c.signed_in_at, tokens.c.created_at, type_=Instant))
    )
    return await execute.one(tx, statement, EndedSession)


def _works(at: datetime) -> ColumnElement[bool]:
    return sa.and_(tokens.c.revoked_at.is_(None), sa.or_(tokens.c.expires_at.is_(None), tokens.c.expires_at > at))


def _permissions(stored: str) -> Permissions:
    return frozenset(Permission(name) for name in stored.split())


def _token(*values: Any) -> TokenRow:  # noqa: ANN401 — the columns of a row.
    row = TokenRow(*values)
    stored = cast("str | None", row.permissions)
    # A token for which nothing was chosen has whatever its maker's role gives.
    return row._replace(permissions=ALL if stored is None else _permissions(stored))
