"""New passwords: changed by the user, or chosen by a link that is sent by e-mail or passed on by a manager."""

from typing import NamedTuple

import structlog

from db import event_log, partner_changes, password_resets, tokens, users
from db.engine import Transaction, row_scope
from db.event_log import ActorLostError
from domain import mails, token_forms
from domain.access import TokenKind
from domain.events import Event, EventType
from domain.invitations import RESET_LIFETIME, InvalidReset, MailNotConfigured
from domain.languages import Language
from domain.refusals import NotFound, SessionRequired
from domain.users import OwnUser, UserDisabled, WrongPassword
from resolvers.access import Secret, new_link_secret
from resolvers.attempts import PASSWORD_RESET, count_as_right, count_mail, count_try
from resolvers.context import Context, unauthenticated
from resolvers.mail import LinkTo, Mail
from resolvers.mutations import Work, mutation
from resolvers.outcomes import SecretShownOnce
from resolvers.password_checks import check_current, new_hash
from resolvers.passwords import check_allowed
from resolvers.portal import Portal
from resolvers.user_changes import Ended, end_all, require_session
from resolvers.viewers import digest

_log = structlog.get_logger("portal.access")


class PasswordChanged(NamedTuple):
    """Number of sessions and API tokens that a new password has ended."""

    sessions: int
    api_tokens: int


async def change(context: Context, current: str, new: str) -> PasswordChanged:
    """Set the viewer's own password, and end the other sessions and all API tokens, as the operator's change does.

    Checks of the current password are counted with sign-ins. Raises SessionRequired for an API token, WrongPassword, a
    refusal of the new one, RateLimited, and Unavailable under too many.
    """
    viewer, portal = context.signed_in, context.portal
    if viewer.token_kind is not TokenKind.SESSION:
        raise SessionRequired
    user = await context.loaders.user.load(viewer.user_id)
    if user is None:
        raise unauthenticated()
    check_allowed(new, "newPassword", name=user.name, email=user.email)
    # The estimate comes after the current password, or a stolen session could ask for any number of them.
    tried, found = await check_current(context, user.email, current)
    if found is None:
        _log.warning("password change failed", partner_id=viewer.partner_id, user_id=viewer.user_id)
        raise WrongPassword(("currentPassword",))
    # At once, or the right password would count as a failed try if the new one is refused.
    await portal.database.write(lambda tx: count_as_right(tx, tried, portal.now()))
    password_hash = await new_hash(context, new, "newPassword", name=user.name, email=user.email)

    async def write(tx: Transaction) -> PasswordChanged:
        # The viewer may be remembered from before the session was ended, or another password was set meanwhile.
        if not await users.lock_if_unchanged(tx, found) or not await users.lock_if_live(
            tx, viewer.partner_id, viewer.user_id, viewer.token_id
        ):
            raise unauthenticated()
        # The time after the lock: before it, a session may have begun meanwhile.
        now = portal.now()
        await users.update(tx, viewer.partner_id, viewer.user_id, {"password_hash": password_hash})
        await password_resets.drop_all(tx, viewer.partner_id, viewer.user_id)
        revoked = await tokens.revoke_all(tx, viewer.partner_id, viewer.user_id, at=now, but=viewer.token_id)
        ended = Ended.of(revoked, now)
        happened = [Event(type=EventType.PASSWORD_CHANGED, user_id=viewer.user_id), *ended.events]
        try:
            await event_log.append(tx, viewer.partner_id, happened, actor_id=viewer.user_id, at=now)
        except ActorLostError:
            raise unauthenticated() from None
        return PasswordChanged(ended.sessions, len(ended.events))

    changed = await portal.database.write(write)
    portal.viewers.forget_user(viewer.partner_id, viewer.user_id)
    context.note_change()
    return changed


async def request_reset(context: Context, email: str) -> None:
    """Send a link for a new password to the address if a user has it; whether one has, nothing of the answer shows.

    Raises RateLimited after too many requests, and MailNotConfigured if the portal sends no e-mail.
    """
    portal, language = context.portal, context.language
    if portal.outbox.mailer is None:
        raise MailNotConfigured
    await count_try(portal, PASSWORD_RESET, email, context.client_address)
    # The rest runs after the answer, which so takes as long for an unknown address.
    portal.outbox.start(_send_if_known(portal, email, language))
    context.note_change()


@row_scope.for_every_partner
async def _send_if_known(portal: Portal, email: str, language: Language) -> None:
    found = await portal.database.read(lambda connection: users.named(connection, email))
    if found is None or found.disabled_at is not None:
        return
    secret = new_link_secret(token_forms.RESET)

    async def write(tx: Transaction) -> None:
        await _add(portal, tx, found.partner_id, found.id, secret)
        created = Event(type=EventType.PASSWORD_RESET_LINK_CREATED, user_id=found.id)
        # Who asks need not be the user.
        await event_log.append(tx, found.partner_id, [created], actor_id=None, at=portal.now())

    await portal.database.write(write)
    await _send(portal, email, found.name, secret, language)


async def _add(
    portal: Portal, tx: Transaction, partner_id: int, user_id: int, secret: Secret, *, by_id: int | None = None
) -> None:
    expires_at, by_email = portal.now() + RESET_LIFETIME, portal.outbox.mailer is not None
    await password_resets.add(
        tx, partner_id, user_id, secret.digest, by_id=by_id, by_email=by_email, expires_at=expires_at
    )


async def _send(portal: Portal, email: str, name: str, secret: Secret, language: Language) -> None:
    url = portal.outbox.link(LinkTo.PASSWORD_RESET, secret.secret)
    subject, text = mails.reset(language, name=name, url=url)
    if portal.outbox.mailer is not None:
        await portal.outbox.mailer.send(Mail(email, subject, text))


class CreateResetLink(NamedTuple):
    """User who gets a link for a new password."""

    user_id: int


class ResetLinkCreated(NamedTuple):
    """User, and the link, which is shown only once; None if it is sent by e-mail."""

    user_id: int
    url: SecretShownOnce | None


@mutation("createPasswordResetLink", ResetLinkCreated, for_vendor=True)
async def create_link(work: Work, given: CreateResetLink) -> ResetLinkCreated:
    """Create a link by which a user chooses a new password; it is sent by e-mail if the portal sends e-mails."""
    require_session(work)
    portal, now = work.context.portal, work.context.now()
    await count_mail(portal, work.tx, user_id=work.viewer.user_id, partner_id=work.partner_id, at=now)
    await partner_changes.locked(work.tx, work.partner_id)
    user = await users.locked_by_id(work.tx, work.partner_id, given.user_id)
    if user is None:
        raise NotFound(("userId",))
    if user.id == work.viewer.user_id:
        # A stolen session must not set a password without the current one.
        raise OwnUser(("userId",))
    if user.disabled_at is not None:
        raise UserDisabled(("userId",))
    secret, language = new_link_secret(token_forms.RESET), work.context.language
    await _add(portal, work.tx, work.partner_id, user.id, secret, by_id=work.viewer.user_id)
    await work.append(Event(type=EventType.PASSWORD_RESET_LINK_CREATED, user_id=user.id))
    if portal.outbox.mailer is None:
        link = portal.outbox.link(LinkTo.PASSWORD_RESET, secret.secret)
        return ResetLinkCreated(user.id, SecretShownOnce(link))
    work.after_commit.append(lambda: portal.outbox.start(_send(portal, user.email, user.name, secret, language)))
    return ResetLinkCreated(user.id, None)


@row_scope.for_every_partner
async def reset(context: Context, secret: str, new: str) -> PasswordChanged:
    """Set the password of the user whom the link is for, once, and end all sessions and API tokens.

    Raises InvalidReset, a refusal of the password, and Unavailable under too many sign-ins.
    """
    if token_forms.is_mistyped(secret):
        raise InvalidReset(("secret",))
    portal, link = context.portal, digest(secret)
    found = await portal.database.read(lambda connection: password_resets.find(connection, link, at=portal.now()))
    if found is None:
        raise InvalidReset(("secret",))
    password_hash = await new_hash(context, new, "newPassword", name=found.name, email=found.email)

    async def write(tx: Transaction) -> PasswordChanged:
        user = await users.locked_by_id(tx, found.partner_id, found.user_id)
        if user is None or user.disabled_at is not None:
            raise InvalidReset(("secret",))
        now = portal.now()
        by_email = await password_resets.take(tx, found.partner_id, found.user_id, link, at=now)
        if by_email is None:
            # It was used while the hash was computed.
            raise InvalidReset(("secret",))
        proved = {"email_proved_at": now} if by_email else {}
        await users.update(tx, found.partner_id, found.user_id, {"password_hash": password_hash, **proved})
        ended = await end_all(tx, found.partner_id, found.user_id, at=now)
        happened = [Event(type=EventType.PASSWORD_CHANGED, user_id=found.user_id), *ended.events]
        await event_log.append(tx, found.partner_id, happened, actor_id=found.user_id, at=now)
        return PasswordChanged(ended.sessions, len(ended.events))

    changed = await portal.database.write(write)
    portal.viewers.forget_user(found.partner_id, found.user_id)
    context.note_change()
    _log.info("password reset", partner_id=found.partner_id, user_id=found.user_id)
    return changed
