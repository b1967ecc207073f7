"""Each step keeps the rows of every table that a database can have before it, on both engines."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from functools import partial

import sqlalchemy as sa

from db.engine import Connection, Database
from db.migrations import migrate
from db.migrations.steps import STEPS
from tests.databases import Databases
from tests.db.plain_sql import Seen, look
from tests.db.rows_of_tables import Contents, Values, contents, fill
from tests.units import writing

GONE = {
    "0005": {
        *("sign_in_attempts.email_digest", "sign_in_attempts.failures", "sign_in_attempts.last_failure_at"),
        "sign_in_attempts.blocked_until",
    },
    "0013": {"price_tables.partner_id", "price_tiers.partner_id", "price_tiers.price_table_id"},
}
"""Columns that a step removes on purpose, or empties."""

REWRITTEN = {"0014": {"activations.activation_key", "activations.ecf_serial_number"}}
"""Columns whose values a step changes on purpose: those of cancelled clients."""


def lost(before: Contents, after: Contents, expected: Collection[str]) -> set[str]:
    """Return the columns that are gone, and the tables of which a row is gone or has another value."""
    columns = {f"{table}.{name}" for table, rows in before.items() for name in rows[0]}
    kept = {f"{table}.{name}" for table, rows in after.items() for row in rows for name in row}
    changed = set()
    for table, rows in before.items():
        names = [name for name in rows[0] if f"{table}.{name}" in kept and f"{table}.{name}" not in expected]
        if _counted(rows, names) - _counted(after.get(table, []), names):
            changed.add(table)
    return changed | columns - kept


def _counted(rows: Collection[Values], names: Collection[str]) -> Counter[tuple[object, ...]]:
    return Counter(tuple(row[name] for name in names) for row in rows) if names else Counter()


async def test_each_step_keeps_the_rows_of_every_table_before_it(engine: str, databases: Databases) -> None:
    # As migrations do, which put new tables in the places of those that rows refer to.
    database = Database(databases.empty(engine), enforces_references=False)
    found = dict[str, set[str]]()

    def climb(revision: str, before: Contents, connection: sa.Connection) -> Contents:
        migrate.run_steps(connection, revision)
        found[revision] = lost(before, contents(connection), REWRITTEN.get(revision, ()))
        return fill(connection, before)

    rows: Contents = {}
    for revision in STEPS:
        rows = await database.write(partial(_inspect, at=partial(climb, revision, rows)))
    dangling = await database.read(partial(_inspect, at=_dangling))
    await database.close()

    assert {revision: names for revision, names in found.items() if names} == GONE
    assert dangling == []
    assert [table for table in rows if not rows[table]] == []
    assert [column for column, values in _columns(rows) if not values] == []


async def _inspect(connection: Connection, at: Callable[[sa.Connection], Seen]) -> Seen:
    return await connection.inspect(at)


def _columns(rows: Contents) -> Iterator[tuple[str, list[object]]]:
    """Yield each column, and those of its values that are not null."""
    for table, of_table in rows.items():
        for name in of_table[0]:
            yield f"{table}.{name}", [row[name] for row in of_table if row[name] is not None]


def _dangling(connection: sa.Connection) -> list[object]:
    """Return the rows that refer to others that do not exist; PostgreSQL has refused them."""
    if connection.dialect.name == "postgresql":
        return []
    return list(connection.execute(sa.text("PRAGMA foreign_key_check")).all())


async def test_all_steps_at_once_keep_the_rows_of_the_first_tables(engine: str, databases: Databases) -> None:
    url = databases.migrated(engine, to=next(iter(STEPS)))
    database = Database(url)
    async with writing(database) as tx:
        before = await tx.inspect(lambda connection: fill(connection, {}))
    await database.close()

    migrate.upgrade(url)

    after = await look(url, contents)
    assert lost(before, after, set[str]().union(*REWRITTEN.values())) == set[str]().union(*GONE.values())
