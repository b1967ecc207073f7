"""Second factors that are turned off for others: by those who manage users, and by an operator."""

from collections.abc import Sequence
from typing import NamedTuple

from db import partner_changes, second_factors
from db.engine import Transaction
from db.users import LockedUser
from domain.events import Event, EventType
from domain.refusals import NotFound
from domain.second_factor import OwnSecondFactor
from resolvers import user_changes
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
    user_changes.require_session(work)
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
    user_changes.forget(work, given.user_id)
    return SecondFactorReset(given.user_id)


async def reset_by_operator(portal: Portal, email: str) -> bool:
    """Turn the second factor of a user off; return False if there was none. Raises UnknownUser."""

    async def turn_off(tx: Transaction, user: LockedUser) -> Sequence[Event]:
        before = await second_factors.locked(tx, user.partner_id, user.id)
        await second_factors.drop(tx, user.partner_id, user.id)
        was_on = before is not None and before.second_factor_since is not None
        return [event(EventType.SECOND_FACTOR_DISABLED, user.id)] if was_on else []

    return await user_changes.change_by_operator(portal, email, turn_off)
