"""A write that changes nothing, to find out whether the disk takes writes again."""

from datetime import UTC, datetime
from secrets import token_bytes

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from db.postgres import PostgresUnit
from db.tables import sign_in_attempts as attempts
from db.units import Unit

_ROWS = 400
"""More than fit in the free space of pages that there are, as a rule, so that the disk has to give new ones."""

_AT = datetime(2000, 1, 1, tzinfo=UTC)


async def write(tx: AsyncConnection | Unit | PostgresUnit) -> None:
    """Insert rows and delete them again in the same transaction, unseen by all others."""
    rows = [
        {"digest": token_bytes(32), "failures": 0, "first_failure_at": _AT, "last_failure_at": _AT}
        for _ in range(_ROWS)
    ]
    await tx.execute(sa.insert(attempts), rows)
    await tx.execute(sa.delete(attempts).where(attempts.c.digest.in_([row["digest"] for row in rows])))
