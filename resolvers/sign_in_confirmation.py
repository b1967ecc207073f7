"""Confirmation of a sign-in: the session that a user with a second factor gets for a code."""

import structlog

from db import access, event_log, second_factors
from db.engine import Transaction, row_scope
from db.second_factors import Challenge
from domain import token_forms
from domain.access import TokenKind
from domain.events import EventType
from domain.limits import RateLimited
from domain.refusals import Refusal
from domain.second_factor import SecondFactorKind, SignInExpired, WrongCode
from resolvers.access import new_secret
from resolvers.attempts import count_as_right, count_try
from resolvers.context import Context
from resolvers.portal import Portal
from resolvers.second_factor import event
from resolvers.second_factor_codes import SECOND_FACTOR, accept
from resolvers.second_steps import is_of_password
from resolvers.sessions import SignedIn, new_session, signed_in_by
from resolvers.viewers import digest

_log = structlog.get_logger("portal.access")


@row_scope.for_every_partner
async def confirm_sign_in(context: Context, challenge: str, code: str) -> SignedIn:
    """Begin the session of a sign-in whose password was right; raise SignInExpired, WrongCode or RateLimited.

    A try counts as failed before its code is checked, for the challenge and for the user.
    """
    portal, of_challenge = context.portal, digest(challenge)
    found = await _found(portal, challenge)
    owner = found.partner_id, found.user_id
    who: dict[str, object] = {"partner_id": found.partner_id, "user_id": found.user_id}
    if context.client_address is not None:
        who["client_address"] = context.client_address
    secret = new_secret(TokenKind.SESSION)

    async def answer(tx: Transaction) -> bool:
        now = portal.now()
        user = await second_factors.locked(tx, *owner)
        # The user may have been disabled, or got another password, since the challenge was given.
        if (
            user is None
            or user.disabled_at is not None
            or not is_of_password(portal, found.password_digest, user.password_hash)
        ):
            raise SignInExpired(("challenge",))
        kind = await accept(tx, portal, owner, code, at=now)
        if kind is None:
            # It is counted, so the transaction must not fail.
            await second_factors.fail_challenge(tx, found, of_challenge, at=now)
            return False
        if not await second_factors.answer_challenge(tx, found, of_challenge, at=now):
            raise SignInExpired(("challenge",))
        await count_as_right(tx, tried, now)
        new = new_session(found.user_id, secret, signed_in_at=now, now=now)
        await access.add_token(tx, found.partner_id, new, at=now)
        if kind is SecondFactorKind.RECOVERY_CODE:
            happened = [event(EventType.RECOVERY_CODE_USED, found.user_id)]
            await event_log.append(tx, found.partner_id, happened, actor_id=found.user_id, at=now)
        return True

    try:
        tried = await count_try(portal, SECOND_FACTOR, found.email, context.client_address)
        if not await portal.database.write(answer):
            raise WrongCode(("code",))
    except (Refusal, RateLimited) as error:
        failed = error.code.value if isinstance(error, Refusal) else error.code
        _log.warning("second step failed", **who, code=failed)
        raise
    context.note_change()
    signed_in = await signed_in_by(context, secret)
    _log.info("sign-in succeeded", **who, token_id=signed_in.viewer.token_id)
    return signed_in


async def _found(portal: Portal, challenge: str) -> Challenge:
    """Return the challenge of that secret; raise SignInExpired if there is none."""
    found = None
    if not token_forms.is_mistyped(challenge):
        wanted = digest(challenge)
        found = await portal.database.read(
            lambda connection: second_factors.challenge(connection, wanted, at=portal.now())
        )
    if found is None:
        raise SignInExpired(("challenge",))
    return found
