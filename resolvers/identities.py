"""Users by tokens of an identity provider (OpenID Connect)."""

from datetime import datetime
from typing import NamedTuple, Protocol

import structlog

from db import event_log, identities
from db.engine import Connection, Database, Transaction
from db.event_log import ActorLostError
from db.identities import IdentifiedUser
from domain.events import Event, EventType
from domain.users import email as address_of

log = structlog.get_logger("portal.identities")


class Claims(NamedTuple):
    """Claims of a token whose signature, issuer, audience and times are right."""

    issuer: str
    subject: str
    email: str | None
    """Address that the provider has verified; None if there is none."""

    expires_at: datetime


class IdentityProvider(Protocol):
    """Provider whose tokens the portal accepts."""

    async def claims(self, token: str, now: datetime) -> Claims | None:
        """Return the claims of a token, None for one that is not valid; raise ProviderUnreachable without its keys."""


class _UnlinkedError(Exception):
    """The identity was unlinked from the user meanwhile."""


async def user_of(database: Database, claims: Claims, *, at: datetime) -> IdentifiedUser | None:
    """Return the enabled user whom the claims identify: by subject, or at first by e-mail address.

    The address must be one that the provider has verified, and that was proved here to be the user's: otherwise who
    invites another person's address, and accepts the invitation, would share the user with that person.

    The first token links the user to its subject. Afterwards the subject alone decides, whatever its address is then,
    and another subject with the user's address is refused, and so is one that was unlinked from the user.
    """
    email = None if claims.email is None else address_of(claims.email)

    async def read(connection: Connection) -> tuple[IdentifiedUser | None, bool]:
        found = await identities.find(connection, claims.issuer, claims.subject)
        if found is not None or email is None:
            return found, False
        return None, await identities.can_link(connection, email, claims.issuer, claims.subject)

    found, can_link = await database.read(read)
    # Without a look first, each request with a token of somebody who is no user here would wait for the writer.
    if email is None or not can_link:
        return found

    async def link(tx: Transaction) -> IdentifiedUser | None:
        user = await identities.by_email(tx, email)
        if user is None or not await identities.link(tx, user, claims.issuer, claims.subject, at=at):
            # Another request may have linked it at the same time; an unlinked subject finds no user.
            return await identities.find(tx, claims.issuer, claims.subject)
        # After the insert, which waits for a transaction that unlinks the same identity.
        if await identities.is_unlinked(tx, user, claims.issuer, claims.subject):
            raise _UnlinkedError
        linked = Event(type=EventType.IDENTITY_LINKED, user_id=user.user_id)
        await event_log.append(tx, user.partner_id, [linked], actor_id=user.user_id, at=at)
        return user

    try:
        user = await database.write(link)
    except (ActorLostError, _UnlinkedError):
        user = None
    if user is None:
        log.warning("identity refused", issuer=claims.issuer)
    else:
        log.info("identity linked", issuer=claims.issuer, partner_id=user.partner_id, user_id=user.user_id)
    return user
