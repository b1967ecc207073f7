"""Statistics by which both engines choose indexes."""

from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Table

from db.engine.connection import Transaction, returned
from db.engine.filters import value, values_of
from db.engine.statement import Statement

# Samples of values would outlive their erasure. SQLite has them only if it was compiled so.
_FORGET_SAMPLES = Statement(sa.text("DROP TABLE IF EXISTS sqlite_stat4"), values_of)
_COUNTED: Statement[tuple[str, int]] = Statement(
    sa.text("SELECT tbl, max(CAST(stat AS INTEGER)) AS rows FROM sqlite_stat1 GROUP BY tbl").columns(
        tbl=sa.Text, rows=sa.Integer
    ),
    values_of,
)
_LIMITED = Statement(sa.text("PRAGMA analysis_limit = 1000"), values_of)
_UNLIMITED = Statement(sa.text("PRAGMA analysis_limit = 0"), values_of)
_CHANGE_SCHEMA = Statement(sa.text("CREATE TABLE statistics_have_changed (id INTEGER)"), values_of)
_CHANGE_SCHEMA_BACK = Statement(sa.text("DROP TABLE statistics_have_changed"), values_of)

_ROWS_MIN = 1_000
"""With fewer rows, any plan is quick."""

_GROWTH = 4


async def analyze(tx: Transaction, *tables: Table) -> None:
    """Update the planner's statistics of the tables, which have many new rows."""
    for table in tables:
        await tx.execute(_analyze(table.name))
    if tx.dialect.name == "sqlite":
        await tx.execute(_FORGET_SAMPLES)


async def follow_growth(tx: Transaction, *tables: Table) -> list[str]:
    """Update SQLite's statistics of tables that have many more rows than they count; return the names of these tables.

    `PRAGMA optimize` of SQLite before 3.46 looks only at tables that its connection has read, and the one that writes
    reads few. On PostgreSQL, autovacuum does it.
    """
    if tx.dialect.name != "sqlite":
        return []
    counted = dict(await tx.fetch(_COUNTED))
    grown = []
    for table in tables:
        rows = await returned(tx, _rows(table.name))
        if rows >= max(_ROWS_MIN, _GROWTH * counted.get(table.name, 0)):
            grown.append(table.name)
    if grown:
        await tx.execute(_LIMITED)
        try:
            for name in grown:
                await tx.execute(_analyze(name))
        finally:
            await tx.execute(_UNLIMITED)
        await tx.execute(_FORGET_SAMPLES)
        # The other connections read statistics with the schema, which they read again when it has changed.
        await tx.execute(_CHANGE_SCHEMA)
        await tx.execute(_CHANGE_SCHEMA_BACK)
    return grown


@lru_cache
def _rows(name: str) -> Statement[int]:
    # A count would read the whole table.
    ids = f"(SELECT max(rowid) FROM {name}) - (SELECT min(rowid) FROM {name})"  # noqa: S608 — a name of our tables.
    return Statement(sa.text(f"SELECT coalesce({ids} + 1, 0) AS rows").columns(rows=sa.Integer), value)


@lru_cache
def _analyze(name: str) -> Statement[tuple[Any, ...]]:
    return Statement(sa.text(f"ANALYZE {name}"), values_of)
