"""Sessions: sign-in, sign-out and renewal."""

from datetime import datetime
from typing import NamedTuple

import structlog

from db import access, users
from db.access import NewToken
from db.engine import Transaction, row_scope
from db.users import Credentials
from domain.access import DEMO_PASSWORD, TokenKind, session_end
from domain.limits import RateLimited
from domain.refusals import InvalidCredentials, SessionRequired
from resolvers import second_steps
from resolvers.access import Secret, new_secret, viewer_of
from resolvers.attempts import Tried, count_as_right
from resolvers.context import Context, unauthenticated
from resolvers.password_checks import check_current
from resolvers.second_steps import SecondStep
from resolvers.viewers import Viewer

_HASH_LENGTH = 16
"""Hexadecimal digits of an e-mail's hash in the log."""

_log = structlog.get_logger("portal.access")


class SignedIn(NamedTuple):
    """New session."""

    secret: str
    expires_at: datetime
    viewer: Viewer


async def sign_in(context: Context, email: str, password: str) -> SignedIn | SecondStep:
    """Begin a session, or its second step for a user with a second factor.

    Raises InvalidCredentials, RateLimited after too many failures, Unavailable under too many.

    An attempt counts as failed before its password is checked, in a transaction of its own, so that many at once
    get no more attempts than one after the other.
    """
    try:
        signed_in = await _sign_in(context, email, password)
    except (InvalidCredentials, RateLimited) as error:
        code = error.code.value if isinstance(error, InvalidCredentials) else error.code
        _log.warning("sign-in failed", **_who(context, email), code=code)
        raise
    if isinstance(signed_in, SecondStep):
        _log.info("second step begun", **_who(context, email))
        return signed_in
    viewer = signed_in.viewer
    ids = {"partner_id": viewer.partner_id, "user_id": viewer.user_id, "token_id": viewer.token_id}
    _log.info("sign-in succeeded", **_who(context, email), **ids)
    return signed_in


def _who(context: Context, email: str) -> dict[str, str]:
    """Return what the log shows of an attempt: a keyed hash of the e-mail, by which attempts can be compared."""
    email_hash = context.portal.digest("log e-mail", email.encode("utf-8", "surrogatepass")).hex()[:_HASH_LENGTH]
    who = {"email_hash": email_hash}
    return who if context.client_address is None else who | {"client_address": context.client_address}


@row_scope.for_every_partner
async def _sign_in(context: Context, email: str, password: str) -> SignedIn | SecondStep:
    tried, found = await check_current(context, email, password)
    # Looked at last, so that the answer takes as long as to any other wrong password.
    if found is None or found.disabled_at is not None or (password == DEMO_PASSWORD and not context.portal.demo):
        raise InvalidCredentials
    return await _begin_session(context, found, tried)


async def _begin_session(context: Context, found: Credentials, tried: Tried) -> SignedIn | SecondStep:
    secret, now = new_secret(TokenKind.SESSION), context.now()
    new = new_session(found.user_id, secret, signed_in_at=now, now=now)

    async def begin(tx: Transaction) -> SecondStep | None:
        await count_as_right(tx, tried, now)
        # The user may have been disabled, or got another password, while the hash was computed.
        if not await users.lock_if_unchanged(tx, found):
            raise InvalidCredentials
        user = found.partner_id, found.user_id
        second_step = await second_steps.begin(tx, context.portal, user, found.password_hash, at=now)
        if second_step is None:
            await access.add_token(tx, found.partner_id, new, at=now)
        return second_step

    second_step = await context.portal.database.write(begin)
    context.note_change()
    return await signed_in_by(context, secret) if second_step is None else second_step


async def sign_out(context: Context) -> bool:
    """End the request's session; return False without one."""
    viewer = context.viewer
    if viewer is None or viewer.token_kind is not TokenKind.SESSION:
        return False
    revoked = await context.portal.database.write(
        lambda tx: access.revoke(tx, viewer.partner_id, viewer.token_id, TokenKind.SESSION, at=context.now())
    )
    if revoked is not None:
        context.portal.viewers.forget(revoked)
    context.viewer = None
    context.note_change()
    return revoked is not None


async def renew(context: Context) -> SignedIn:
    """Replace the request's session by a new one; raise SessionRequired for an API token.

    Of two concurrent calls, one gets the new session and the other Unauthenticated.
    """
    viewer = context.signed_in
    if viewer.token_kind is not TokenKind.SESSION:
        raise SessionRequired
    secret, now = new_secret(TokenKind.SESSION), context.now()

    async def replace(tx: Transaction) -> bytes:
        # The viewer may be remembered from before the session was ended.
        if not await users.lock_if_live(tx, viewer.partner_id, viewer.user_id, viewer.token_id):
            raise unauthenticated()
        ended = await access.end_session(tx, viewer.partner_id, viewer.token_id, at=now)
        if ended is None:
            raise unauthenticated()
        new = new_session(viewer.user_id, secret, signed_in_at=ended.signed_in_at, now=now)
        await access.add_token(tx, viewer.partner_id, new, at=now)
        return ended.digest

    context.portal.viewers.forget(await context.portal.database.write(replace))
    context.note_change()
    return await signed_in_by(context, secret)


def new_session(user_id: int, secret: Secret, *, signed_in_at: datetime, now: datetime) -> NewToken:
    """Return a session that begins now, of a user who gave the password at `signed_in_at`."""
    return NewToken(
        user_id=user_id,
        kind=TokenKind.SESSION,
        name="session",
        prefix=secret.prefix,
        digest=secret.digest,
        chosen=None,
        expires_at=session_end(signed_in_at, now),
        signed_in_at=signed_in_at,
    )


async def signed_in_by(context: Context, secret: Secret) -> SignedIn:
    """Make the new session's viewer the viewer of the rest of the request."""
    viewer = await viewer_of(context.portal, secret.secret, context.client_address)
    if viewer is None or viewer.expires_at is None:
        raise InvalidCredentials
    context.viewer = viewer
    context.forget()
    return SignedIn(secret.secret, viewer.expires_at, viewer)
