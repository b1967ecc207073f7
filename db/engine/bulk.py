"""Bulk inserts into empty tables."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Table

from db.engine.connection import Transaction
from db.engine.filters import value, values_of
from db.engine.statement import Statement


async def insert(tx: Transaction, table: Table, rows: Sequence[object]) -> None:
    """Insert rows whose fields are named as columns; other columns get their defaults."""
    if not rows:
        return
    names = tuple(column.name for column in table.columns if hasattr(rows[0], column.name))
    await tx.execute_many(_insert(table, names), [{name: getattr(row, name) for name in names} for row in rows])


@lru_cache
def _insert(table: Table, names: tuple[str, ...]) -> Statement[tuple[Any, ...]]:
    return Statement(sa.insert(table), values_of, inserted=names)


async def number_on(tx: Transaction, table: Table, *, given: int = 0) -> None:
    """Set the sequence of ids behind the highest id that was written, and behind the last one that was given before."""
    # SQLite does it by itself; a sequence of PostgreSQL does not know ids that it did not give out.
    if tx.dialect.name == "postgresql":
        await tx.fetch(_number_on(table), {"given": given})


@lru_cache
def _number_on(table: Table) -> Statement[int]:
    sequence = sa.func.pg_get_serial_sequence(table.name, "id")
    highest = sa.select(sa.func.coalesce(sa.func.max(table.c.id), 0)).scalar_subquery()
    last = sa.func.greatest(highest, sa.bindparam("given", type_=sa.BigInteger))
    next_id = sa.func.setval(sequence, sa.func.greatest(last, 1), last > 0)
    return Statement(sa.select(next_id), value)
