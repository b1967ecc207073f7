"""Statements about idempotency keys, of which only keyed hashes are kept."""

from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from db import sql
from db.engine import Transaction
from db.tables import idempotency_keys

KEPT = timedelta(hours=24)


class Claim(NamedTuple):
    """A key of a partner for one mutation, and the input that came with it."""

    partner_id: int
    mutation: str
    key_digest: bytes
    input_digest: bytes


class Recorded(NamedTuple):
    """What an earlier request with the key was asked, and the ids of what it did."""

    input_digest: bytes
    outcome: str


async def claim(tx: Transaction, wanted: Claim, *, at: datetime) -> Recorded | None:
    """Claim the key; what is recorded of it where it is taken, after its transaction has ended."""
    keys = idempotency_keys
    expired = keys.c.partner_id == wanted.partner_id, keys.c.created_at <= at - KEPT
    await tx.execute(sa.delete(keys).where(*expired))
    claimed = await tx.execute(sql.insert(tx, keys).values(**wanted._asdict(), created_at=at).on_conflict_do_nothing())
    if claimed.rowcount == 1:
        return None
    statement = sa.select(keys.c.input_digest, keys.c.outcome).where(*_is(wanted))
    return Recorded(*(await tx.execute(statement)).one())


async def complete(tx: Transaction, claimed: Claim, outcome: str) -> None:
    """Record the ids of what was done."""
    await tx.execute(sa.update(idempotency_keys).where(*_is(claimed)).values(outcome=outcome))


def _is(claim: Claim) -> tuple[sa.ColumnElement[bool], ...]:
    keys = idempotency_keys
    return (
        keys.c.partner_id == claim.partner_id,
        keys.c.mutation == claim.mutation,
        keys.c.key_digest == claim.key_digest,
    )
