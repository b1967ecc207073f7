"""Queues before the locks of rows that many transactions share, in which a change gets its lock in its turn.

PostgreSQL lets transactions share the lock of a row while a change of it waits: if they follow each other closely, the
change waits until its deadline. Advisory locks are granted in the order of the requests. So each statement that locks a
row of these tables first takes the advisory lock of its queue, shared if it shares the row; both end with the
transaction. The lock of the row is still what keeps transactions apart. SQLite has one writer at a time, and no queue.
"""

from enum import IntEnum
from typing import Any, TypeAlias, TypeVar

import sqlalchemy as sa
from sqlalchemy import ColumnElement, FromClause, Select

from db.engine.expressions import KEEPING_KEYS, by_engine

Row = TypeVar("Row", bound=tuple[Any, ...])

Ids: TypeAlias = ColumnElement[int] | Select[tuple[int]]
"""Id of a row, or a SELECT of the ids of rows, which is read before the first lock."""


class Queue(IntEnum):
    """Tables whose rows are locked in queues; the value is the first byte of the keys of the advisory locks."""

    PARTNERS = 1
    USERS = 2
    PRODUCTS = 3
    PRICE_TABLES = 4


_PRODUCT_QUEUES = 16
"""Number of queues of all products: a transaction may lock thousands, and the server has room for few locks of each."""


def sharing(rows: Select[Row], queue: Queue, ids: Ids, *, of: FromClause | None = None) -> Select[Row]:
    """Return the SELECT with a lock that several transactions share, and that a change of the rows waits for."""
    wait = _wait(queue, ids, sa.func.pg_advisory_xact_lock_shared)
    return rows.where(wait).with_for_update(read=True, of=of)


def changing(rows: Select[Row], queue: Queue, ids: Ids) -> Select[Row]:
    """Return the SELECT with a lock for a change of the rows, for which later transactions that share them wait."""
    return rows.where(_wait(queue, ids, sa.func.pg_advisory_xact_lock)).with_for_update(key_share=KEEPING_KEYS)


def _wait(queue: Queue, ids: Ids, lock: Any) -> ColumnElement[bool]:  # noqa: ANN401 — a function by its name.
    """Return a condition that is true, after it has taken the locks of the queues, which PostgreSQL does first.

    It depends on no row, so that PostgreSQL checks it once, before it looks for rows, and locks those in the end.
    """
    if isinstance(ids, Select):
        # In one order for all transactions.
        keys = sa.select(_key(queue, ids.subquery().columns[0]).label("key")).distinct().order_by("key").subquery()
        taken = sa.select(sa.func.bool_and(lock(keys.c.key).is_not(None))).scalar_subquery()
    else:
        one = sa.select(lock(_key(queue, ids)))
        # A column is that of the statement around this one.
        taken = (one.correlate(ids.table) if isinstance(ids, sa.Column) else one).scalar_subquery()
    return by_engine(sqlite=sa.true(), postgresql=taken.is_not(None))


def _key(queue: Queue, row_id: ColumnElement[int]) -> ColumnElement[int]:
    """Return the key of the advisory lock of a row's queue."""
    place = row_id.bitwise_and(sa.literal_column(str(_PRODUCT_QUEUES - 1))) if queue is Queue.PRODUCTS else row_id
    return place + sa.literal_column(str(queue << 56), sa.BigInteger)
