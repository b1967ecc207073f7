"""Probe of the disk: a write that changes nothing."""

from datetime import UTC, datetime
from secrets import token_bytes

import sqlalchemy as sa

from db.engine.column_types import Instant
from db.engine.connection import Transaction
from db.engine.filters import values_of
from db.engine.statement import Statement

_ATTEMPTS = sa.table(
    "sign_in_attempts",
    sa.column("digest", sa.LargeBinary),
    sa.column("failures", sa.Integer),
    sa.column("first_failure_at", Instant),
    sa.column("last_failure_at", Instant),
)
"""A table without a foreign key, whose rows belong to no partner."""

_ROWS = 400
"""More than fit in the free space of pages that there are, as a rule, so that the disk has to give new ones."""

_AT = datetime(2000, 1, 1, tzinfo=UTC)


_INSERT = Statement(sa.insert(_ATTEMPTS), values_of, inserted=[column.name for column in _ATTEMPTS.columns])
_DELETE = Statement(sa.delete(_ATTEMPTS).where(_ATTEMPTS.c.digest == sa.bindparam("digest")), values_of)


async def write(tx: Transaction) -> None:
    """Insert rows and delete them again in the same transaction, unseen by all others."""
    rows = [
        {"digest": token_bytes(32), "failures": 0, "first_failure_at": _AT, "last_failure_at": _AT}
        for _ in range(_ROWS)
    ]
    await tx.execute_many(_INSERT, rows)
    await tx.execute_many(_DELETE, rows)
