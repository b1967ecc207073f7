"""Identities of the provider that users are linked to: shown, and unlinked by those who manage users."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from db import identities
from db.engine import Transaction
from db.users import LockedUser, UserRow
from domain.events import Event, EventType
from resolvers import user_changes
from resolvers.context import Context
from resolvers.dataloader import Batch
from resolvers.mutations import Work, mutation
from resolvers.portal import Portal
from resolvers.user_changes import UserChanged, require_session
from resolvers.users import shows_security


def linked_at(context: Context, rows: Sequence[UserRow]) -> Batch[datetime | None]:
    """Return since when each user has an identity; None if the viewer may not know it."""
    return context.loaders.identity_linked_at.load_many(
        [user.id if shows_security(context, user) else None for user in rows]
    )


class UnlinkIdentity(NamedTuple):
    """User to unlink."""

    user_id: int


@mutation("unlinkIdentity", UserChanged, for_vendor=True)
async def unlink(work: Work, given: UnlinkIdentity) -> UserChanged:
    """Unlink a user from the identities of the provider; if there are none, nothing happens."""
    require_session(work)
    user = await user_changes.locked(work, given.user_id)
    if await identities.unlink(work.tx, work.partner_id, user.id):
        await work.append(_unlinked(user.id))
        user_changes.forget(work, user.id)
    return UserChanged(user.id)


async def unlink_by_operator(portal: Portal, email: str) -> bool:
    """Unlink a user from the identities of the provider; return False if there were none. Raises UnknownUser."""

    async def unlink_found(tx: Transaction, user: LockedUser) -> Event | None:
        return _unlinked(user.id) if await identities.unlink(tx, user.partner_id, user.id) else None

    return await user_changes.change_by_operator(portal, email, unlink_found)


def _unlinked(user_id: int) -> Event:
    return Event(type=EventType.IDENTITY_UNLINKED, user_id=user_id)
