"""Statements about failed sign-ins, each counted under the keyed digest of what it is counted by."""

from collections.abc import Collection, Mapping
from datetime import datetime

import sqlalchemy as sa

from db.engine import Transaction, execute
from db.tables import sign_in_attempts as attempts
from domain.attempts import FORGOTTEN_AFTER, Failures


async def locked(tx: Transaction, digests: Collection[bytes], *, at: datetime) -> Mapping[bytes, Failures]:
    """Return the failures under these digests, none included, locked until the transaction ends.

    Every transaction locks in the order of the digests, so that no two wait for each other. The rows are inserted and
    locked by one statement: between two, a sign-in that succeeds could delete a row.
    """
    none = [
        {"digest": digest, "failures": 0, "first_failure_at": at, "last_failure_at": at} for digest in sorted(digests)
    ]
    statement = (
        execute.insert(tx, attempts)
        .values(none)
        .on_conflict_do_update(index_elements=["digest"], set_={"failures": attempts.c.failures})
        .returning(attempts.c.digest, attempts.c.failures, attempts.c.first_failure_at, attempts.c.last_failure_at)
    )
    return {digest: Failures(*rest) for digest, *rest in await tx.execute(statement)}


async def record(tx: Transaction, failures: Mapping[bytes, Failures]) -> None:
    """Write the failures under locked digests."""
    for digest, (number, first_at, last_at) in failures.items():
        await tx.execute(
            sa.update(attempts)
            .where(attempts.c.digest == digest)
            .values(failures=number, first_failure_at=first_at, last_failure_at=last_at)
        )


async def forget(tx: Transaction, digests: Collection[bytes]) -> None:
    """Delete what is known under locked digests."""
    await tx.execute(sa.delete(attempts).where(attempts.c.digest.in_(sorted(digests))))


async def drop_old(tx: Transaction, *, at: datetime) -> None:
    """Delete the failures that count no longer, but for those that a sign-in has locked."""
    old = (
        sa.select(attempts.c.digest)
        .where(attempts.c.last_failure_at <= at - FORGOTTEN_AFTER)
        .with_for_update(skip_locked=True)
    )
    await tx.execute(sa.delete(attempts).where(attempts.c.digest.in_(old)))
