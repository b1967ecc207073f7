"""Statements about idempotency keys, of which only keyed hashes are kept."""

from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from db.engine import Transaction, one, returned
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


def _which(claim: Claim) -> dict[str, object]:
    return {"of_partner": claim.partner_id, "of_mutation": claim.mutation, "of_key": claim.key_digest}
