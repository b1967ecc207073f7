"""Viewers of tokens, and the secrets of new ones."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from secrets import choice
from typing import NamedTuple

from db import access
from db.access import Bearer
from db.engine import deadline, row_scope
from db.identities import IdentifiedUser, by_id
from db.partners import PartnerRow
from db.users import UserRow
from domain import policies, second_factor, tenancy, token_forms
from domain.access import VENDOR_ROLES, TokenKind, effective
from domain.errors import TokenElsewhere
from resolvers import identities
from resolvers.context import Context
from resolvers.identities import IdentityProvider
from resolvers.portal import Portal
from resolvers.rates import Charge
from resolvers.viewers import Moment, Viewer, digest

PREFIX_LENGTH = 12
_PREFIXES = {TokenKind.SESSION: token_forms.SESSION, TokenKind.API: token_forms.API}


class Secret(NamedTuple):
    """New token or link: its secret, the prefix that may be shown, and the digest that is stored."""

    secret: str
    prefix: str
    digest: bytes


def new_secret(kind: TokenKind) -> Secret:
    """Return 256 random bits behind a prefix by which people and scanners recognize a token."""
    secret = random_secret(_PREFIXES[kind])
    return Secret(secret, secret[:PREFIX_LENGTH], digest(secret))


def new_link_secret(prefix: str) -> Secret:
    """Return 256 random bits behind a prefix, for a link that works once."""
    secret = random_secret(prefix)
    return Secret(secret, "", digest(secret))


def random_secret(prefix: str) -> str:
    """Return 256 random bits behind a prefix, with a checksum."""
    random = "".join(choice(token_forms.ALPHABET) for _ in range(token_forms.RANDOM_LENGTH))
    return token_forms.with_checksum(prefix, random)


Hold = Callable[[str | None], Awaitable[Charge | None]]
"""Spends a point of an address until a token is known to be usable."""


async def viewer_of(
    portal: Portal,
    secret: str,
    address: str | None,
    *,
    read_now: bool = False,
    at_once: bool = False,
    hold: Hold | None = None,
) -> Viewer | None:
    """Return the viewer of a token, or None if it is unknown, expired or revoked, or its user is disabled.

    It may be the cached one of a few seconds ago, unless it is `read_now`, together with those of other callers or
    `at_once`. A token that this process does not know as usable is only looked up if `hold` allows it.

    Raises ProviderUnreachable if the keys of the identity provider can't be read, and UnusableToken if a policy of the
    partner keeps its API tokens from the caller's address.
    """
    token_digest, at = digest(secret), portal.moment()
    recall = portal.viewers.recall_new if read_now else portal.viewers.recall
    viewer = recall(token_digest, at.seconds)
    if viewer is None:
        if token_forms.is_mistyped(secret):
            return None
        known = portal.viewers.former(token_digest)
        held = await hold(address) if hold is not None and known is None else None
        former = known if read_now and not at_once else None
        with deadline.limited(portal.token_seconds):
            # The portal's own tokens have no dots, and those of a provider have two.
            if portal.provider is None or "." not in secret:
                viewer = await _read_viewer(portal, token_digest, at, former)
            else:
                viewer = await _identified_viewer(portal, portal.provider, secret, at, former)
        if viewer is None:
            portal.viewers.drop(token_digest)
        elif held is not None:
            held.cancel()
    if viewer is not None:
        if viewer.networks and not policies.admits(viewer.networks, address):
            raise TokenElsewhere(address)
        if viewer.token_id:
            portal.viewers.note_use(viewer, at.now, address)
    return viewer


@row_scope.for_every_partner
async def _identified_viewer(
    portal: Portal, provider: IdentityProvider, secret: str, at: Moment, former: Viewer | None = None
) -> Viewer | None:
    claims = await provider.claims(secret, at.now)
    if claims is None:
        return None
    found, forgotten = None, portal.viewers.forgotten
    if former is not None:
        # Those of many subscriptions are read together, within a second.
        found, forgotten = await portal.token_checks.identified((claims.issuer, claims.subject))
        at = portal.moment()
    if found is None:
        forgotten = portal.viewers.forgotten
        found = await identities.user_of(portal.database, claims, at=at.now)
    if found is None or _is_misplaced(found):
        return None
    viewer = _of_identity(found, claims.expires_at)
    portal.viewers.remember(digest(secret), viewer, at, forgotten=forgotten)
    return viewer


@row_scope.for_every_partner
async def _read_viewer(portal: Portal, token_digest: bytes, at: Moment, former: Viewer | None = None) -> Viewer | None:
    if former is not None:
        # Those of many subscriptions are read together, within a second.
        found, forgotten = await portal.token_checks.bearer(former)
        at = portal.moment()
    else:
        forgotten = portal.viewers.forgotten
        found = await portal.database.read(lambda connection: access.bearer(connection, token_digest), alone=True)
    viewer = None if found is None else _of_token(portal, found, at.now)
    if viewer is not None:
        portal.viewers.remember(token_digest, viewer, at, forgotten=forgotten)
    return viewer


@row_scope.for_every_partner
async def viewer_again(
    portal: Portal, partner_id: int, user_id: int, token_id: int, address: str | None
) -> Viewer | None:
    """Return the viewer of a former request as of now, whose token is known by its id; None as for `viewer_of`."""
    now = portal.now()
    if not token_id:
        identified = await portal.database.read(lambda connection: by_id(connection, partner_id, user_id), alone=True)
        return None if identified is None or _is_misplaced(identified) else _of_identity(identified, None)
    found = await portal.database.read(
        lambda connection: access.bearer_by_id(connection, partner_id, token_id), alone=True
    )
    viewer = None if found is None else _of_token(portal, found, now)
    if viewer is None or (viewer.networks and not policies.admits(viewer.networks, address)):
        return None
    return viewer


def _is_misplaced(found: Bearer | IdentifiedUser) -> bool:
    # No use case writes such a user, who would have the permissions of another organization's role.
    return found.of_vendor is not (found.role in VENDOR_ROLES)


def _of_identity(found: IdentifiedUser, expires_at: datetime | None) -> Viewer:
    return Viewer(
        partner_id=found.partner_id,
        user_id=found.user_id,
        role=found.role,
        permissions=effective(found.role, None),
        token_id=0,
        token_kind=None,
        expires_at=expires_at,
        scope=tenancy.scope(found.partner_id, found.role, of_vendor=found.of_vendor),
        points_per_second=found.points_per_second,
    )


def _of_token(portal: Portal, found: Bearer, now: datetime) -> Viewer | None:
    if _is_misplaced(found) or (found.expires_at is not None and found.expires_at <= now):
        return None
    must_enroll = (
        found.kind is TokenKind.SESSION
        and found.second_factor_since is None
        and second_factor.is_required(
            by_partner=found.second_factor_required,
            of_vendor=found.of_vendor,
            of_vendor_users=portal.vendor_second_factor,
        )
    )
    return Viewer(
        partner_id=found.partner_id,
        user_id=found.user_id,
        role=found.role,
        permissions=frozenset() if must_enroll else effective(found.role, found.chosen),
        token_id=found.token_id,
        token_kind=found.kind,
        expires_at=found.expires_at,
        scope=tenancy.scope(found.partner_id, found.role, of_vendor=found.of_vendor),
        networks=policies.networks(found.networks) if found.kind is TokenKind.API else (),
        must_enroll=must_enroll,
        points_per_second=found.points_per_second,
    )


async def user(context: Context, viewer: Viewer) -> UserRow | None:
    """Return the viewer's user."""
    return await context.loaders.user.load(viewer.user_id)


async def partner(context: Context, viewer: Viewer) -> PartnerRow | None:
    """Return the partner of the viewer, or the vendor."""
    return await context.loaders.partner.load(viewer.partner_id)
