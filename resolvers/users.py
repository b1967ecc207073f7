"""Users of partners and the vendor: creation, changes and lists."""

from functools import partial
from typing import Any, NamedTuple

from db import access, events, tokens, users
from db.engine import Transaction
from db.tokens import Revoked
from db.users import ListedUser
from domain.access import VENDOR_ROLES, Role, TokenKind
from domain.events import Event, EventType
from domain.users import EmailTaken, UnknownUser, check_email, check_password, check_role
from resolvers.partners import NewVendor, vendor_id
from resolvers.passwords import hash_password
from resolvers.portal import Portal


class UserChange(NamedTuple):
    """Changes of a user; None leaves a property as it is."""

    role: Role | None = None
    disabled: bool | None = None
    password: str | None = None


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


async def create(portal: Portal, partner_id: int, new: NewUser) -> int:
    """Return the id of the new user of a partner.

    Raises EmailTaken if any user has the address, and RoleOfVendor for a role of the vendor.
    """
    check_role(new.role, "role", of_vendor=False)
    password_hash = await _checked(new)
    return await portal.database.write(partial(_insert, new, password_hash, partner_id))


async def create_for_vendor(portal: Portal, vendor: NewVendor, new: NewUser) -> int:
    """Return the id of the new user of the vendor, which is created with its first user.

    Raises EmailTaken if any user has the address, RoleOfPartner for a role of a partner, and what `vendor_id` raises.
    """
    check_role(new.role, "role", of_vendor=True)
    password_hash = await _checked(new)

    async def insert(tx: Transaction) -> int:
        return await _insert(new, password_hash, await vendor_id(tx, vendor), tx)

    return await portal.database.write(insert)


async def _checked(new: NewUser) -> str:
    check_email(new.email, "email")
    check_password(new.password, "password")
    return await hash_password(new.password)


async def _insert(new: NewUser, password_hash: str, partner_id: int, tx: Transaction) -> int:
    user_id = await access.create_user(
        tx, partner_id, email=new.email, name=new.name, role=new.role, password_hash=password_hash
    )
    if user_id is None:
        raise EmailTaken(("email",))
    return user_id


async def update(portal: Portal, email: str, change: UserChange) -> UserUpdated:
    """Change a user; to disable one, or to set a password, ends the user's sessions and API tokens.

    Raises UnknownUser, and RoleOfVendor or RoleOfPartner for a role of the other kind. Other processes remember viewers
    for 5 seconds at most.
    """
    if change.password is not None:
        check_password(change.password, "password")
    password_hash = None if change.password is None else await hash_password(change.password)

    async def write(tx: Transaction) -> tuple[int, int, list[Revoked]]:
        user = await users.locked(tx, email)
        if user is None:
            raise UnknownUser(("email",))
        now = portal.now()
        values: dict[str, Any] = {}
        if change.role is not None:
            check_role(change.role, "role", of_vendor=user.role in VENDOR_ROLES)
            values["role"] = change.role
        if change.disabled is not None:
            values["disabled_at"] = (user.disabled_at or now) if change.disabled else None
        if password_hash is not None:
            values["password_hash"] = password_hash
        if values:
            await users.update(tx, user.partner_id, user.id, values)
        ended: list[Revoked] = []
        if change.disabled or password_hash is not None:
            revoked = await tokens.revoke_all(tx, user.partner_id, user.id, at=now)
            ended = [token for token in revoked if token.expires_at is None or token.expires_at > now]
        happened = [
            Event(type=EventType.TOKEN_REVOKED, token_id=token.id) for token in ended if token.kind is TokenKind.API
        ]
        if happened:
            await events.append(tx, user.partner_id, happened, actor_id=None, at=now)
        return user.partner_id, user.id, ended

    partner_id, user_id, ended = await portal.database.write(write)
    portal.viewers.forget_user(partner_id, user_id)
    kinds = [token.kind for token in ended]
    return UserUpdated(sessions=kinds.count(TokenKind.SESSION), api_tokens=kinds.count(TokenKind.API))


async def listed(portal: Portal, partner_id: int | None = None) -> list[ListedUser]:
    """Return the users of a partner, or all users."""
    return await portal.database.read(lambda connection: users.listed(connection, partner_id))
