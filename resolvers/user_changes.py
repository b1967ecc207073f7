"""What those who manage users do to them: new names and roles, deactivation, reactivation, and the end of sessions."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from db import event_log, invitations, partner_changes, partners, password_resets, second_factors, tokens, users
from db.actors import Rights
from db.engine import Transaction
from db.event_log import ActorLostError
from db.tokens import Revoked
from db.users import LockedUser
from domain.access import ROLE_PERMISSIONS, VENDOR_ROLES, Permission, Role, TokenKind, roles_with
from domain.events import Event, EventType
from domain.partners import PartnerStatus
from domain.refusals import NotFound, SessionRequired
from domain.tenancy import ALL_PARTNERS
from domain.users import UnknownUser, check_change, check_role
from resolvers.context import Context, unauthenticated
from resolvers.mutations import Work, mutation
from resolvers.partners import check_partner
from resolvers.portal import Portal


class Ended(NamedTuple):
    """Number of a user's sessions that were ended, and the events of the API tokens."""

    sessions: int = 0
    events: Sequence[Event] = ()

    @classmethod
    def of(cls, revoked: Sequence[Revoked], at: datetime) -> "Ended":
        """Return what was ended of the revoked tokens, of which some had expired."""
        working = [token for token in revoked if token.expires_at is None or token.expires_at > at]
        scripts = [token.id for token in working if token.kind is TokenKind.API]
        happened = [Event(type=EventType.TOKEN_REVOKED, token_id=token_id) for token_id in scripts]
        return cls(len(working) - len(scripts), happened)


async def end_all(tx: Transaction, partner_id: int, user_id: int, *, at: datetime) -> Ended:
    """Revoke all tokens of the locked user, all links for a new password, and sign-ins that wait for a code."""
    await password_resets.drop_all(tx, partner_id, user_id)
    await second_factors.drop_challenges(tx, partner_id, user_id)
    return Ended.of(await tokens.revoke_all(tx, partner_id, user_id, at=at), at)


async def change_row(tx: Transaction, user: LockedUser, values: Mapping[str, Any]) -> None:
    """Write new values of the locked user; end the links made for others by one who may not make them any more.

    Otherwise a link that was kept would work again after another change.
    """
    await users.update(tx, user.partner_id, user.id, values)
    lost = ROLE_PERMISSIONS[user.role] - ROLE_PERMISSIONS[values.get("role", user.role)]
    if values.get("disabled_at") is not None or lost & _MAKING_LINKS:
        # The vendor's users make them for all partners.
        scope = ALL_PARTNERS if user.role in VENDOR_ROLES else user.partner_id
        await invitations.drop_by(tx, scope, user.id)
        await password_resets.drop_by(tx, scope, user.id)


_MAKING_LINKS = {Permission.USERS_MANAGE, Permission.PARTNERS_MANAGE}
"""Permissions with which links are made; a new partner's first manager is invited with the second one."""


class UserChanged(NamedTuple):
    """User who was changed."""

    user_id: int


class UpdateUser(NamedTuple):
    """New name and role of a user; None keeps what the user has."""

    user_id: int
    name: str | None
    role: Role | None


@mutation("updateUser", UserChanged, for_vendor=True)
async def update(work: Work, given: UpdateUser) -> UserChanged:
    """Write a new name or role of a user; if they are as before, nothing happens."""
    user = await locked(work, given.user_id)
    values: dict[str, Any] = {}
    if given.name is not None and given.name != user.name:
        values["name"] = given.name
    if given.role is not None and given.role is not user.role:
        # Only a person gives rights that a script may not have itself.
        require_session(work)
        check_role(given.role, "role", of_vendor=of_vendor(work))
        await _check_change(work, user, "role")
        values["role"] = given.role
    if values:
        await change_row(work.tx, user, values)
        await work.append(Event(type=EventType.USER_UPDATED, user_id=user.id))
        forget(work, user.id)
    return UserChanged(user.id)


class DeactivateUser(NamedTuple):
    """User to deactivate."""

    user_id: int


@mutation("deactivateUser", UserChanged, for_vendor=True)
async def deactivate(work: Work, given: DeactivateUser) -> UserChanged:
    """Deactivate a user, and end all sessions and API tokens; if the user is deactivated, nothing happens."""
    user = await locked(work, given.user_id)
    if user.disabled_at is None:
        await _check_change(work, user, "userId")
        await change_row(work.tx, user, {"disabled_at": work.now})
        ended = await end_all(work.tx, work.partner_id, user.id, at=work.now)
        await work.append(Event(type=EventType.USER_DEACTIVATED, user_id=user.id), *ended.events)
        forget(work, user.id)
    return UserChanged(user.id)


class ReactivateUser(NamedTuple):
    """User to reactivate."""

    user_id: int


@mutation("reactivateUser", UserChanged, for_vendor=True)
async def reactivate(work: Work, given: ReactivateUser) -> UserChanged:
    """Let a user sign in again, with the same password and role; no session or token comes back."""
    user = await locked(work, given.user_id)
    if user.disabled_at is not None:
        require_session(work)
        await change_row(work.tx, user, {"disabled_at": None})
        await work.append(Event(type=EventType.USER_REACTIVATED, user_id=user.id))
        forget(work, user.id)
    return UserChanged(user.id)


class SessionsEnded(NamedTuple):
    """Number of sessions that were ended."""

    sessions: int


async def sign_out_everywhere(context: Context, user_id: int | None, named: int | None) -> SessionsEnded:
    """End all sessions of the viewer, or of a user whom the viewer manages; API tokens work on.

    Raises SessionRequired for an API token and its own user, Forbidden for another user without the permission, and
    NotFound for one that the viewer can't see.
    """
    viewer = context.signed_in
    own = user_id is None or user_id == viewer.user_id
    if own and viewer.token_kind is TokenKind.API:
        raise SessionRequired
    if not own:
        context.require(Permission.USERS_MANAGE)
    partner_id = viewer.partner_id if own else context.acting_for(named)
    wanted = viewer.user_id if user_id is None else user_id

    async def end(tx: Transaction) -> int:
        if not own and named is not None:
            await check_partner(tx, viewer, partner_id, for_vendor=True)
        if not own:
            await partner_changes.locked(tx, partner_id)
        if await users.locked_by_id(tx, partner_id, wanted) is None:
            raise NotFound(("userId",))
        # The time after the lock: before it, a session may have begun meanwhile.
        now = context.now()
        revoked = await tokens.revoke_all(tx, partner_id, wanted, at=now, kind=TokenKind.SESSION)
        await second_factors.drop_challenges(tx, partner_id, wanted)
        ended = Ended.of(revoked, now).sessions
        if ended:
            happened = [Event(type=EventType.SESSIONS_ENDED, user_id=wanted)]
            # Each user may end the own sessions.
            rights = None if own else Rights(viewer.token_id, roles_with(Permission.USERS_MANAGE))
            try:
                await event_log.append(tx, partner_id, happened, actor_id=viewer.user_id, at=now, rights=rights)
            except ActorLostError:
                raise unauthenticated() from None
        return ended

    sessions = await context.portal.database.write(end)
    context.note_change()
    context.portal.viewers.forget_user(partner_id, wanted)
    return SessionsEnded(sessions)


def of_vendor(work: Work) -> bool:
    """Return whether the mutation is for the vendor's own organization."""
    return work.viewer.of_vendor and work.partner_id == work.viewer.partner_id


def require_session(work: Work) -> None:
    """Raise SessionRequired for an API token."""
    if work.viewer.token_kind is TokenKind.API:
        raise SessionRequired


async def locked(work: Work, user_id: int) -> LockedUser:
    """Lock the user after the partner, and return the user; refuse an unknown one."""
    # Of two changes at once, each must see what the other leaves.
    await partner_changes.locked(work.tx, work.partner_id)
    user = await users.locked_by_id(work.tx, work.partner_id, user_id)
    if user is None:
        raise NotFound(("userId",))
    return user


async def _check_change(work: Work, user: LockedUser, field: str) -> None:
    """Raise a refusal if the user must not be deactivated, or lose the role."""
    # One who is deactivated is no manager to keep, and neither is that of a partner that gets no other.
    others = (
        user.disabled_at is not None
        or await users.has_others(work.tx, work.partner_id, user.id, user.role)
        or (work.viewer.of_vendor and await partners.status(work.tx, work.partner_id) is PartnerStatus.CLOSED)
    )
    check_change(user.role, own=user.id == work.viewer.user_id, others=others, path=(field,))


def forget(work: Work, user_id: int) -> None:
    """Read the user's rights again after the commit."""
    work.after_commit.append(partial(work.context.portal.viewers.forget_user, work.partner_id, user_id))


async def change_by_operator(
    portal: Portal, email: str, change: Callable[[Transaction, LockedUser], Awaitable[Sequence[Event]]]
) -> bool:
    """Change the user with the address, and append the events; return False without any. Raises UnknownUser."""

    async def write(tx: Transaction) -> bool:
        user = await users.locked(tx, email)
        if user is None:
            raise UnknownUser(("email",))
        happened = await change(tx, user)
        if not happened:
            return False
        await event_log.append(tx, user.partner_id, happened, actor_id=None, at=portal.now())
        return True

    return await portal.database.write(write)
