"""Tokens of all partners: issuing, listing and revoking by the vendor."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

import structlog

from db import access, event_log, invitations, password_resets, tokens, users
from db.access import NewToken
from db.engine import Transaction, row_scope
from db.tokens import LiveToken, TokenFilter
from domain import token_forms
from domain.access import ACTIONS, ROLE_PERMISSIONS, Permissions, TokenKind
from domain.events import Event, EventType
from domain.refusals import PermissionNotHeld
from domain.users import UnknownUser, UserDisabled
from resolvers import ids
from resolvers.access import PREFIX_LENGTH, new_secret
from resolvers.api_tokens import add_api_token
from resolvers.portal import Portal
from resolvers.viewers import digest

_log = structlog.get_logger("portal.access")

_ID_DIGITS_MAX = 18
_PREFIX_LENGTH_MIN = 5
"""The first four characters, such as ppt_, are those of all tokens of a kind."""


class AmbiguousTokenError(Exception):
    """Error: several tokens begin with the prefix."""

    def __init__(self, candidates: Sequence[LiveToken]) -> None:
        """Take the tokens that match."""
        super().__init__(f"{len(candidates)} tokens")
        self.candidates = candidates


class UnknownTokenError(LookupError):
    """Error: no usable token has the id or the prefix."""


async def issue(
    portal: Portal, email: str, name: str, *, chosen: Permissions | None, expires_at: datetime | None
) -> str:
    """Return the secret of a new API token of a user, for the chosen permissions or all that the user's role gives.

    Raises UnknownUser, UserDisabled, ApiTokenLimit, and PermissionNotHeld for what the role does not give.
    """
    secret = new_secret(TokenKind.API)

    async def insert(tx: Transaction) -> None:
        found = await users.named(tx, email)
        if found is None:
            raise UnknownUser(("email",))
        # In the order in which a deactivation locks.
        await access.lock_partner(tx, found.partner_id)
        user = await users.locked(tx, email)
        if user is None:
            raise UnknownUser(("email",))
        if user.disabled_at is not None:
            raise UserDisabled(("email",))
        held = ROLE_PERMISSIONS[user.role]
        for permission in sorted((chosen or held) - held, key=lambda missing: missing.value):
            raise PermissionNotHeld(("permissions",), permission=ACTIONS[permission])
        new = NewToken(
            user_id=user.id,
            kind=TokenKind.API,
            name=name,
            prefix=secret.prefix,
            digest=secret.digest,
            chosen=held if chosen is None else chosen,
            expires_at=expires_at,
        )
        now = portal.now()
        token_id = await add_api_token(tx, user.partner_id, new, at=now)
        created = Event(type=EventType.TOKEN_CREATED, token_id=token_id)
        await event_log.append(tx, user.partner_id, [created], actor_id=user.id, at=now)

    await portal.database.write(insert)
    return secret.secret


async def live(portal: Portal, chosen: TokenFilter) -> list[LiveToken]:
    """Return the usable tokens."""
    return await portal.database.read(lambda connection: tokens.live(connection, chosen, at=portal.now()))


async def revoke(portal: Portal, named: str) -> LiveToken:
    """Revoke the usable token with that id, secret or prefix of a secret, and return its row.

    Raises UnknownTokenError and AmbiguousTokenError.
    """
    chosen = _filter(named)

    async def write(tx: Transaction) -> tuple[LiveToken, bytes | None]:
        now = portal.now()
        found = await tokens.live(tx, chosen, at=now)
        if not found:
            raise UnknownTokenError(named)
        if len(found) > 1:
            raise AmbiguousTokenError(found)
        (token,) = found
        revoked = await access.revoke(tx, token.partner_id, token.id, token.kind, at=now)
        if revoked is not None:
            happened = [_event_of(token)]
            await event_log.append(tx, token.partner_id, happened, actor_id=None, at=now)
        return token, revoked

    token, revoked = await portal.database.write(write)
    if revoked is not None:
        portal.viewers.forget(revoked)
    return token


@row_scope.for_every_partner
async def revoke_found(portal: Portal, secret: str) -> None:
    """Revoke the usable token, or delete the link, with that whole secret: its holder could use it instead."""
    if not token_forms.is_mistyped(secret) and secret.startswith((token_forms.INVITATION, token_forms.RESET)):
        await _drop_link(portal, secret)
        return
    if token_forms.is_mistyped(secret) or not secret.startswith((token_forms.SESSION, token_forms.API)):
        return
    found = await live(portal, TokenFilter(digest=digest(secret)))
    if found:
        with suppress(UnknownTokenError):
            revoked = await revoke(portal, str(found[0].id))
            _log.warning("token revoked by its finder", partner_id=revoked.partner_id, token_id=revoked.id)


async def _drop_link(portal: Portal, secret: str) -> None:
    link, is_invitation = digest(secret), secret.startswith(token_forms.INVITATION)

    async def drop(tx: Transaction) -> int | None:
        if not is_invitation:
            return await password_resets.drop_found(tx, link)
        partner_id = await invitations.drop_found(tx, link)
        if partner_id is not None:
            revoked = Event(type=EventType.INVITATION_REVOKED)
            await event_log.append(tx, partner_id, [revoked], actor_id=None, at=portal.now())
        return partner_id

    partner_id = await portal.database.write(drop)
    if partner_id is not None:
        _log.warning("link removed by its finder", partner_id=partner_id, invitation=is_invitation)


def _event_of(revoked: LiveToken) -> Event:
    if revoked.kind is TokenKind.API:
        return Event(type=EventType.TOKEN_REVOKED, token_id=revoked.id)
    return Event(type=EventType.SESSIONS_ENDED, user_id=revoked.user_id)


def _filter(named: str) -> TokenFilter:
    text = named.strip()
    if text.isascii() and text.isdecimal():
        return TokenFilter(id=int(text) if len(text) <= _ID_DIGITS_MAX else ids.NOWHERE)
    if (number := ids.number("ApiToken", text)) != ids.NOWHERE:
        return TokenFilter(id=number)
    if len(text) > PREFIX_LENGTH:
        # A whole secret, as a scanner finds it, is compared whole: its beginning may be another token's too.
        return TokenFilter(digest=digest(text))
    return TokenFilter(prefix=text) if len(text) >= _PREFIX_LENGTH_MIN else TokenFilter(id=ids.NOWHERE)
