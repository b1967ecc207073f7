"""Second step of a sign-in: the challenge after the right password, and the session after the right code."""

from datetime import datetime
from typing import NamedTuple

from db import second_factors
from db.engine import Transaction
from domain import token_forms
from domain.second_factor import CHALLENGE_LIFETIME, SecondFactorKind
from resolvers.access import random_secret
from resolvers.portal import Portal
from resolvers.viewers import digest

_PASSWORD_PURPOSE = "password of a challenge"  # noqa: S105 — what is hashed, and no password.


class SecondStep(NamedTuple):
    """Challenge that a sign-in's second step answers: its secret, and the kinds of proof that answer it."""

    secret: str
    kinds: tuple[SecondFactorKind, ...]
    expires_at: datetime


async def begin(
    tx: Transaction, portal: Portal, user: tuple[int, int], password_hash: str, *, at: datetime
) -> SecondStep | None:
    """Return a new challenge of the locked user, given by partner and user; None if the user has no second factor."""
    kinds = await _kinds(tx, *user)
    if not kinds:
        return None
    secret, expires_at = random_secret(token_forms.CHALLENGE), at + CHALLENGE_LIFETIME
    await second_factors.add_challenge(
        tx,
        user,
        digest=digest(secret),
        password_digest=portal.digest(_PASSWORD_PURPOSE, password_hash.encode()),
        expires_at=expires_at,
    )
    return SecondStep(secret, kinds, expires_at)


async def _kinds(tx: Transaction, partner_id: int, user_id: int) -> tuple[SecondFactorKind, ...]:
    """Return the kinds of proof that the user can give; each further kind of factor adds one here."""
    secret = await second_factors.totp_secret(tx, partner_id, user_id)
    if secret is None or secret.confirmed_at is None:
        return ()
    left = await second_factors.recovery_codes_left(tx, partner_id, user_id)
    return (SecondFactorKind.TOTP, SecondFactorKind.RECOVERY_CODE) if left else (SecondFactorKind.TOTP,)


def is_of_password(portal: Portal, kept: bytes, password_hash: str) -> bool:
    """Return whether a challenge was given for the password with that hash: a new password voids the challenge."""
    return kept in portal.digests(_PASSWORD_PURPOSE, password_hash.encode())
