"""Users of partners and the vendor: creation, changes and lists."""

from datetime import datetime
from typing import Any, NamedTuple

from db import event_log, partner_changes, users
from db.engine import Transaction
from db.users import ListedUser, LockedUser, UserFilter, UserRow
from domain.access import VENDOR_ROLES, Permission, Role
from domain.events import Event, EventType
from domain.partners import PartnerStatus
from domain.tenancy import ALL_PARTNERS
from domain.users import EmailTaken, UnknownUser, check_change, check_email, check_role
from resolvers import pages
from resolvers.context import Context
from resolvers.dataloader import MaybeAwaitable
from resolvers.pages import EVERYTHING, Page, PageArguments, Selection
from resolvers.partners import NewVendor, check_open, vendor_id
from resolvers.passwords import check_new_password, hash_password
from resolvers.portal import Portal
from resolvers.user_changes import Ended, change_row, end_all


class UserChange(NamedTuple):
    """Changes of a user; None leaves a property as it is."""

    role: Role | None = None
    disabled: bool | None = None
    password: str | None = None
    even_last: bool = False
    """Whether the last one who manages the organization's users may lose that."""


class UserUpdated(NamedTuple):
    """Number of sessions and tokens that a change has ended."""

    sessions: int
    api_tokens: int


class NewUser(NamedTuple):
    """User to create."""

    email: str
    name: str
    role: Role
    password: str


def page(
    context: Context,
    chosen: UserFilter,
    arguments: PageArguments,
    *,
    named: int | None = None,
    selection: Selection = EVERYTHING,
) -> MaybeAwaitable[Page[UserRow]]:
    """Return a page of the users that the viewer can see, or of the partner that is named, as they were added."""
    context.require(Permission.USERS_READ)
    scope = context.within(named)
    return pages.page(context, scope, users.listing(scope, chosen), arguments, selection)


def is_known(context: Context, user: UserRow) -> bool:
    """Return whether the viewer sees more of a person than the name: partners do not, of the vendor's people."""
    scope = context.signed_in.scope
    return scope is ALL_PARTNERS or scope == user.partner_id


def shows_security(context: Context, user: UserRow) -> bool:
    """Return whether the viewer sees how a person signs in, as that person and those who manage their users do."""
    return is_known(context, user) and (user.id == context.signed_in.user_id or context.may(Permission.USERS_MANAGE))


def email_of(context: Context, user: UserRow) -> str:
    """Return the address of a person; an empty text if the viewer sees the name only."""
    return user.email if is_known(context, user) else ""


def role_of(context: Context, user: UserRow) -> Role | None:
    """Return the role of a person; None if the viewer sees the name only."""
    return user.role if is_known(context, user) else None


def disabled_at_of(context: Context, user: UserRow) -> datetime | None:
    """Return since when a person is deactivated; None if the viewer sees the name only."""
    return user.disabled_at if is_known(context, user) else None


def is_active_of(context: Context, user: UserRow) -> bool | None:
    """Return whether a person can sign in; None if the viewer sees the name only."""
    return user.is_active if is_known(context, user) else None


async def create(portal: Portal, partner_id: int, new: NewUser) -> int:
    """Return the id of the new user of a partner.

    Raises EmailTaken if any user has the address, RoleOfVendor for a role of the vendor, and PartnerClosed.
    """
    check_role(new.role, "role", of_vendor=False)
    password_hash = await _checked(new)

    async def insert(tx: Transaction) -> int:
        user_id = await _insert(portal, new, password_hash, partner_id, tx)
        await check_open(tx, partner_id)
        return user_id

    return await portal.database.write(insert)


async def create_for_vendor(portal: Portal, vendor: NewVendor, new: NewUser) -> int:
    """Return the id of the new user of the vendor, which is created with its first user.

    Raises EmailTaken if any user has the address, RoleOfPartner for a role of a partner, and what `vendor_id` raises.
    """
    check_role(new.role, "role", of_vendor=True)
    password_hash = await _checked(new)

    async def insert(tx: Transaction) -> int:
        return await _insert(portal, new, password_hash, await vendor_id(tx, vendor), tx)

    return await portal.database.write(insert)


async def _checked(new: NewUser) -> str:
    check_email(new.email, "email")
    await check_new_password(new.password, "password", name=new.name, email=new.email)
    return await hash_password(new.password)


async def _insert(portal: Portal, new: NewUser, password_hash: str, partner_id: int, tx: Transaction) -> int:
    now = portal.now()
    # The operator vouches for the address.
    user_id = await users.create(
        tx, partner_id, email=new.email, name=new.name, role=new.role, password_hash=password_hash, proved_at=now
    )
    if user_id is None:
        raise EmailTaken(("email",))
    joined = [Event(type=EventType.USER_JOINED, user_id=user_id)]
    await event_log.append(tx, partner_id, joined, actor_id=None, at=now)
    return user_id


async def update(portal: Portal, email: str, change: UserChange) -> UserUpdated:
    """Change a user as the operator; to disable one, or to set a password, ends the user's sessions and API tokens.

    Raises UnknownUser, RoleOfVendor or RoleOfPartner for a role of the other kind, and LastManager. Other processes
    remember viewers for 5 seconds at most.
    """
    password_hash = None if change.password is None else await _new_hash(portal, email, change.password)

    async def write(tx: Transaction) -> tuple[int, int, Ended]:
        user, status = await _locked(tx, email)
        now = portal.now()
        values: dict[str, Any] = {}
        happened: list[EventType] = []
        if change.role is not None:
            check_role(change.role, "role", of_vendor=user.role in VENDOR_ROLES)
            if change.role is not user.role:
                values["role"] = change.role
                happened.append(EventType.USER_UPDATED)
        if change.disabled is not None and change.disabled is (user.disabled_at is None):
            values["disabled_at"] = now if change.disabled else None
            happened.append(EventType.USER_DEACTIVATED if change.disabled else EventType.USER_REACTIVATED)
        if password_hash is not None:
            values["password_hash"] = password_hash
            happened.append(EventType.PASSWORD_CHANGED)
        if values.keys() & {"role", "disabled_at"} and not change.even_last and status is not PartnerStatus.CLOSED:
            await _check_others(tx, user)
        if values:
            await change_row(tx, user, values)
        ended = Ended()
        if change.disabled or password_hash is not None:
            ended = await end_all(tx, user.partner_id, user.id, at=now)
        new = [*(Event(type=each, user_id=user.id) for each in happened), *ended.events]
        if new:
            await event_log.append(tx, user.partner_id, new, actor_id=None, at=now)
        return user.partner_id, user.id, ended

    partner_id, user_id, ended = await portal.database.write(write)
    portal.viewers.forget_user(partner_id, user_id)
    return UserUpdated(sessions=ended.sessions, api_tokens=len(ended.events))


async def _locked(tx: Transaction, email: str) -> tuple[LockedUser, PartnerStatus]:
    """Lock the user's organization and the user; return the user, and the status of the organization."""
    found = await users.named(tx, email)
    if found is None:
        raise UnknownUser(("email",))
    # In the order of the mutations: of two changes at once, each must see what the other leaves.
    partner = await partner_changes.locked(tx, found.partner_id)
    user = await users.locked(tx, email)
    if user is None:
        raise UnknownUser(("email",))
    return user, partner.status


async def _check_others(tx: Transaction, user: LockedUser) -> None:
    """Raise LastManager if the user is active, and no other one manages the organization's users."""
    others = user.disabled_at is not None or await users.has_others(tx, user.partner_id, user.id, user.role)
    check_change(user.role, own=False, others=others, path=("email",))


async def _new_hash(portal: Portal, email: str, password: str) -> str:
    found = await portal.database.read(lambda connection: users.named(connection, email))
    if found is None:
        raise UnknownUser(("email",))
    await check_new_password(password, "password", name=found.name, email=email)
    return await hash_password(password)


async def listed(portal: Portal, partner_id: int | None = None) -> list[ListedUser]:
    """Return the users of a partner, or all users."""
    return await portal.database.read(lambda connection: users.listed(connection, partner_id))
