"""Identities of the provider that users are linked to: shown, and unlinked by those who manage users."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from db import identities, tokens
from db.engine import Transaction
from db.users import LockedUser, UserRow
from domain.access import TokenKind
from domain.events import Event, EventType
from resolvers import user_changes
from resolvers.context import Context
from resolvers.dataloader import Batch
from resolvers.mutations import Work, mutation
from resolvers.portal import Portal
from resolvers.user_changes import Ended, UserChanged, require_session
from resolvers.users import shows_security


def linked_at(context: Context, rows: Sequence[UserRow]) -> Batch[datetime | None]:
    """Return since when each user has an identity; None if the viewer may not know it."""
    return context.loaders.identity_linked_at.load_many(
        [user.id if shows_security(context, user) else None for user in rows]
    )


class UnlinkIdentity(NamedTuple):
    """User to unlink, and whether the same identities may be linked to the user again."""

    user_id: int
    can_link_again: bool = False


@mutation("unlinkIdentity", UserChanged, for_vendor=True)
async def unlink(work: Work, given: UnlinkIdentity) -> UserChanged:
    """Unlink a user from the identities of the provider, and end the API tokens that were created by them.

    If they may be linked again, so may all that were unlinked before, and the API tokens stay. If there is nothing to
    change, nothing happens.
    """
    require_session(work)
    user = await user_changes.locked(work, given.user_id)
    if happened := await _unlinked(work.tx, user, can_link_again=given.can_link_again, at=work.now):
        await work.append(*happened)
        user_changes.forget(work, user.id)
    return UserChanged(user.id)


async def unlink_by_operator(portal: Portal, email: str, *, can_link_again: bool = False) -> bool:
    """Unlink a user as `unlink` does; return False if there was nothing to change. Raises UnknownUser."""

    async def unlink_found(tx: Transaction, user: LockedUser) -> Sequence[Event]:
        return await _unlinked(tx, user, can_link_again=can_link_again, at=portal.now())

    return await user_changes.change_by_operator(portal, email, unlink_found)


async def _unlinked(tx: Transaction, user: LockedUser, *, can_link_again: bool, at: datetime) -> Sequence[Event]:
    """Unlink the locked user, and return the events of what was changed."""
    owner = user.partner_id, user.id
    was_linked = await identities.unlink(tx, *owner)
    ended = Ended()
    if can_link_again:
        was_linked = await identities.forget_unlinked(tx, *owner) or was_linked
    else:
        revoked = await tokens.revoke_all(tx, *owner, at=at, kind=TokenKind.API, by_identity=True)
        ended = Ended.of(revoked, at)
    unlinked = [Event(type=EventType.IDENTITY_UNLINKED, user_id=user.id)] if was_linked else []
    return [*unlinked, *ended.events]
