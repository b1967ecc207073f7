"""Statements about what is limited, such as failed sign-ins, which is counted by keyed digests."""

from collections.abc import Collection, Mapping
from datetime import datetime

import sqlalchemy as sa

from db.engine import Connection, Transaction
from db.engine.column_types import Instant
from db.engine.deletions import deletion
from db.engine.filters import upsert, values_of
from db.engine.statement import Statement
from db.tables import sign_in_attempts as attempts
from domain.attempts import FORGOTTEN_AFTER, CountedBy, Failures

_OF_DIGEST = attempts.c.digest == sa.bindparam("of_digest")
_FIND = Statement(
    sa.select(attempts.c.digest, attempts.c.failures, attempts.c.first_failure_at, attempts.c.last_failure_at).where(
        sa.or_(*(attempts.c.digest == sa.bindparam(by.name.lower()) for by in CountedBy))
    ),
    values_of,
    reads=lambda _: len(CountedBy),
)
_LOCK = upsert(
    attempts,
    lambda insert: (
        insert.values(failures=0)
        .on_conflict_do_update(index_elements=["digest"], set_={"failures": attempts.c.failures})
        .returning(attempts.c.digest, attempts.c.failures, attempts.c.first_failure_at, attempts.c.last_failure_at)
    ),
    values_of,
    inserted=["digest", "first_failure_at", "last_failure_at"],
)
_RECORD = Statement(
    sa.update(attempts)
    .where(_OF_DIGEST)
    .values(
        failures=sa.bindparam("number"), first_failure_at=sa.bindparam("first"), last_failure_at=sa.bindparam("last")
    ),
    values_of,
)
_FORGET = Statement(sa.delete(attempts).where(_OF_DIGEST), values_of)
_DROP_OLD = deletion(attempts, attempts.c.last_failure_at <= sa.bindparam("until", type_=Instant))


async def find(connection: Connection, digests: Mapping[CountedBy, bytes]) -> Mapping[bytes, Failures]:
    """Return the failures under these digests; a digest without any is left out."""
    names = {by.name.lower(): digests.get(by) for by in CountedBy}
    return {digest: Failures(*rest) for digest, *rest in await connection.fetch(_FIND, names)}


async def locked(tx: Transaction, digests: Collection[bytes], *, at: datetime) -> Mapping[bytes, Failures]:
    """Return the failures under these digests, none included, locked until the transaction ends.

    Every transaction locks in the order of the digests, so that no two wait for each other. A row is inserted and
    locked by one statement: between two, a sign-in that succeeds could delete it.
    """
    none = [{"digest": digest, "first_failure_at": at, "last_failure_at": at} for digest in sorted(digests)]
    return {digest: Failures(*rest) for digest, *rest in await tx.execute_many(_LOCK, none)}


async def record(tx: Transaction, failures: Mapping[bytes, Failures]) -> None:
    """Write the failures of locked digests."""
    lines = [
        {"of_digest": digest, "number": number, "first": first_at, "last": last_at}
        for digest, (number, first_at, last_at) in failures.items()
    ]
    await tx.execute_many(_RECORD, lines)


async def forget(tx: Transaction, digests: Collection[bytes]) -> None:
    """Delete the failures of locked digests."""
    await tx.execute_many(_FORGET, [{"of_digest": digest} for digest in sorted(digests)])


async def drop_old(tx: Transaction, *, at: datetime, most: int) -> int:
    """Delete up to so many expired failures, except those that a sign-in has locked, and return their number."""
    return await tx.execute(_DROP_OLD, {"until": at - FORGOTTEN_AFTER, "most": most})
