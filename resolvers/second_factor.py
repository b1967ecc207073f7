"""Second factors of users: enrolled, confirmed and turned off by the user."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple, TypeVar

from pyotp import random_base32

from db import event_log, second_factors, tokens, users
from db.engine import Transaction
from db.second_factors import FactorState, FactorUser, TotpSecret
from db.users import UserRow
from domain import second_factor
from domain.access import TokenKind, effective
from domain.events import Event, EventType
from domain.refusals import SessionRequired
from domain.second_factor import (
    NothingEnrolled,
    OneProofRequired,
    SecondFactorEnabled,
    SecondFactorKind,
    SecondFactorNotEnabled,
    WrongCode,
)
from domain.users import WrongPassword
from resolvers import second_factor_codes as codes
from resolvers.attempts import Tried, count_as_right, count_try
from resolvers.context import Context, unauthenticated
from resolvers.password_checks import check_current
from resolvers.portal import Portal
from resolvers.users import shows_security
from resolvers.viewers import Viewer

Result = TypeVar("Result")


class Proof(NamedTuple):
    """Proof that the user of a session is the one who signed in: the password, or a code."""

    password: str | None = None
    code: str | None = None


class Enrolled(NamedTuple):
    """Secret of an app, which is shown only once."""

    secret: str
    uri: str


class RecoveryCodes(NamedTuple):
    """New recovery codes, which are shown only once."""

    codes: tuple[str, ...]


class Disabled(NamedTuple):
    """Second factor that is off now."""


class _Checked(NamedTuple):
    """Proof as far as it is checked outside of the transaction."""

    tried: Tried
    password_hash: str | None
    code: str | None


async def enroll(context: Context, password: str) -> Enrolled:
    """Begin with a new app, which works once `confirm` gets its first code.

    Raises SessionRequired, WrongPassword, SecondFactorEnabled, RateLimited, and Unavailable under too many.
    """
    portal, secret = context.portal, random_base32()

    async def write(tx: Transaction, user: FactorUser, viewer: Viewer, now: datetime) -> Enrolled:
        owner = viewer.partner_id, viewer.user_id
        sealed = codes.sealed_secret(portal, owner, secret)
        if user.second_factor_since is not None or not await second_factors.enroll(tx, *owner, sealed, at=now):
            raise SecondFactorEnabled
        return Enrolled(secret, second_factor.uri(secret, user.email))

    return await _proved(context, Proof(password=password), write, check=_check_off)


async def confirm(context: Context, code: str) -> RecoveryCodes:
    """Turn the second factor on by the first code of the app, and end the user's other sessions.

    Raises SessionRequired, SecondFactorEnabled, NothingEnrolled, WrongCode and RateLimited.
    """
    portal = context.portal

    async def write(tx: Transaction, user: FactorUser, viewer: Viewer, now: datetime) -> RecoveryCodes:
        owner = viewer.partner_id, viewer.user_id
        if user.second_factor_since is not None:
            raise SecondFactorEnabled
        _check_enrolled(await second_factors.totp_secret(tx, *owner), now)
        step = await codes.first_step(tx, portal, owner, code, at=now)
        await second_factors.confirm(tx, *owner, step, at=now)
        made = await codes.renewed(tx, portal, owner)
        # Others were begun by the password alone, perhaps by somebody else, and would need no code any more.
        await tokens.revoke_all(tx, *owner, at=now, kind=TokenKind.SESSION, but=viewer.token_id)
        await _append(tx, viewer, EventType.SECOND_FACTOR_ENABLED, at=now)
        return RecoveryCodes(made)

    viewer, user = await _own(context)
    # What would be refused with the right code too is no failed try.
    _check_off(user)
    enrolled = await portal.database.read(
        lambda connection: second_factors.totp_secret(connection, viewer.partner_id, viewer.user_id)
    )
    _check_enrolled(enrolled, context.now())
    tried = await count_try(portal, codes.SECOND_FACTOR, user.email, context.client_address)
    made = await _write(context, viewer, _Checked(tried, None, None), write)
    _forget(context, viewer)
    return made


async def disable(context: Context, proof: Proof) -> Disabled:
    """Turn the viewer's second factor off, and void its recovery codes.

    Raises SessionRequired, SecondFactorNotEnabled, OneProofRequired, WrongPassword, WrongCode and RateLimited.
    """

    async def write(tx: Transaction, user: FactorUser, viewer: Viewer, now: datetime) -> Disabled:
        if user.second_factor_since is None:
            raise SecondFactorNotEnabled
        await second_factors.drop(tx, viewer.partner_id, viewer.user_id)
        await _append(tx, viewer, EventType.SECOND_FACTOR_DISABLED, at=now)
        return Disabled()

    disabled = await _proved(context, proof, write, check=_check_on)
    context.portal.viewers.forget_user(context.signed_in.partner_id, context.signed_in.user_id)
    context.forget()
    return disabled


async def renew_recovery_codes(context: Context, proof: Proof) -> RecoveryCodes:
    """Replace all recovery codes; raises as `disable` does."""
    portal = context.portal

    async def write(tx: Transaction, user: FactorUser, viewer: Viewer, now: datetime) -> RecoveryCodes:
        if user.second_factor_since is None:
            raise SecondFactorNotEnabled
        made = await codes.renewed(tx, portal, (viewer.partner_id, viewer.user_id))
        await _append(tx, viewer, EventType.RECOVERY_CODES_RENEWED, at=now)
        return RecoveryCodes(made)

    return await _proved(context, proof, write, check=_check_on)


def _check_on(user: UserRow) -> None:
    if user.second_factor_since is None:
        raise SecondFactorNotEnabled


def _check_enrolled(found: TotpSecret | None, now: datetime) -> None:
    if found is None or found.enrolled_at + second_factor.ENROLLMENT_LIFETIME <= now:
        raise NothingEnrolled


def _check_off(user: UserRow) -> None:
    if user.second_factor_since is not None:
        raise SecondFactorEnabled


_Write = Callable[[Transaction, FactorUser, Viewer, datetime], Awaitable[Result]]


async def _proved(context: Context, proof: Proof, write: _Write[Result], *, check: Callable[[UserRow], None]) -> Result:
    """Check the proof, and write if it is right; a try counts as failed before it is checked."""
    viewer, user = await _own(context)
    # What would be refused with the right proof too is no failed try.
    check(user)
    if (proof.password is None) is (proof.code is None):
        raise OneProofRequired
    if proof.password is None:
        tried = await count_try(context.portal, codes.SECOND_FACTOR, user.email, context.client_address)
        return await _write(context, viewer, _Checked(tried, None, proof.code), write)
    tried, found = await check_current(context, user.email, proof.password)
    if found is None:
        raise WrongPassword(("password",))
    return await _write(context, viewer, _Checked(tried, found.password_hash, None), write)


async def _own(context: Context) -> tuple[Viewer, UserRow]:
    viewer = context.signed_in
    if viewer.token_kind is not TokenKind.SESSION:
        raise SessionRequired
    user = await context.loaders.user.load(viewer.user_id)
    if user is None:
        raise unauthenticated()
    return viewer, user


async def _write(context: Context, viewer: Viewer, proof: _Checked, write: _Write[Result]) -> Result:
    portal, owner = context.portal, (viewer.partner_id, viewer.user_id)

    async def work(tx: Transaction) -> Result:
        # Tries of passwords are locked before the user, as a sign-in does, and tries of codes after.
        if proof.password_hash is not None:
            await count_as_right(tx, proof.tried, context.now())
        # The viewer may be remembered from before the session was ended.
        if not await users.lock_if_live(tx, *owner, viewer.token_id):
            raise unauthenticated()
        user = await second_factors.locked(tx, *owner)
        if user is None:
            raise unauthenticated()
        # The time after the lock: before it, a session may have begun meanwhile.
        now = context.now()
        if proof.password_hash not in {None, user.password_hash}:
            # Another password was set while the hash was computed.
            raise WrongPassword(("password",))
        if proof.code is not None:
            if user.second_factor_since is None:
                raise SecondFactorNotEnabled
            await _accept(tx, portal, viewer, proof.code, at=now)
        result = await write(tx, user, viewer, now)
        if proof.password_hash is None:
            await count_as_right(tx, proof.tried, now)
        return result

    result = await portal.database.write(work)
    context.note_change()
    return result


async def _accept(tx: Transaction, portal: Portal, viewer: Viewer, code: str, *, at: datetime) -> None:
    kind = await codes.accept(tx, portal, (viewer.partner_id, viewer.user_id), code, at=at)
    if kind is None:
        raise WrongCode(("code",))
    if kind is SecondFactorKind.RECOVERY_CODE:
        await _append(tx, viewer, EventType.RECOVERY_CODE_USED, at=at)


async def _append(tx: Transaction, viewer: Viewer, kind: EventType, *, at: datetime) -> None:
    happened = [event(kind, viewer.user_id)]
    await event_log.append(tx, viewer.partner_id, happened, actor_id=viewer.user_id, at=at)


def event(kind: EventType, user_id: int) -> Event:
    """Return an event about the second factor of a user."""
    return Event(type=kind, user_id=user_id)


def _forget(context: Context, viewer: Viewer) -> None:
    """Give the session what it may do with a second factor, here at once and elsewhere within seconds."""
    context.portal.viewers.forget_user(viewer.partner_id, viewer.user_id)
    context.viewer = replace(viewer, must_enroll=False, permissions=effective(viewer.role, None))
    context.forget()


async def state(context: Context, viewer: Viewer) -> FactorState:
    """Return the second factor of the viewer."""
    return await context.portal.database.read(
        lambda connection: second_factors.state(connection, viewer.partner_id, viewer.user_id)
    )


def is_required(context: Context, found: FactorState) -> bool:
    """Return whether the user must have a second factor."""
    return second_factor.is_required(
        by_partner=found.required_by_partner,
        of_vendor=found.of_vendor,
        of_vendor_users=context.portal.vendor_second_factor,
    )


def shown_of(context: Context, user: UserRow) -> bool | None:
    """Return whether the user has a second factor; None if the viewer may not know it."""
    return user.second_factor_since is not None if shows_security(context, user) else None
