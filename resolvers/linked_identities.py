"""Identities of the provider that users are linked to: shown, and unlinked by those who manage users."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import NamedTuple

from db import event_log, identities, partner_changes, users
from db.engine import Transaction
from db.users import UserRow
from domain.access import Permission
from domain.events import Event, EventType
from domain.refusals import NotFound
from domain.users import UnknownUser
from resolvers.context import Context
from resolvers.dataloader import Batch
from resolvers.mutations import Work, mutation
from resolvers.portal import Portal
from resolvers.user_changes import UserChanged, require_session


def linked_at(context: Context, rows: Sequence[UserRow]) -> Batch[datetime | None]:
    """Return since when each user has an identity; None if the viewer may not know it.

    The user may, and those who manage the users of the user's organization.
    """
    viewer, manages = context.signed_in, context.may(Permission.USERS_MANAGE)

    def shown(user: UserRow) -> bool:
        return user.id == viewer.user_id or (manages and (viewer.of_vendor or viewer.partner_id == user.partner_id))

    return context.loaders.identity_linked_at.load_many([user.id if shown(user) else None for user in rows])


class UnlinkIdentity(NamedTuple):
    """User to unlink."""

    user_id: int


@mutation("unlinkIdentity", UserChanged, for_vendor=True)
async def unlink(work: Work, given: UnlinkIdentity) -> UserChanged:
    """Unlink a user from the identities of the provider; if there are none, nothing happens."""
    require_session(work)
    # As other changes of users by those who manage them, so that two of them don't deadlock.
    await partner_changes.locked(work.tx, work.partner_id)
    if await users.locked_by_id(work.tx, work.partner_id, given.user_id) is None:
        raise NotFound(("userId",), field="userId")
    if await identities.unlink(work.tx, work.partner_id, given.user_id):
        await work.append(Event(type=EventType.IDENTITY_UNLINKED, user_id=given.user_id))
        viewers = work.context.portal.viewers
        work.after_commit.append(partial(viewers.forget_user, work.partner_id, given.user_id))
    return UserChanged(given.user_id)


async def unlink_by_operator(portal: Portal, email: str) -> bool:
    """Unlink a user from the identities of the provider; return False if there were none. Raises UnknownUser."""

    async def write(tx: Transaction) -> bool:
        user = await users.locked(tx, email)
        if user is None:
            raise UnknownUser(("email",))
        if not await identities.unlink(tx, user.partner_id, user.id):
            return False
        unlinked = Event(type=EventType.IDENTITY_UNLINKED, user_id=user.id)
        await event_log.append(tx, user.partner_id, [unlinked], actor_id=None, at=portal.now())
        return True

    return await portal.database.write(write)
