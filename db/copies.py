"""Copies of all rows of a SQLite database into a PostgreSQL database that has none."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Table

from db.engine import Database, Transaction, bulk, statistics
from db.engine.connection import returned
from db.engine.filters import value, values_of
from db.engine.paging import Pages, columns_of, keys_of
from db.engine.statement import Statement
from db.tables import metadata, rate_buckets

COPIED: Sequence[Table] = [table for table in metadata.sorted_tables if table is not rate_buckets]
"""The tables that are copied, each after those that it refers to. What is left out counts the last seconds."""

Progress = Callable[[str, int, int], object]
"""Told which table is copied, how many rows of it were copied just now, and how many it has."""

# Another copy waits, and then finds the rows of this one.
_KEEP_OTHERS_OUT = Statement(sa.text("LOCK TABLE partners IN SHARE ROW EXCLUSIVE MODE"), values_of)
_LAST_IDS: Statement[tuple[str, int]] = Statement(
    sa.text("SELECT name, seq FROM sqlite_sequence").columns(name=sa.Text, seq=sa.Integer), values_of
)


class FilledError(Exception):
    """The database to be filled has rows already."""

    def __init__(self, tables: Sequence[str]) -> None:
        """Keep the names of the tables that have rows."""
        super().__init__(", ".join(tables))
        self.tables = tables


async def copy(source: Database, target: Transaction, report: Progress) -> int:
    """Copy the rows of all tables from SQLite, which nothing else writes to, to PostgreSQL; return their number.

    Ids that were given once are not given again. Raises FilledError if there are rows where they would go.
    """
    await target.execute(_KEEP_OTHERS_OUT)
    filled = [table.name for table in COPIED if await target.fetch(_any(table))]
    if filled:
        raise FilledError(filled)
    last_ids = dict(await source.read(lambda connection: connection.fetch(_LAST_IDS)))
    copied = 0
    for table in COPIED:
        copied += await _copy_table(source, target, table, report)
        if table.name in last_ids:
            await bulk.number_on(target, table, given=last_ids[table.name])
    await statistics.analyze(target, *COPIED)
    return copied


async def _copy_table(source: Database, target: Transaction, table: Table, report: Progress) -> int:
    total = await source.read(lambda connection: returned(connection, _count(table)))
    columns = columns_of(table)
    names = [column.name for column in columns]
    own = _references_to_itself(table)
    pages, copied = Pages(sa.select(*columns), by=keys_of(table)), 0
    while page := await source.read(pages.following):
        rows = [dict(zip(names, row, strict=True)) for row in page]
        # The row that one refers to may come after it.
        await target.execute_many(_insert(table), [{**row, **dict.fromkeys(own)} for row in rows] if own else rows)
        copied += len(rows)
        report(table.name, len(rows), total)
    if own:
        await _refer(source, target, table, own)
    return copied


async def _refer(source: Database, target: Transaction, table: Table, own: Sequence[str]) -> None:
    """Write the references of a table's rows to other rows of it."""
    keys, references = keys_of(table), [table.c[name] for name in own]
    rows = sa.select(*keys, *references).where(sa.or_(*(each.is_not(None) for each in references)))
    pages = Pages(rows, by=keys)
    names = [*(f"of_{key.name}" for key in keys), *own]
    while page := await source.read(pages.following):
        await target.execute_many(_update(table), [dict(zip(names, row, strict=True)) for row in page])


def _references_to_itself(table: Table) -> list[str]:
    """Return the columns whose values are ids of rows of the same table."""
    referring = {
        name
        for constraint in table.foreign_key_constraints
        if constraint.referred_table is table
        for name in constraint.column_keys
    }
    return sorted(referring - set(table.primary_key.columns.keys()))


@lru_cache
def _any(table: Table) -> Statement[int]:
    return Statement(sa.select(sa.literal_column("1", sa.Integer)).select_from(table).limit(1), value)


@lru_cache
def _count(table: Table) -> Statement[int]:
    return Statement(sa.select(sa.func.count()).select_from(table), value)


@lru_cache
def _insert(table: Table) -> Statement[tuple[Any, ...]]:
    return Statement(sa.insert(table), values_of, inserted=table.columns.keys())


@lru_cache
def _update(table: Table) -> Statement[tuple[Any, ...]]:
    is_row = (key == sa.bindparam(f"of_{key.name}", type_=key.type) for key in keys_of(table))
    own = {name: sa.bindparam(name, type_=table.c[name].type) for name in _references_to_itself(table)}
    # The rows have not changed.
    kept = {column.name: column for column in table.columns if column.onupdate is not None}
    return Statement(sa.update(table).where(*is_row).values({**own, **kept}), values_of)
