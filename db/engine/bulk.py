"""Writing many rows at once, into tables that no partner has rows in yet."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import Table

from db.engine.database import Transaction


async def insert(tx: Transaction, table: Table, rows: Sequence[object]) -> None:
    """Write rows whose fields are named as columns; a column that they have no field for is left to its default."""
    if not rows:
        return
    names = [name for name in table.c.keys() if hasattr(rows[0], name)]  # noqa: SIM118 — it is not a dictionary.
    await tx.execute(sa.insert(table), [{name: getattr(row, name) for name in names} for row in rows])


async def number_on(tx: Transaction, table: Table) -> None:
    """Let the next row that comes without an id follow those that were written with one."""
    # SQLite does it by itself; a sequence of PostgreSQL has not heard of ids that it did not give out.
    if tx.dialect.name == "postgresql":
        sequence = sa.func.pg_get_serial_sequence(table.name, "id")
        highest = sa.select(sa.func.max(table.c.id)).scalar_subquery()
        await tx.execute(sa.select(sa.func.setval(sequence, sa.func.coalesce(highest, 1), highest.is_not(None))))


async def describe(tx: Transaction, table: Table) -> None:
    """Let the planner know what the table holds now, which it would otherwise learn minutes later."""
    # SQLite plans well without: its indexes say enough.
    if tx.dialect.name == "postgresql":
        await tx.execute(sa.text(f"ANALYZE {table.name}"))
