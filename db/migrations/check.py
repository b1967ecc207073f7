"""What a migration of the database would do, found without a change or a lock."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

import sqlalchemy as sa

from db import policies
from db.engine import Connection, Database
from db.engine.filters import value
from db.engine.statement import Statement
from db.migrations import concurrent, migrate, revisions
from db.migrations.revisions import Examined, State
from db.migrations.steps import Step, after

_ROWS_A_SECOND = 50_000
"""Rows of a table with ten indexes that a step writes anew in a second, on either engine and one core."""


class OpenStep(NamedTuple):
    """A step that the database lacks, and its title."""

    revision: str
    title: str
    step: Step


class Check(NamedTuple):
    """What a migration would do to a database.

    Attributes:
        examined: What the database is; only an empty or older one has open steps.
        steps: The steps that are open.
        rows: Number of rows of each table that the steps lock or index, of those that exist.
        seconds: About how long the steps take.
        indexed: The tables for which PostgreSQL builds indexes while servers read and write them.
        secured: The tables that get policies of row-level security, which locks them.

    """

    examined: Examined
    steps: Sequence[OpenStep]
    rows: Mapping[str, int]
    seconds: int
    indexed: Sequence[str] = ()
    secured: Sequence[str] = ()

    @property
    def contracting(self) -> list[str]:
        """The open steps for which servers of the version before must be stopped; an empty database has no servers."""
        is_used = self.examined.state is not State.EMPTY
        return [each.revision for each in self.steps if is_used and each.step.contracts is not None]

    @property
    def locked(self) -> list[str]:
        """The tables that can't be read or written on PostgreSQL until the migration has ended."""
        return sorted({*self.secured, *(table for each in self.steps for table in each.step.locks)} & set(self.rows))

    @property
    def delayed(self) -> list[str]:
        """The other tables that can't be written until then."""
        return sorted(({table for each in self.steps for table in each.step.delays} & set(self.rows)) - {*self.locked})


def of_new() -> Check:
    """Return what a migration would do to a database without tables."""
    return Check(Examined(State.EMPTY), _titled(after("")), {}, 0)


async def check(database: Database, *, is_pooled: bool = False) -> Check:
    """Return what a migration of the database to this version would do, through a pooler or not."""
    return await database.read(partial(_checked, is_pooled=is_pooled))


async def _checked(connection: Connection, *, is_pooled: bool) -> Check:
    examined = await revisions.examined(connection)
    if examined.state not in {State.EMPTY, State.OLDER}:
        return Check(examined, (), {}, 0)
    steps = after(max(examined.steps, default=""))
    existing = set(await connection.inspect(lambda sync: sa.inspect(sync).get_table_names()))
    built = concurrent.declared(migrate.steps())
    indexed = {name: {index.table for index in built.get(name, ())} & existing for name in steps}
    if is_pooled:
        # A step then builds its indexes in the transaction.
        steps = {name: step._replace(delays=(*step.delays, *indexed.pop(name))) for name, step in steps.items()}
    touched = [({*step.locks, *step.delays, *indexed.get(name, ())}) & existing for name, step in steps.items()]
    secured = await _secured(connection)
    rows = {table: (await connection.fetch(_rows(table)))[0] for table in sorted(set().union(*touched, secured))}
    written = sum(rows[table] for tables in touched for table in tables)
    seconds = -(-written // _ROWS_A_SECOND)
    return Check(examined, _titled(steps), rows, seconds, sorted(set().union(*indexed.values())), secured)


async def _secured(connection: Connection) -> Sequence[str]:
    is_asked = connection.dialect.name == "postgresql" and await policies.are_on(connection)
    return await policies.unfit(connection) if is_asked else ()


def _titled(steps: Mapping[str, Step]) -> list[OpenStep]:
    titles = {str(script.revision): str(script.doc).partition("\n")[0] for script in migrate.steps().walk_revisions()}
    return [OpenStep(revision, titles[revision], step) for revision, step in steps.items()]


def _rows(table: str) -> Statement[int]:
    return Statement(sa.select(sa.func.count()).select_from(sa.table(table)), value)
