"""Codes of a second factor: making them, and accepting each of them once."""

from datetime import datetime
from secrets import randbits

import structlog

from db import second_factors
from db.engine import Transaction
from domain import second_factor
from domain.second_factor import RECOVERY_CODE_BITS, RECOVERY_CODES, Code, SecondFactorKind, WrongCode
from resolvers.encryption import UnsealingError, seal, unseal
from resolvers.portal import Portal

SECOND_FACTOR = "second factor"
"""Purpose under which wrong codes are counted."""

_SECRET_PURPOSE = "secret of an authenticator app"  # noqa: S105 — what a key is for, and no password.

_log = structlog.get_logger("portal.access")


def sealed_secret(portal: Portal, user: tuple[int, int], secret: str) -> bytes:
    """Return the secret of an app as it is stored for a user, given by partner and user."""
    return seal(portal.secret, _SECRET_PURPOSE, secret.encode(), user)


def step_of(
    portal: Portal, user: tuple[int, int], sealed: bytes, typed: str, *, at: datetime, last: int | None
) -> int | None:
    """Return the step that the app's code is of; None if it is wrong, or not later than the last used one."""
    try:
        secret = unseal(portal.secret, _SECRET_PURPOSE, sealed, user).decode()
    except UnsealingError:
        partner_id, user_id = user
        _log.error("a second factor can't be decrypted", partner_id=partner_id, user_id=user_id)
        return None
    return second_factor.step_of(secret, typed, at, last=last)


async def accept(
    tx: Transaction, portal: Portal, user: tuple[int, int], typed: str, *, at: datetime
) -> SecondFactorKind | None:
    """Use a code of the locked user, given by partner and user, and return its kind; None if it is not accepted."""
    found = second_factor.code(typed)
    if found is None or not await _use(tx, portal, user, found, at=at):
        return None
    return found.kind


async def _use(tx: Transaction, portal: Portal, user: tuple[int, int], code: Code, *, at: datetime) -> bool:
    if code.kind is SecondFactorKind.RECOVERY_CODE:
        return await second_factors.use_recovery_code(tx, *user, _digest(portal, user, code.text))
    secret = await second_factors.totp_secret(tx, *user)
    if secret is None or secret.confirmed_at is None:
        return False
    step = step_of(portal, user, secret.sealed, code.text, at=at, last=secret.last_step)
    return step is not None and await second_factors.use_step(tx, *user, step)


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
    digests = [_digest(portal, user, each.replace("-", "")) for each in made]
    await second_factors.put_recovery_codes(tx, *user, digests)
    return made


def _digest(portal: Portal, user: tuple[int, int], typed: str) -> bytes:
    partner_id, user_id = user
    return portal.digest("recovery code", f"{partner_id} {user_id} {typed}".encode())
