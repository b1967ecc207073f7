"""Second factors that are turned off for others: by those who manage users, and by an operator."""

from functools import partial
from typing import NamedTuple

from db import event_log, partner_changes, second_factors, users
from db.engine import Transaction
from domain.access import TokenKind
from domain.events import EventType
from domain.refusals import NotFound, SessionRequired
from domain.second_factor import OwnSecondFactor
from domain.users import UnknownUser
from resolvers.mutations import Work, mutation
from resolvers.portal import Portal
from resolvers.second_factor import event


class ResetSecondFactor(NamedTuple):
    """User whose second factor is to be reset."""

    user_id: int


class SecondFactorReset(NamedTuple):
    """User who has no second factor now."""

    user_id: int


@mutation("resetSecondFactor", SecondFactorReset, for_vendor=True)
async def reset(work: Work, given: ResetSecondFactor) -> SecondFactorReset:
    """Turn the second factor of another user off; if there is none, nothing happens."""
    if work.viewer.token_kind is not TokenKind.SESSION:
        raise SessionRequired
    if given.user_id == work.viewer.user_id:
        # A stolen session must not turn it off without the password or a code.
        raise OwnSecondFactor(("userId",))
    # As other changes of users by those who manage them, so that two of them don't deadlock.
    await partner_changes.locked(work.tx, work.partner_id)
    user = await second_factors.locked(work.tx, work.partner_id, given.user_id)
    if user is None:
        raise NotFound(("userId",))
    await second_factors.drop(work.tx, work.partner_id, given.user_id)
    if user.second_factor_since is not None:
        await work.append(event(EventType.SECOND_FACTOR_DISABLED, given.user_id))
    viewers = work.context.portal.viewers
    work.after_commit.append(partial(viewers.forget_user, work.partner_id, given.user_id))
    return SecondFactorReset(given.user_id)


async def reset_by_operator(portal: Portal, email: str) -> bool:
    """Turn the second factor of a user off; return False if there was none. Raises UnknownUser."""

    async def write(tx: Transaction) -> bool:
        user = await users.locked(tx, email)
        if user is None:
            raise UnknownUser(("email",))
        before = await second_factors.locked(tx, user.partner_id, user.id)
        await second_factors.drop(tx, user.partner_id, user.id)
        if before is None or before.second_factor_since is None:
            return False
        happened = [event(EventType.SECOND_FACTOR_DISABLED, user.id)]
        await event_log.append(tx, user.partner_id, happened, actor_id=None, at=portal.now())
        return True

    return await portal.database.write(write)
