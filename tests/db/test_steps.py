"""Each step is what it is declared to be: servers of the version before can go on, or must be stopped."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import pytest
import sqlalchemy as sa

from db.engine import Database
from db.migrations import concurrent, migrate, revisions
from db.migrations.steps import STEPS, Step, after, oldest_served
from tests.databases import Databases
from tests.db import released
from tests.units import writing

LOCKS = sa.text(
    "SELECT relname, mode FROM pg_locks JOIN pg_class ON pg_class.oid = relation "
    "WHERE pid = pg_backend_pid() AND relkind = 'r'"
)
BLOCKS_READS = "AccessExclusiveLock"
BLOCKS_WRITES = {"ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "RowExclusiveLock"}
"""The last one only blocks writes of the rows that were written."""


class Tables(NamedTuple):
    """What the statements of a version depend on."""

    columns: dict[tuple[str, str], dict[str, Any]]
    """By table and name."""

    checks: dict[tuple[str, str], str]
    """By table and name."""

    rules: set[tuple[str, tuple[str, ...]]]
    """The columns of each unique key and reference, after their table."""


def tables(connection: sa.Connection) -> Tables:
    inspector = sa.inspect(connection)
    names = [name for name in inspector.get_table_names() if name != "alembic_version"]
    return Tables(
        {(table, column["name"]): dict(column) for table in names for column in inspector.get_columns(table)},
        {
            (table, str(check["name"])): str(check["sqltext"])
            for table in names
            for check in inspector.get_check_constraints(table)
        },
        {(table, tuple(map(str, rule))) for table in names for rule in _rules(inspector, table)},
    )


def _rules(inspector: sa.Inspector, table: str) -> Iterator[Sequence[str | None]]:
    yield from (each["constrained_columns"] for each in inspector.get_foreign_keys(table))
    yield from (each["column_names"] for each in inspector.get_unique_constraints(table))
    yield from (each["column_names"] for each in inspector.get_indexes(table) if each["unique"])


def broken(before: Tables, after: Tables) -> set[str]:
    """Return what a server that knows the tables from before could stumble upon."""
    old = {table for table, _ in before.columns}
    gone = {f"{table}.{name}" for table, name in before.columns.keys() - after.columns.keys()}
    narrowed = {
        f"{table}.{name}"
        for (table, name), column in after.columns.items()
        if table in old and not column["nullable"] and column["default"] is None and _was_nullable(before, table, name)
    }
    retyped = {
        f"{table}.{name}"
        for (table, name), column in before.columns.items()
        if (table, name) in after.columns and str(after.columns[table, name]["type"]) != str(column["type"])
    }
    forbidden = {
        f"{table}: {name}"
        for (table, name), condition in before.checks.items()
        if not _names(condition) <= _names(after.checks.get((table, name), condition))
    }
    checked = {
        f"{table}: {name}"
        for table, name in after.checks.keys() - before.checks.keys()
        if any((table, word) in before.columns for word in re.findall(r"\w+", after.checks[table, name]))
    }
    ruled = {
        f"{table}: {', '.join(columns)}"
        for table, columns in after.rules - before.rules
        if all((table, column) in before.columns for column in columns)
    }
    return gone | narrowed | retyped | forbidden | checked | ruled


def _names(condition: str) -> set[str]:
    """Return the names that a CHECK of names allows."""
    return set(re.findall(r"'([A-Z_]+)'", condition))


def _was_nullable(before: Tables, table: str, name: str) -> bool:
    return bool(before.columns.get((table, name), {"nullable": True})["nullable"])


def wrong_locks(connection: sa.Connection, declared: Step, existing: set[str]) -> set[str]:
    """Return the tables that a step in the transaction has locked otherwise than it is declared."""
    taken = [(name, mode) for name, mode in connection.execute(LOCKS) if name in existing]
    locked = {name for name, mode in taken if mode == BLOCKS_READS}
    delayed = {name for name, mode in taken if mode in BLOCKS_WRITES}
    # Which rows a step writes depends on those that there are.
    return locked ^ set(declared.locks) | (delayed - locked - set(declared.delays)) | set(declared.delays) - existing


def test_each_step_is_declared_in_its_order() -> None:
    assert list(STEPS) == sorted(str(each.revision) for each in migrate.steps().walk_revisions())


async def test_each_step_breaks_and_locks_no_more_than_it_declares(engine: str, databases: Databases) -> None:
    database = Database(databases.empty(engine))
    broken_by, locked_by = dict[str, set[str]](), dict[str, set[str]]()
    built = concurrent.declared(migrate.steps())

    def climb(revision: str, before: Tables, connection: sa.Connection) -> Tables:
        migrate.run_steps(connection, revision)
        after = tables(connection)
        if STEPS[revision].contracts is None:
            broken_by[revision] = broken(before, after)
        if engine == "postgresql":
            # Their builds lock nothing when they are not in the transaction.
            indexed = {index.table for index in built.get(revision, ())}
            wrong = wrong_locks(connection, STEPS[revision], {table for table, _ in before.columns})
            locked_by[revision] = wrong - indexed
        return after

    found = Tables({}, {}, set())
    for revision in STEPS:
        async with writing(database) as tx:
            found = await tx.inspect(partial(climb, revision, found))
    await database.close()

    assert {revision: names for revision, names in broken_by.items() if names} == {}
    assert {revision: names for revision, names in locked_by.items() if names} == {}


def cut_off(steps: Mapping[str, Step], built: Collection[str]) -> list[str]:
    """Return the steps that build indexes after one that contracts, which stays if a build fails."""
    contracting = [name for name in steps if steps[name].contracts is not None]
    return [name for name in steps if name in built and any(earlier < name for earlier in contracting)]


def test_no_step_of_this_version_builds_indexes_after_one_that_contracts() -> None:
    steps = after(released.revision())

    assert cut_off(steps, concurrent.declared(migrate.steps())) == []
    assert cut_off({"1": Step(), "2": Step("Reason."), "3": Step()}, {"1", "3"}) == ["3"]


def test_servers_work_on_the_tables_since_the_last_step_that_contracts() -> None:
    assert oldest_served("0002") == "0001"
    assert oldest_served("0011") == "0010"
    assert oldest_served("0025") == "0022"
    assert STEPS[oldest_served()].contracts is not None


@pytest.mark.parametrize(
    ("version", "revision", "noted", "is_served"),
    [
        ("0026", "0028", "0026-0028", True),
        ("0026", "0028", "0027-0028", False),
        ("0026", "0025", "0024-0025", False),
        ("0026", "0028", "0026-0027", False),
        ("0026", "a1b2c3", "", False),
    ],
)
def test_a_note_counts_for_its_revision_only(version: str, revision: str, noted: str, *, is_served: bool) -> None:
    assert revisions.is_served(version, revision, noted) is is_served
