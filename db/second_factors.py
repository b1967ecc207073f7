"""Statements about second factors: the secrets of authenticator apps, recovery codes, and challenges of sign-ins.

A change locks the user first, so that two requests of one user come one after the other.
"""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from db.engine import Connection, Transaction, one, returned
from db.engine.column_types import Instant
from db.engine.deletions import deletion
from db.engine.filters import PARTNER, one_row, upsert, value, values_of
from db.engine.lock_queues import Queue, changing
from db.engine.statement import Statement
from db.tables import partners, recovery_codes, sign_in_challenges, totp_secrets, users
from domain.second_factor import WRONG_CODES_MAX

KEYED_BY_APP = b"\x02"
"""First byte of digests of recovery codes that are keyed by the secret of the user's app; others have 32 bytes."""


class FactorUser(NamedTuple):
    """User whose row is locked."""

    email: str
    password_hash: str
    disabled_at: datetime | None
    second_factor_since: datetime | None


class TotpSecret(NamedTuple):
    """Encrypted secret of an authenticator app, and the last step of which a code was used."""

    sealed: bytes
    enrolled_at: datetime
    confirmed_at: datetime | None
    last_step: int | None


class FactorState(NamedTuple):
    """Second factor of a user, and what requires it."""

    since: datetime | None
    recovery_codes: int
    required_by_partner: bool
    of_vendor: bool


class Challenge(NamedTuple):
    """Challenge of a sign-in, and its user."""

    partner_id: int
    user_id: int
    email: str
    password_digest: bytes


_USER: sa.BindParameter[int] = sa.bindparam("user_id", type_=sa.BigInteger)
_AT = sa.bindparam("at", type_=Instant)
_OF_USER = users.c.partner_id == PARTNER, users.c.id == _USER
_SECRET = totp_secrets.c.partner_id == PARTNER, totp_secrets.c.user_id == _USER
_CODES = recovery_codes.c.partner_id == PARTNER, recovery_codes.c.user_id == _USER
_CHALLENGES = sign_in_challenges.c.partner_id == PARTNER, sign_in_challenges.c.user_id == _USER
_DIGEST = sa.bindparam("of_digest", type_=sa.LargeBinary)

_LOCK = Statement(
    changing(sa.select(*(users.c[name] for name in FactorUser._fields)).where(*_OF_USER), Queue.USERS, _USER),
    FactorUser,
)
_FIND_SECRET = Statement(sa.select(*(totp_secrets.c[name] for name in TotpSecret._fields)).where(*_SECRET), TotpSecret)
_COUNT_CODES = sa.select(sa.func.count()).select_from(recovery_codes)
_CODES_LEFT: Statement[int] = Statement(_COUNT_CODES.where(*_CODES), value)
_STATE = Statement(
    sa.select(
        users.c.second_factor_since,
        _COUNT_CODES.where(
            recovery_codes.c.partner_id == users.c.partner_id, recovery_codes.c.user_id == users.c.id
        ).scalar_subquery(),
        partners.c.second_factor_required,
        partners.c.is_vendor,
    )
    .join(partners, partners.c.id == users.c.partner_id)
    .where(*_OF_USER),
    FactorState,
)
_ENROLL = upsert(
    totp_secrets,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["partner_id", "user_id"],
        set_={"sealed": insert.excluded.sealed, "enrolled_at": insert.excluded.enrolled_at},
        where=totp_secrets.c.confirmed_at.is_(None),
    ),
    values_of,
    inserted=["partner_id", "user_id", "sealed", "enrolled_at"],
)
_STEP = sa.bindparam("step", type_=sa.BigInteger)
_CONFIRM = Statement(
    sa.update(totp_secrets)
    .where(*_SECRET, totp_secrets.c.confirmed_at.is_(None))
    .values(confirmed_at=_AT, last_step=_STEP),
    values_of,
)
_SET_SINCE = Statement(
    sa.update(users).where(*_OF_USER).values(second_factor_since=sa.bindparam("since", type_=Instant)), values_of
)
_USE_STEP = Statement(
    sa.update(totp_secrets)
    .where(*_SECRET, totp_secrets.c.confirmed_at.is_not(None), totp_secrets.c.last_step < _STEP)
    .values(last_step=_STEP),
    values_of,
)
_ADD_CODE = Statement(sa.insert(recovery_codes), values_of, inserted=["partner_id", "user_id", "digest"])
_USE_CODE = Statement(sa.delete(recovery_codes).where(*_CODES, recovery_codes.c.digest == _DIGEST), values_of)
_DROP_SECRET = Statement(sa.delete(totp_secrets).where(*_SECRET), values_of)
_DROP_CODES = Statement(sa.delete(recovery_codes).where(*_CODES), values_of)
_DROP_CHALLENGES = Statement(sa.delete(sign_in_challenges).where(*_CHALLENGES), values_of)
_ADD_CHALLENGE = Statement(
    sa.insert(sign_in_challenges),
    values_of,
    inserted=["partner_id", "user_id", "digest", "password_digest", "expires_at", "failures"],
)
_FIND_CHALLENGE = Statement(
    sa.select(
        sign_in_challenges.c.partner_id,
        sign_in_challenges.c.user_id,
        users.c.email,
        sign_in_challenges.c.password_digest,
    )
    .join(users, users.c.id == sign_in_challenges.c.user_id)
    # The secret of a challenge names its partner.
    .where(sign_in_challenges.c.digest == _DIGEST, sign_in_challenges.c.expires_at > _AT),
    Challenge,
    reads=one_row,
)
_OPEN = *_CHALLENGES, sign_in_challenges.c.digest == _DIGEST, sign_in_challenges.c.expires_at > _AT
_DROP_CHALLENGE = Statement(sa.delete(sign_in_challenges).where(*_OPEN), values_of)
_COUNT_FAILURE: Statement[int] = Statement(
    sa.update(sign_in_challenges)
    .where(*_OPEN)
    .values(failures=sign_in_challenges.c.failures + 1)
    .returning(sign_in_challenges.c.failures),
    value,
)
_DROP_OLD = deletion(sign_in_challenges, sign_in_challenges.c.expires_at <= _AT)


def _of(partner_id: int, user_id: int) -> dict[str, object]:
    return {"partner_id": partner_id, "user_id": user_id}


async def locked(tx: Transaction, partner_id: int, user_id: int) -> FactorUser | None:
    """Return the partner's user, locked until the transaction ends; None if there is none."""
    return await one(tx, _LOCK, _of(partner_id, user_id))


async def state(connection: Connection, partner_id: int, user_id: int) -> FactorState:
    """Return the second factor of a user."""
    return await returned(connection, _STATE, _of(partner_id, user_id))


async def totp_secret(connection: Connection, partner_id: int, user_id: int) -> TotpSecret | None:
    """Return the secret of the user's app, confirmed or not."""
    return await one(connection, _FIND_SECRET, _of(partner_id, user_id))


async def recovery_codes_left(tx: Transaction, partner_id: int, user_id: int) -> int:
    """Return how many recovery codes the user has."""
    return await returned(tx, _CODES_LEFT, _of(partner_id, user_id))


async def enroll(tx: Transaction, partner_id: int, user_id: int, sealed: bytes, *, at: datetime) -> bool:
    """Write the secret of an app that is not confirmed; return False if the user has a confirmed one."""
    return await tx.execute(_ENROLL, {**_of(partner_id, user_id), "sealed": sealed, "enrolled_at": at}) == 1


async def confirm(tx: Transaction, partner_id: int, user_id: int, step: int, *, at: datetime) -> None:
    """Turn the second factor of the locked user on, with the step of the first code."""
    await tx.execute(_CONFIRM, {**_of(partner_id, user_id), "step": step, "at": at})
    await tx.execute(_SET_SINCE, {**_of(partner_id, user_id), "since": at})


async def use_step(tx: Transaction, partner_id: int, user_id: int, step: int) -> bool:
    """Use the code of a step; return False, changing nothing, if it or a later one was used before."""
    return await tx.execute(_USE_STEP, {**_of(partner_id, user_id), "step": step}) == 1


async def put_recovery_codes(tx: Transaction, partner_id: int, user_id: int, digests: Collection[bytes]) -> None:
    """Replace all recovery codes of the user."""
    await tx.execute(_DROP_CODES, _of(partner_id, user_id))
    await tx.execute_many(_ADD_CODE, [{**_of(partner_id, user_id), "digest": digest} for digest in digests])


async def use_recovery_code(tx: Transaction, partner_id: int, user_id: int, digest: bytes) -> bool:
    """Delete a recovery code; return False if the user does not have it."""
    return await tx.execute(_USE_CODE, {**_of(partner_id, user_id), "of_digest": digest}) == 1


async def drop(tx: Transaction, partner_id: int, user_id: int) -> None:
    """Turn the second factor of the locked user off, and void its challenges."""
    for statement in (_DROP_CHALLENGES, _DROP_CODES, _DROP_SECRET):
        await tx.execute(statement, _of(partner_id, user_id))
    await tx.execute(_SET_SINCE, {**_of(partner_id, user_id), "since": None})


async def drop_challenges(tx: Transaction, partner_id: int, user_id: int) -> None:
    """Void the challenges of the locked user, whose sign-ins then begin anew."""
    await tx.execute(_DROP_CHALLENGES, _of(partner_id, user_id))


async def add_challenge(
    tx: Transaction, challenged: tuple[int, int], *, digest: bytes, password_digest: bytes, expires_at: datetime
) -> None:
    """Write a challenge of that partner and user, who has given a password with that digest."""
    new = {"digest": digest, "password_digest": password_digest, "expires_at": expires_at, "failures": 0}
    await tx.execute(_ADD_CHALLENGE, {**_of(*challenged), **new})


async def challenge(connection: Connection, digest: bytes, *, at: datetime) -> Challenge | None:
    """Return the challenge of that secret, or None if it has expired or was voided."""
    return await one(connection, _FIND_CHALLENGE, {"of_digest": digest, "at": at})


async def answer_challenge(tx: Transaction, of: Challenge, digest: bytes, *, at: datetime) -> bool:
    """Delete a challenge that was answered; return False if it was answered or voided before."""
    return await tx.execute(_DROP_CHALLENGE, _open(of, digest, at)) == 1


async def fail_challenge(tx: Transaction, of: Challenge, digest: bytes, *, at: datetime) -> None:
    """Count a wrong code, and void the challenge after the last one that is allowed."""
    failures = await one(tx, _COUNT_FAILURE, _open(of, digest, at))
    if failures is not None and failures >= WRONG_CODES_MAX:
        await tx.execute(_DROP_CHALLENGE, _open(of, digest, at))


async def drop_old_challenges(tx: Transaction, *, at: datetime, most: int) -> int:
    """Delete up to so many expired challenges of all partners, and return their number."""
    return await tx.execute(_DROP_OLD, {"at": at, "most": most})


def _open(of: Challenge, digest: bytes, at: datetime) -> dict[str, object]:
    return {**_of(of.partner_id, of.user_id), "of_digest": digest, "at": at}
