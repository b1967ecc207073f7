"""The users of the vendor's partners: making, changing and listing them."""

from typing import Any, NamedTuple

from db import access, events, tokens, users
from db.engine import Transaction
from db.tokens import Revoked
from db.users import ListedUser
from domain.access import Role, TokenKind
from domain.events import Event, EventType
from domain.users import EmailTaken, UnknownUser, check_email, check_password
from resolvers.passwords import hash_password
from resolvers.portal import Portal


class UserChange(NamedTuple):
    """What becomes of a user; what is None stays."""

    role: Role | None = None
    disabled: bool | None = None
    password: str | None = None


class UserUpdated(NamedTuple):
    """What a change has ended."""

    sessions: int
    api_tokens: int


async def create(portal: Portal, partner_id: int, *, email: str, name: str, role: Role, password: str) -> int:
    """Return the id of the new user; raise EmailTaken if a user of any partner has the address."""
    check_email(email, "email")
    check_password(password, "password")
    password_hash = await hash_password(password)

    async def insert(tx: Transaction) -> int:
        user_id = await access.create_user(
            tx, partner_id, email=email, name=name, role=role, password_hash=password_hash
        )
        if user_id is None:
            raise EmailTaken(("email",))
        return user_id

    return await portal.database.write(insert)


async def update(portal: Portal, email: str, change: UserChange) -> UserUpdated:
    """Change a user; to disable one, or to set a password, ends the user's sessions and API tokens.

    Raises UnknownUser. Other processes remember viewers for 5 seconds at most.
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
    """Return the users of a partner, or of all partners."""
    return await portal.database.read(lambda connection: users.listed(connection, partner_id))
