"""Codes of a second factor: making them, and accepting each of them once."""

import hmac
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from secrets import randbits

import structlog

from db import second_factors
from db.engine import Transaction
from db.second_factors import KEYED_BY_APP
from domain import second_factor
from domain.second_factor import RECOVERY_CODE_BITS, RECOVERY_CODES, Code, SecondFactorKind, WrongCode
from resolvers.encryption import UnsealingError, seal, unseal
from resolvers.portal import Portal

SECOND_FACTOR = "second factor"
"""Purpose under which wrong codes are counted."""

_SECRET_PURPOSE = "secret of an authenticator app"  # noqa: S105 — what a key is for, and no password.

_CODE_PURPOSE = "recovery code"

_log = structlog.get_logger("portal.access")


def sealed_secret(portal: Portal, user: tuple[int, int], secret: str) -> bytes:
    """Return the secret of an app as it is stored for a user, given by partner and user."""
    return seal(portal.secret, _SECRET_PURPOSE, secret.encode(), user)


def opened_secret(secrets: Sequence[bytes], user: tuple[int, int], sealed: bytes) -> str:
    """Return the secret of a user's app; raise UnsealingError if none of the portal's secrets encrypted it."""
    return unseal(secrets, _SECRET_PURPOSE, sealed, user).decode()


def step_of(
    portal: Portal, user: tuple[int, int], sealed: bytes, typed: str, *, at: datetime, last: int | None
) -> int | None:
    """Return the step that the app's code is of; None if it is wrong, or not later than the last used one."""
    secret = _secret_of(portal, user, sealed)
    return None if secret is None else second_factor.step_of(secret, typed, at, last=last)


def _secret_of(portal: Portal, user: tuple[int, int], sealed: bytes) -> str | None:
    try:
        return opened_secret(portal.secrets, user, sealed)
    except UnsealingError:
        partner_id, user_id = user
        _log.error("a second factor can't be decrypted", partner_id=partner_id, user_id=user_id)
        return None


async def accept(
    tx: Transaction, portal: Portal, user: tuple[int, int], typed: str, *, at: datetime
) -> SecondFactorKind | None:
    """Use a code of the locked user, given by partner and user, and return its kind; None if it is not accepted."""
    found = second_factor.code(typed)
    if found is None or not await _use(tx, portal, user, found, at=at):
        return None
    return found.kind


async def _use(tx: Transaction, portal: Portal, user: tuple[int, int], code: Code, *, at: datetime) -> bool:
    secret = await second_factors.totp_secret(tx, *user)
    if secret is None or secret.confirmed_at is None:
        return False
    if code.kind is SecondFactorKind.RECOVERY_CODE:
        return await _use_recovery_code(tx, portal, user, code.text, secret.sealed)
    step = step_of(portal, user, secret.sealed, code.text, at=at, last=secret.last_step)
    return step is not None and await second_factors.use_step(tx, *user, step)


async def _use_recovery_code(tx: Transaction, portal: Portal, user: tuple[int, int], typed: str, sealed: bytes) -> bool:
    digests = list(portal.digests(_CODE_PURPOSE, _owned(user, typed)))
    if (secret := _secret_of(portal, user, sealed)) is not None:
        digests.insert(0, _digest(secret, user, typed))
    for each in digests:
        if await second_factors.use_recovery_code(tx, *user, each):
            return True
    return False


async def first_step(tx: Transaction, portal: Portal, user: tuple[int, int], typed: str, *, at: datetime) -> int:
    """Return the step of the first code of an app that is not confirmed; raise WrongCode."""
    found, secret = second_factor.code(typed), await second_factors.totp_secret(tx, *user)
    if found is None or secret is None or found.kind is not SecondFactorKind.TOTP:
        raise WrongCode(("code",))
    step = step_of(portal, user, secret.sealed, found.text, at=at, last=None)
    if step is None:
        raise WrongCode(("code",))
    return step


async def renewed(tx: Transaction, portal: Portal, user: tuple[int, int]) -> tuple[str, ...]:
    """Replace the recovery codes of the locked user, and return the new ones, of which only digests are stored."""
    made = tuple(second_factor.recovery_code(randbits(RECOVERY_CODE_BITS)) for _ in range(RECOVERY_CODES))
    stored = await second_factors.totp_secret(tx, *user)
    secret = None if stored is None else _secret_of(portal, user, stored.sealed)
    plain = (each.replace("-", "") for each in made)
    digests = [
        portal.digest(_CODE_PURPOSE, _owned(user, each)) if secret is None else _digest(secret, user, each)
        for each in plain
    ]
    await second_factors.put_recovery_codes(tx, *user, digests)
    return made


def _digest(secret: str, user: tuple[int, int], typed: str) -> bytes:
    """Return what is stored of a code: a hash keyed by the secret of the app, which a new SECRET_KEY leaves as it is.

    It is longer than the hashes keyed by SECRET_KEY itself, which earlier versions stored.
    """
    return KEYED_BY_APP + hmac.digest(secret.encode(), _CODE_PURPOSE.encode() + b"\0" + _owned(user, typed), sha256)


def _owned(user: tuple[int, int], typed: str) -> bytes:
    partner_id, user_id = user
    return f"{partner_id} {user_id} {typed}".encode()
