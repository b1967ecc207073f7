"""Statements about idempotency keys, of which only keyed hashes are kept."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from db.engine import Connection, Transaction, one, returned
from db.engine.deletions import deletion
from db.engine.filters import PARTNER, upsert, value, values_of
from db.engine.statement import Statement
from db.tables import idempotency_keys, partners

KEPT = timedelta(hours=24)


class Claim(NamedTuple):
    """Idempotency key of a partner for one mutation, and the digest of the input.

    `former` is the same claim with digests by the previous secret, which other processes and older records may have.
    """

    partner_id: int
    mutation: str
    key_digest: bytes
    input_digest: bytes
    former: "Claim | None" = None


class Recorded(NamedTuple):
    """Digest of an earlier request's input, and the ids of its outcome."""

    input_digest: bytes
    outcome: str


_keys = idempotency_keys
_UNTIL = sa.bindparam("until", type_=_keys.c.created_at.type)
_CLAIMED = ["partner_id", "mutation", "key_digest", "input_digest", "created_at"]


def _claiming(insert: postgresql.Insert | sqlite.Insert) -> postgresql.Insert | sqlite.Insert:
    """Return the INSERT of a key, which takes one over that has expired and is not deleted yet."""
    new = {name: insert.excluded[name] for name in ("input_digest", "created_at")}
    return insert.on_conflict_do_update(
        index_elements=["partner_id", "mutation", "key_digest"],
        set_={**new, "outcome": None},
        where=_keys.c.created_at <= _UNTIL,
    )


_CLAIM: Statement[int] = upsert(
    _keys, lambda insert: _claiming(insert).returning(_keys.c.partner_id), value, inserted=_CLAIMED
)
_IS_CLAIMED = (
    _keys.c.partner_id == sa.bindparam("of_partner"),
    _keys.c.mutation == sa.bindparam("of_mutation"),
    _keys.c.key_digest == sa.bindparam("of_key"),
)
_RECORDED = Statement(
    sa.select(_keys.c.input_digest, _keys.c.outcome).where(*_IS_CLAIMED).with_for_update(read=True, key_share=True),
    Recorded,
)
"""It locks the row, because a transaction that writes nothing would not wait for synchronous standbys.

They may not have confirmed the commit of the record, whose caller then got the outcome UNKNOWN.
"""
_CLAIM_EACH: Statement[bytes] = upsert(
    _keys, lambda insert: _claiming(insert).returning(_keys.c.key_digest), value, inserted=_CLAIMED
)
_RECORDED_EACH: Statement[tuple[bytes, bytes, str]] = Statement(
    sa.select(_keys.c.key_digest, _keys.c.input_digest, _keys.c.outcome).where(
        *_IS_CLAIMED, _keys.c.created_at > _UNTIL
    ),
    values_of,
)
_LOCKED_EACH: Statement[tuple[bytes, bytes, str]] = Statement(
    sa.select(_keys.c.key_digest, _keys.c.input_digest, _keys.c.outcome)
    .where(*_IS_CLAIMED, _keys.c.created_at > _UNTIL)
    .with_for_update(read=True, key_share=True),
    values_of,
)
_PARTNERS_WITH_OLD: Statement[int] = Statement(
    sa.select(partners.c.id)
    .where(sa.exists().where(_keys.c.partner_id == partners.c.id, _keys.c.created_at <= _UNTIL))
    .order_by(partners.c.id),
    value,
)
_DROP_OLD = deletion(_keys, _keys.c.partner_id == PARTNER, _keys.c.created_at <= _UNTIL)
_COMPLETE = Statement(sa.update(_keys).where(*_IS_CLAIMED).values(outcome=sa.bindparam("what_came")), values_of)

_FREE = Statement(sa.delete(_keys).where(*_IS_CLAIMED), values_of)


async def claim(tx: Transaction, wanted: Claim, *, at: datetime) -> Recorded | None:
    """Claim the key; if it is taken, return its record once the other transaction has ended."""
    if await one(tx, _CLAIM, _row(wanted, at)) is None:
        return await returned(tx, _RECORDED, _which(wanted))
    if wanted.former is None or await one(tx, _CLAIM, _row(wanted.former, at)) is not None:
        return None
    found = _renewed(wanted, await returned(tx, _RECORDED, _which(wanted.former)))
    await tx.execute(_COMPLETE, {**_which(wanted), "what_came": found.outcome})
    return found


async def complete(tx: Transaction, claimed: Claim, outcome: str | None) -> None:
    """Record the ids of the outcome; without one, free the key again."""
    for each in _both(claimed):
        if outcome is None:
            await tx.execute(_FREE, _which(each))
        else:
            await tx.execute(_COMPLETE, {**_which(each), "what_came": outcome})


async def recorded(connection: Connection, claims: Sequence[Claim], *, at: datetime) -> dict[bytes, Recorded]:
    """Return the records of those of a mutation's keys that have done their work, by the digest of the key."""
    return await _found(connection, claims, _RECORDED_EACH, at)


async def _found(
    connection: Connection, claims: Sequence[Claim], statement: Statement[tuple[bytes, bytes, str]], at: datetime
) -> dict[bytes, Recorded]:
    every = [{**_which(each), "until": at - KEPT} for claim in claims for each in _both(claim)]
    found = {
        key: Recorded(input_digest, outcome)
        for key, input_digest, outcome in await connection.execute_many(statement, every)
        # A key that this transaction has just claimed has no outcome yet.
        if outcome is not None
    }
    for claim in claims:
        if claim.former is not None and (old := found.pop(claim.former.key_digest, None)) is not None:
            found.setdefault(claim.key_digest, _renewed(claim, old))
    return found


async def claim_each(tx: Transaction, claims: Sequence[Claim], *, at: datetime) -> dict[bytes, Recorded]:
    """Claim the keys of a mutation, in this order; return the records of those that are taken."""
    if not claims:
        return {}
    every = [each for claim in claims for each in _both(claim)]
    claimed = set(await tx.execute_many(_CLAIM_EACH, [_row(each, at) for each in every]))
    taken = [claim for claim in claims if any(each.key_digest not in claimed for each in _both(claim))]
    found = await _found(tx, taken, _LOCKED_EACH, at)
    both = [claim for claim in taken if claim.former is not None]
    await complete_each(tx, [(claim, found[claim.key_digest].outcome) for claim in both])
    return found


async def complete_each(tx: Transaction, outcomes: Sequence[tuple[Claim, str]]) -> None:
    """Record the ids of the outcome of each claim."""
    lines = [{**_which(each), "what_came": outcome} for claimed, outcome in outcomes for each in _both(claimed)]
    await tx.execute_many(_COMPLETE, lines)


async def partners_with_old(connection: Connection, *, at: datetime) -> Sequence[int]:
    """Return the partners that have expired keys."""
    return list(await connection.fetch(_PARTNERS_WITH_OLD, {"until": at - KEPT}))


async def drop_old(tx: Transaction, partner_id: int, *, at: datetime, most: int) -> int:
    """Delete up to so many expired keys of the partner, and return their number."""
    return await tx.execute(_DROP_OLD, {"partner_id": partner_id, "until": at - KEPT, "most": most})


def _both(claim: Claim) -> tuple[Claim, ...]:
    return (claim,) if claim.former is None else (claim, claim.former)


def _renewed(wanted: Claim, found: Recorded) -> Recorded:
    """Return a record of the previous secret's digests as one of the current secret's."""
    is_same = wanted.former is not None and found.input_digest == wanted.former.input_digest
    return found._replace(input_digest=wanted.input_digest) if is_same else found


def _row(claim: Claim, at: datetime) -> dict[str, object]:
    return {
        "partner_id": claim.partner_id,
        "mutation": claim.mutation,
        "key_digest": claim.key_digest,
        "input_digest": claim.input_digest,
        "created_at": at,
        "until": at - KEPT,
    }


def _which(claim: Claim) -> dict[str, object]:
    return {"of_partner": claim.partner_id, "of_mutation": claim.mutation, "of_key": claim.key_digest}
