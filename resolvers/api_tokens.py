"""API tokens of scripts: listed, created and revoked by those who manage them."""

from datetime import datetime
from functools import partial
from typing import NamedTuple

from db import access, users
from db.access import NewToken, TokenRow
from db.engine import Transaction
from domain.access import ACTIONS, API_TOKENS_MAX, Permission, Permissions, TokenKind
from domain.events import Event, EventType
from domain.refusals import ApiTokenLimit, NotFound, PermissionNotHeld, SessionRequired
from domain.violations import InvalidExpiry
from resolvers.access import new_secret
from resolvers.context import Context, unauthenticated
from resolvers.mutations import Work, mutation
from resolvers.outcomes import SecretShownOnce


async def listed(context: Context, named: int | None = None) -> list[TokenRow]:
    """Return up to 100 API tokens of the viewer's organization, or of the partner that a user of the vendor names.

    Usable ones come first, then the newest.
    """
    context.require(Permission.TOKENS_MANAGE)
    partner_id, now = context.acting_for(named), context.now()
    return await context.portal.database.read(lambda connection: access.api_tokens(connection, partner_id, at=now))


class CreateApiToken(NamedTuple):
    """API token to create."""

    name: str
    permissions: tuple[Permission, ...]
    expires_at: datetime | None


class ApiTokenCreated(NamedTuple):
    """Created API token, and its secret, which is shown only once."""

    token_id: int
    secret: SecretShownOnce


@mutation("createApiToken", ApiTokenCreated, for_vendor=True)
async def create(work: Work, given: CreateApiToken) -> ApiTokenCreated:
    """Create a token with the chosen permissions, all of which its creator must hold.

    It outlives the session that created it, but later loses what its creator's role no longer gives.
    """
    if work.viewer.token_kind is TokenKind.API:
        raise SessionRequired
    _check_held(given.permissions, work.viewer.permissions)
    # In the order in which a deactivation locks, so that the two don't wait for each other.
    await access.lock_partner(work.tx, work.partner_id)
    # The viewer may be remembered from before its token was revoked, and a token made now would outlive that.
    if not await users.lock_if_live(work.tx, work.partner_id, work.viewer.user_id, work.viewer.token_id):
        raise unauthenticated()
    if given.expires_at is not None and given.expires_at <= work.now:
        raise InvalidExpiry(("expiresAt",), now=work.now)
    secret = new_secret(TokenKind.API)
    new = NewToken(
        user_id=work.viewer.user_id,
        kind=TokenKind.API,
        name=given.name,
        prefix=secret.prefix,
        digest=secret.digest,
        chosen=frozenset(given.permissions),
        expires_at=given.expires_at,
        by_identity=work.viewer.token_kind is None,
    )
    token_id = await add_api_token(work.tx, work.partner_id, new, at=work.now)
    await work.append(Event(type=EventType.TOKEN_CREATED, token_id=token_id))
    return ApiTokenCreated(token_id, SecretShownOnce(secret.secret))


async def add_api_token(tx: Transaction, partner_id: int, new: NewToken, *, at: datetime) -> int:
    """Return the id of the new token; raise ApiTokenLimit if the partner has as many as can work at once."""
    await access.lock_partner(tx, partner_id)
    if await access.live_api_tokens(tx, partner_id, at=at) >= API_TOKENS_MAX:
        raise ApiTokenLimit(limit=API_TOKENS_MAX)
    return await access.add_token(tx, partner_id, new, at=at)


def _check_held(wanted: tuple[Permission, ...], held: Permissions) -> None:
    for place, permission in enumerate(wanted):
        if permission not in held:
            raise PermissionNotHeld(("permissions", str(place)), permission=ACTIONS[permission])


class RevokeApiToken(NamedTuple):
    """API token to revoke."""

    token_id: int


class ApiTokenRevoked(NamedTuple):
    """Revoked API token."""

    token_id: int


@mutation("revokeApiToken", ApiTokenRevoked, for_vendor=True)
async def revoke(work: Work, given: RevokeApiToken) -> ApiTokenRevoked:
    """Revoke a token of the partner; do nothing if it was revoked before."""
    mine = await access.api_tokens_by_ids(work.tx, work.partner_id, [given.token_id])
    if given.token_id not in mine:
        raise NotFound(("apiTokenId",))
    revoked = await access.revoke(work.tx, work.partner_id, given.token_id, TokenKind.API, at=work.now)
    if revoked is not None:
        await work.append(Event(type=EventType.TOKEN_REVOKED, token_id=given.token_id))
        work.after_commit.append(partial(work.context.portal.viewers.forget, revoked))
    return ApiTokenRevoked(given.token_id)
