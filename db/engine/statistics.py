"""Statistics by which both engines choose indexes."""

from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Table

from db.engine.connection import Transaction
from db.engine.filters import values_of
from db.engine.statement import Statement

# Samples of values would outlive their erasure. SQLite has them only if it was compiled so.
_FORGET_SAMPLES = Statement(sa.text("DROP TABLE IF EXISTS sqlite_stat4"), values_of)


async def analyze(tx: Transaction, *tables: Table) -> None:
    """Update the planner's statistics of the tables, which have many new rows."""
    for table in tables:
        await tx.execute(_analyze(table.name))
    if tx.dialect.name == "sqlite":
        await tx.execute(_FORGET_SAMPLES)


@lru_cache
def _analyze(name: str) -> Statement[tuple[Any, ...]]:
    return Statement(sa.text(f"ANALYZE {name}"), values_of)
