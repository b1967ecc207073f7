"""Indexes of large tables, which PostgreSQL builds while servers write, before the transaction of their step.

A step declares them in `CONCURRENT`, and its `upgrade` gives them to `create`. On SQLite, in a database without tables,
and through a pooler, whose sessions can't be told apart, they are built there.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import sqlalchemy as sa
from alembic import op
from alembic.script import ScriptDirectory
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection

from db.engine import pools

_LOCK = 0x696E646578
"""The key of PostgreSQL's advisory lock, "index" in ASCII."""

_PAUSE_SECONDS = 0.5

_WITHOUT_LIMITS = {"lock_timeout": "0", "statement_timeout": "0"}
"""A build waits for all transactions that began before it, without keeping others waiting."""

# A session that waits for the lock would have a snapshot, for whose end the build of the other one waits.
_TRY_LOCK = sa.select(sa.func.pg_try_advisory_lock(sa.bindparam("lock", _LOCK, sa.BigInteger)))
_IS_VALID = sa.text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)")


class Index(NamedTuple):
    """Index of some columns of a table, and of the rows that meet a condition, if there is one."""

    name: str
    table: str
    columns: Sequence[str]
    condition: str | None = None

    def sql(self, how: str = "") -> str:
        """Return the statement that creates it."""
        where = f" WHERE {self.condition}" if self.condition else ""
        return f"CREATE INDEX {how} {self.name} ON {self.table} ({', '.join(self.columns)}){where}"


class Part(NamedTuple):
    """Steps that are one transaction, and what is built before it."""

    indexes: Sequence[Index]
    last: str


def create(indexes: Iterable[Index]) -> None:
    """Create the indexes in the step's transaction, except those that were built before."""
    connection = op.get_bind()
    for index in indexes:
        # The statement would lock the table even if the index exists.
        is_valid = connection.scalar(_IS_VALID, {"name": index.name}) if connection.dialect.name != "sqlite" else None
        if is_valid is False:
            op.execute(f"DROP INDEX {index.name}")
        if not is_valid:
            op.execute(index.sql())


def declared(scripts: ScriptDirectory) -> Mapping[str, Sequence[Index]]:
    """Return the indexes of each step that declares some."""
    found = {str(each.revision): getattr(each.module, "CONCURRENT", ()) for each in scripts.walk_revisions()}
    return {revision: tuple(indexes) for revision, indexes in found.items() if indexes}


def parts(steps: Iterable[str], indexes: Mapping[str, Sequence[Index]]) -> Sequence[Part]:
    """Return the transactions of the steps, in order: one begins with each step that has indexes."""
    found: list[Part] = []
    for revision in steps:
        built = indexes.get(revision, ())
        if built or not found:
            found.append(Part(built, revision))
        else:
            found[-1] = found[-1]._replace(last=revision)
    return found


async def build(url: URL, indexes: Sequence[Index]) -> None:
    """Build the indexes on PostgreSQL, one process at a time; what a killed one has left is dropped."""
    async with pools.engine(url, _WITHOUT_LIMITS).connect() as connection:
        while not await connection.scalar(_TRY_LOCK):  # noqa: ASYNC110 — another process has no event to wait for.
            await asyncio.sleep(_PAUSE_SECONDS)
        for index in indexes:
            await _build(connection, index)


async def _build(connection: AsyncConnection, index: Index) -> None:
    is_valid = await connection.scalar(_IS_VALID, {"name": index.name})
    if is_valid is False:
        await connection.exec_driver_sql(f"DROP INDEX CONCURRENTLY {index.name}")
    if not is_valid:
        await connection.exec_driver_sql(index.sql("CONCURRENTLY"))
