"""Statements about idempotency keys, of which only keyed hashes are kept."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from db.engine import Connection, Transaction, one, returned
from db.engine.filters import PARTNER, upsert, value, values_of
from db.engine.statement import Statement
from db.tables import idempotency_keys

KEPT = timedelta(hours=24)


class Claim(NamedTuple):
    """Idempotency key of a partner for one mutation, and the digest of the input."""

    partner_id: int
    mutation: str
    key_digest: bytes
    input_digest: bytes


class Recorded(NamedTuple):
    """Digest of an earlier request's input, and the ids of its outcome."""

    input_digest: bytes
    outcome: str


_keys = idempotency_keys
_EXPIRE = Statement(
    sa.delete(_keys).where(_keys.c.partner_id == PARTNER, _keys.c.created_at <= sa.bindparam("until")), values_of
)
_CLAIMED = ["partner_id", "mutation", "key_digest", "input_digest", "created_at"]
_CLAIM: Statement[int] = upsert(
    _keys,
    lambda insert: insert.on_conflict_do_nothing().returning(_keys.c.partner_id),
    value,
    inserted=_CLAIMED,
)
_IS_CLAIMED = (
    _keys.c.partner_id == sa.bindparam("of_partner"),
    _keys.c.mutation == sa.bindparam("of_mutation"),
    _keys.c.key_digest == sa.bindparam("of_key"),
)
_RECORDED = Statement(sa.select(_keys.c.input_digest, _keys.c.outcome).where(*_IS_CLAIMED), Recorded)
_CLAIM_EACH: Statement[bytes] = upsert(
    _keys,
    lambda insert: insert.on_conflict_do_nothing().returning(_keys.c.key_digest),
    value,
    inserted=_CLAIMED,
)
_RECORDED_EACH: Statement[tuple[bytes, bytes, str]] = Statement(
    sa.select(_keys.c.key_digest, _keys.c.input_digest, _keys.c.outcome).where(*_IS_CLAIMED), values_of
)
_COMPLETE = Statement(sa.update(_keys).where(*_IS_CLAIMED).values(outcome=sa.bindparam("what_came")), values_of)


async def claim(tx: Transaction, wanted: Claim, *, at: datetime) -> Recorded | None:
    """Claim the key; if it is taken, return its record once the other transaction has ended."""
    await tx.execute(_EXPIRE, {"partner_id": wanted.partner_id, "until": at - KEPT})
    if await one(tx, _CLAIM, {**wanted._asdict(), "created_at": at}) is not None:
        return None
    return await returned(tx, _RECORDED, _which(wanted))


async def complete(tx: Transaction, claimed: Claim, outcome: str) -> None:
    """Record the ids of the outcome."""
    await tx.execute(_COMPLETE, {**_which(claimed), "what_came": outcome})


async def recorded(connection: Connection, claims: Sequence[Claim]) -> dict[bytes, Recorded]:
    """Return the records of those of a mutation's keys that have done their work, by the digest of the key."""
    found = await connection.execute_many(_RECORDED_EACH, [_which(claim) for claim in claims])
    return {key: Recorded(input_digest, outcome) for key, input_digest, outcome in found}


async def claim_each(tx: Transaction, claims: Sequence[Claim], *, at: datetime) -> dict[bytes, Recorded]:
    """Claim the keys of a mutation, in this order; return the records of those that are taken."""
    if not claims:
        return {}
    await tx.execute(_EXPIRE, {"partner_id": claims[0].partner_id, "until": at - KEPT})
    claimed = set(await tx.execute_many(_CLAIM_EACH, [{**claim._asdict(), "created_at": at} for claim in claims]))
    return await recorded(tx, [claim for claim in claims if claim.key_digest not in claimed])


async def complete_each(tx: Transaction, outcomes: Sequence[tuple[Claim, str]]) -> None:
    """Record the ids of the outcome of each claim."""
    await tx.execute_many(_COMPLETE, [{**_which(claimed), "what_came": outcome} for claimed, outcome in outcomes])


def _which(claim: Claim) -> dict[str, object]:
    return {"of_partner": claim.partner_id, "of_mutation": claim.mutation, "of_key": claim.key_digest}
