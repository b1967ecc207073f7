"""Signing in and out, API tokens, and who a token speaks for."""

import asyncio
from base64 import b64encode
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from math import ceil
from secrets import token_bytes, token_urlsafe
from typing import NamedTuple

import structlog
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from db import access
from db.access import Attempts, Credentials, NewToken, PartnerRow, TokenRow, UserRow
from db.engine import Transaction
from domain.access import DEMO_PASSWORD, Permission, Permissions, TokenKind, effective, sign_in_wait
from domain.events import Event, EventType
from domain.faults import RateLimited
from domain.refusals import InvalidCredentials, InvalidExpiry, NotFound, PermissionNotHeld
from resolvers.context import Context
from resolvers.mutations import Work, mutation
from resolvers.portal import Portal
from resolvers.viewers import Viewer

SESSION_LIFETIME = timedelta(hours=12)
_SECRET_BYTES = 32
_PREFIX_LENGTH = 12
_PREFIXES = {TokenKind.SESSION: "pps_", TokenKind.API: "ppt_"}

_HASH_LENGTH = 16
"""Hexadecimal digits of an e-mail's hash in the log."""

_log = structlog.get_logger("portal.access")
_hasher = PasswordHasher()
# Argon2 takes 64 MiB and a core for each hash: more at once would only make each of them slower.
_hashing = asyncio.Semaphore(2)


def _nobodys_hash() -> str:
    """A hash that takes as long to check as a user's, and that no password has; made up, since making one is slow."""
    salt, digest = (b64encode(token_bytes(length)).rstrip(b"=").decode() for length in (16, 32))
    cost = f"m={_hasher.memory_cost},t={_hasher.time_cost},p={_hasher.parallelism}"
    return f"$argon2id$v=19${cost}${salt}${digest}"


_NOBODYS_HASH = _nobodys_hash()


class Secret(NamedTuple):
    """A new token's secret, the beginning of it that may be shown, and the digest that is stored."""

    secret: str
    prefix: str
    digest: bytes


def new_secret(kind: TokenKind) -> Secret:
    """256 random bits, behind a prefix that lets people and scanners tell what they have found."""
    secret = _PREFIXES[kind] + token_urlsafe(_SECRET_BYTES)
    return Secret(secret, secret[:_PREFIX_LENGTH], digest(secret))


def digest(secret: str) -> bytes:
    """What is stored of a token: a plain SHA-256 is enough for 256 random bits."""
    return sha256(secret.encode("utf-8", "surrogatepass")).digest()


async def hash_password(password: str) -> str:
    """The argon2id hash of a password, made off the event loop."""
    async with _hashing:
        return await asyncio.to_thread(_hasher.hash, password)


async def _is_password(password_hash: str, password: str) -> bool:
    async with _hashing:
        try:
            return await asyncio.to_thread(_hasher.verify, password_hash, password.encode("utf-8", "surrogatepass"))
        except (VerificationError, InvalidHashError):
            return False


async def viewer_of(portal: Portal, secret: str) -> Viewer | None:
    """Whom the token speaks for; None where it is unknown, expired or revoked."""
    token_digest, now = digest(secret), portal.now()
    viewer = portal.viewers.recall(token_digest, now)
    if viewer is None:
        viewer = await _read_viewer(portal, token_digest, now)
    if viewer is not None:
        portal.viewers.note_use(viewer, now)
    return viewer


async def _read_viewer(portal: Portal, token_digest: bytes, now: datetime) -> Viewer | None:
    forgotten = portal.viewers.forgotten
    found = await portal.database.query_shortly(lambda connection: access.bearer(connection, token_digest))
    if found is None or (found.expires_at is not None and found.expires_at <= now):
        return None
    viewer = Viewer(
        partner_id=found.partner_id,
        user_id=found.user_id,
        role=found.role,
        permissions=effective(found.role, found.chosen),
        token_id=found.token_id,
        token_kind=found.kind,
        expires_at=found.expires_at,
    )
    portal.viewers.remember(token_digest, viewer, now, forgotten=forgotten)
    return viewer


class SignedIn(NamedTuple):
    """A new session."""

    secret: str
    expires_at: datetime
    viewer: Viewer


async def sign_in(context: Context, email: str, password: str) -> SignedIn:
    """Begin a session; InvalidCredentials, or RateLimited after too many failures.

    A try counts as failed before its password is looked at, in a transaction of its own, so that many at once
    get no more tries than one after the other.
    """
    try:
        signed_in = await _sign_in(context, email, password)
    except (InvalidCredentials, RateLimited) as error:
        code = error.code.value if isinstance(error, InvalidCredentials) else error.code
        _log.warning("sign-in failed", **_who(context, email), code=code)
        raise
    viewer = signed_in.viewer
    ids = {"partner_id": viewer.partner_id, "user_id": viewer.user_id, "token_id": viewer.token_id}
    _log.info("sign-in succeeded", **_who(context, email), **ids)
    return signed_in


def _who(context: Context, email: str) -> dict[str, str]:
    """Return what the log may say of someone who signs in: which attempts are alike, and not the e-mail itself."""
    email_hash = context.portal.digest("log e-mail", email.encode("utf-8", "surrogatepass")).hex()[:_HASH_LENGTH]
    who = {"email_hash": email_hash}
    return who if context.client_address is None else who | {"client_address": context.client_address}


async def _sign_in(context: Context, email: str, password: str) -> SignedIn:
    portal = context.portal
    attempts_digest = portal.digest("sign-in", email.encode("utf-8", "surrogatepass"))
    await _count_try(portal, attempts_digest)
    found = await portal.database.query(lambda connection: access.credentials(connection, email))
    if not await _is_password(_NOBODYS_HASH if found is None else found.password_hash, password) or found is None:
        raise InvalidCredentials
    if password == DEMO_PASSWORD and not portal.demo:
        # Looked at last, so that the answer takes as long as to any other wrong password.
        raise InvalidCredentials
    return await _begin_session(context, found, attempts_digest)


async def _count_try(portal: Portal, attempts_digest: bytes) -> None:
    async def count(tx: Transaction) -> None:
        now = portal.now()
        attempts = await access.locked_attempts(tx, attempts_digest, at=now)
        if attempts.blocked_until is not None and attempts.blocked_until > now:
            raise RateLimited(ceil((attempts.blocked_until - now).total_seconds()))
        failures = attempts.failures + 1
        wait = sign_in_wait(failures)
        blocked_until = now + timedelta(seconds=wait) if wait else None
        await access.record_attempts(tx, attempts_digest, Attempts(failures, blocked_until), at=now)

    await portal.database.transact(count)


async def _begin_session(context: Context, found: Credentials, attempts_digest: bytes) -> SignedIn:
    secret = new_secret(TokenKind.SESSION)
    now = context.now()
    expires_at = now + SESSION_LIFETIME
    new = NewToken(
        user_id=found.user_id,
        kind=TokenKind.SESSION,
        name="session",
        prefix=secret.prefix,
        digest=secret.digest,
        chosen=None,
        expires_at=expires_at,
    )

    async def begin(tx: Transaction) -> None:
        await access.forget_attempts(tx, attempts_digest)
        await access.add_token(tx, found.partner_id, new, at=now)

    await context.portal.database.transact(begin)
    viewer = await viewer_of(context.portal, secret.secret)
    if viewer is None:
        raise InvalidCredentials
    context.viewer = viewer
    context.forget()
    return SignedIn(secret.secret, expires_at, viewer)


async def sign_out(context: Context) -> bool:
    """End the session that the request came with; False where it came with none."""
    viewer = context.viewer
    if viewer is None or viewer.token_kind is not TokenKind.SESSION:
        return False
    revoked = await context.portal.database.transact(
        lambda tx: access.revoke(tx, viewer.partner_id, viewer.token_id, viewer.token_kind, at=context.now())
    )
    if revoked is not None:
        context.portal.viewers.forget(revoked)
    context.viewer = None
    context.forget()
    return revoked is not None


async def user(context: Context, viewer: Viewer) -> UserRow | None:
    """The user who is signed in."""
    return await context.loaders.user.load(viewer.user_id)


async def partner(context: Context, viewer: Viewer) -> PartnerRow | None:
    """The partner of the user who is signed in."""
    return await context.loaders.partner.load(viewer.partner_id)


async def api_tokens(context: Context) -> list[TokenRow]:
    """The partner's API tokens, newest first."""
    viewer = context.require(Permission.TOKENS_MANAGE)
    return await context.portal.database.query(lambda connection: access.api_tokens(connection, viewer.partner_id))


class CreateApiToken(NamedTuple):
    """A token to make for a script."""

    name: str
    permissions: tuple[Permission, ...]
    expires_at: datetime | None


class ApiTokenCreated(NamedTuple):
    """The token that was made, and its secret, which is shown this once."""

    token_id: int
    secret: str


@mutation("createApiToken", ApiTokenCreated)
async def create_api_token(work: Work, given: CreateApiToken) -> ApiTokenCreated:
    """Make a token that does no more than was chosen for it, and no more than its maker may."""
    _check_held(given.permissions, work.viewer.permissions)
    if given.expires_at is not None and given.expires_at <= work.now:
        raise InvalidExpiry(("expiresAt",), field="expiresAt")
    secret = new_secret(TokenKind.API)
    new = NewToken(
        user_id=work.viewer.user_id,
        kind=TokenKind.API,
        name=given.name,
        prefix=secret.prefix,
        digest=secret.digest,
        chosen=frozenset(given.permissions),
        expires_at=given.expires_at,
    )
    token_id = await access.add_token(work.tx, work.partner_id, new, at=work.now)
    await work.append(Event(type=EventType.TOKEN_CREATED, token_id=token_id))
    return ApiTokenCreated(token_id, secret.secret)


def _check_held(wanted: tuple[Permission, ...], held: Permissions) -> None:
    for place, permission in enumerate(wanted):
        if permission not in held:
            raise PermissionNotHeld(("permissions", str(place)), permission=permission.value)


class RevokeApiToken(NamedTuple):
    """A token to revoke."""

    token_id: int


class ApiTokenRevoked(NamedTuple):
    """The token that is revoked."""

    token_id: int


@mutation("revokeApiToken", ApiTokenRevoked)
async def revoke_api_token(work: Work, given: RevokeApiToken) -> ApiTokenRevoked:
    """Revoke a token of the partner; one that was revoked before stays as it is."""
    mine = await access.api_tokens_by_ids(work.tx, work.partner_id, [given.token_id])
    if given.token_id not in mine:
        raise NotFound(("apiTokenId",), field="apiTokenId")
    revoked = await access.revoke(work.tx, work.partner_id, given.token_id, TokenKind.API, at=work.now)
    if revoked is not None:
        await work.append(Event(type=EventType.TOKEN_REVOKED, token_id=given.token_id))
        work.after_commit.append(partial(work.context.portal.viewers.forget, revoked))
    return ApiTokenRevoked(given.token_id)
