"""Invitations of users: a link with a secret that is stored nowhere, sent by e-mail or passed on by who invites."""

from datetime import datetime
from typing import NamedTuple

import structlog

from db import access, event_log, invitations, partner_changes, partners, users
from db.engine import Transaction, row_scope
from db.invitations import InvitationRow, NewInvitation
from domain import mails, token_forms
from domain import partners as rules
from domain.access import Permission, Role, TokenKind
from domain.events import Event, EventType
from domain.invitations import INVITATION_LIFETIME, Delivery, InvalidInvitation
from domain.languages import Language
from domain.refusals import NotFound, Path
from domain.users import EmailTaken, check_role
from resolvers import pages
from resolvers.access import Secret, new_link_secret, new_secret
from resolvers.attempts import count_mail
from resolvers.context import Context
from resolvers.dataloader import MaybeAwaitable
from resolvers.mail import LinkTo, Mail
from resolvers.mutations import Work, mutation
from resolvers.outcomes import SecretShownOnce
from resolvers.pages import EVERYTHING, Page, PageArguments, Selection
from resolvers.partners import check_open
from resolvers.password_checks import new_hash
from resolvers.portal import Portal
from resolvers.sessions import SignedIn, new_session, signed_in_by
from resolvers.user_changes import of_vendor, require_session
from resolvers.viewers import digest

_log = structlog.get_logger("portal.access")


def page(
    context: Context, arguments: PageArguments, *, named: int | None = None, selection: Selection = EVERYTHING
) -> MaybeAwaitable[Page[InvitationRow]]:
    """Return a page of the pending invitations that the viewer manages, or of the partner that is named."""
    context.require(Permission.USERS_MANAGE)
    scope = context.within(named)
    return pages.page(context, scope, invitations.listing(scope, at=context.now()), arguments, selection)


class Person(NamedTuple):
    """Person to invite."""

    email: str
    name: str
    role: Role


class PersonInvited(NamedTuple):
    """Invitation; `url` is its link, which is shown only once, or None if it is sent by e-mail."""

    invitation_id: int
    url: SecretShownOnce | None


class _Written(NamedTuple):
    invitation_id: int
    partner_id: int
    secret: Secret
    to: Person
    organization: str


@mutation("inviteUser", PersonInvited, for_vendor=True)
async def invite(work: Work, given: Person) -> PersonInvited:
    """Invite a person to become a user, in place of an earlier invitation of the same address.

    Raises EmailTaken if the organization has a user with the address, or for the vendor's users if anyone has it.
    """
    require_session(work)
    check_role(given.role, "role", of_vendor=of_vendor(work))
    invited = await invite_to(work, work.partner_id, given)
    await work.append(Event(type=EventType.USER_INVITED))
    return invited


async def invite_to(work: Work, partner_id: int, person: Person, *path: str) -> PersonInvited:
    """Write an invitation, which is sent after the commit; the caller appends its event.

    Raises RateLimited after too many e-mails within a day.
    """
    portal = work.context.portal
    await count_mail(portal, work.tx, user_id=work.viewer.user_id, partner_id=partner_id, at=work.context.now())
    # The inviter is locked before the invitation, as by a deactivation, which deletes what the user has invited.
    await work.act()
    written = await _write(
        portal,
        work.tx,
        partner_id,
        person,
        path or ("email",),
        # A partner must not find out whether another one has a user of that address.
        sees_all=work.viewer.of_vendor,
        invited_by_id=work.viewer.user_id,
        at=work.now,
    )
    if portal.outbox.mailer is None:
        return PersonInvited(written.invitation_id, SecretShownOnce(_url(portal, written)))
    language = work.context.language
    work.after_commit.append(lambda: portal.outbox.start(_sent(portal, written, language)))
    return PersonInvited(written.invitation_id, None)


async def invite_by_operator(portal: Portal, partner_id: int, person: Person, language: Language) -> str | None:
    """Invite a person to a partner or the vendor; return the link, or None if it was sent by e-mail.

    Raises EmailTaken, PartnerClosed, and RoleOfVendor or RoleOfPartner for a role of the other kind.
    """

    async def write(tx: Transaction) -> _Written:
        partner = await partner_changes.locked(tx, partner_id)
        rules.check_open(partner.status)
        check_role(person.role, "role", of_vendor=partner.is_vendor)
        at = portal.now()
        written = await _write(portal, tx, partner_id, person, ("email",), sees_all=True, invited_by_id=None, at=at)
        await event_log.append(tx, partner_id, [Event(type=EventType.USER_INVITED)], actor_id=None, at=at)
        return written

    written = await portal.database.write(write)
    if portal.outbox.mailer is None or not await _sent(portal, written, language):
        return _url(portal, written)
    return None


async def _write(
    portal: Portal,
    tx: Transaction,
    partner_id: int,
    person: Person,
    path: Path,
    *,
    sees_all: bool,
    invited_by_id: int | None,
    at: datetime,
) -> _Written:
    taken = await users.named(tx, person.email)
    if taken is not None and (sees_all or taken.partner_id == partner_id):
        raise EmailTaken(path)
    secret = new_link_secret(token_forms.INVITATION)
    new = NewInvitation(
        email=person.email,
        name=person.name,
        role=person.role,
        digest=secret.digest,
        delivery=Delivery.LINK if portal.outbox.mailer is None else Delivery.QUEUED,
        expires_at=at + INVITATION_LIFETIME,
        invited_by_id=invited_by_id,
    )
    invitation_id = await invitations.put(tx, partner_id, new, at=at)
    organizations = await partners.by_ids(tx, partner_id, [partner_id])
    return _Written(invitation_id, partner_id, secret, person, organizations[partner_id].name)


def _url(portal: Portal, written: _Written) -> str:
    return portal.outbox.link(LinkTo.INVITATION, written.secret.secret)


@row_scope.for_every_partner
async def _sent(portal: Portal, written: _Written, language: Language) -> bool:
    """Send the invitation, write how that went, and return whether it was sent."""
    mailer, (email, name, _) = portal.outbox.mailer, written.to
    url = _url(portal, written)
    subject, text = mails.invitation(language, name=name, organization=written.organization, url=url)
    sent = mailer is not None and await mailer.send(Mail(email, subject, text))
    delivery = Delivery.SENT if sent else Delivery.FAILED
    mine = written.partner_id, written.invitation_id, written.secret.digest
    await portal.database.write(lambda tx: invitations.set_delivery(tx, *mine, delivery))
    return sent


class RevokeInvitation(NamedTuple):
    """Invitation to revoke."""

    invitation_id: int


class InvitationRevoked(NamedTuple):
    """Invitation that was revoked."""

    invitation_id: int


@mutation("revokeInvitation", InvitationRevoked, for_vendor=True)
async def revoke(work: Work, given: RevokeInvitation) -> InvitationRevoked:
    """Revoke a pending invitation; raise NotFound for one that was used, revoked or replaced, or has expired."""
    if not await invitations.revoke(work.tx, work.partner_id, given.invitation_id, at=work.now):
        raise NotFound(("invitationId",))
    await work.append(Event(type=EventType.INVITATION_REVOKED))
    return InvitationRevoked(given.invitation_id)


@row_scope.for_every_partner
async def accept(context: Context, secret: str, password: str) -> SignedIn:
    """Create the user who was invited, with this password, and begin a session.

    Raises InvalidInvitation, EmailTaken, a refusal of the password, and Unavailable under too many sign-ins.
    """
    if token_forms.is_mistyped(secret):
        raise InvalidInvitation(("secret",))
    portal, link = context.portal, digest(secret)
    invited = await portal.database.read(lambda connection: invitations.find(connection, link, at=portal.now()))
    if invited is None:
        raise InvalidInvitation(("secret",))
    password_hash = await new_hash(context, password, "password", name=invited.name, email=invited.email)
    session, now = new_secret(TokenKind.SESSION), portal.now()

    async def join(tx: Transaction) -> int:
        # It may have been used, revoked or replaced while the hash was computed.
        invited = await invitations.take(tx, link, at=now)
        if invited is None:
            raise InvalidInvitation(("secret",))
        partner_id = invited.partner_id
        user_id = await users.create(
            tx,
            partner_id,
            email=invited.email,
            name=invited.name,
            role=invited.role,
            password_hash=password_hash,
            proved_at=now if invited.proves_email else None,
        )
        if user_id is None:
            raise EmailTaken(("secret",))
        await access.add_token(tx, partner_id, new_session(user_id, session, signed_in_at=now, now=now), at=now)
        joined = [Event(type=EventType.USER_JOINED, user_id=user_id)]
        await event_log.append(tx, partner_id, joined, actor_id=user_id, at=now)
        await check_open(tx, partner_id)
        return user_id

    user_id = await portal.database.write(join)
    context.note_change()
    signed_in = await signed_in_by(context, session)
    _log.info("invitation accepted", partner_id=signed_in.viewer.partner_id, user_id=user_id)
    return signed_in
