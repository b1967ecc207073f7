"""Servers of the released version beside the newest tables that serve them: each statement, and each insert."""

import sqlite3
from collections.abc import Iterator

import asyncpg  # type: ignore[import-untyped]  # It has no types.
import pytest
import sqlalchemy as sa

from db.engine import Database
from db.migrations import migrate
from db.migrations.revisions import HEAD
from db.tables import metadata
from tests.databases import Databases
from tests.db import released
from tests.db.plain_sql import write
from tests.db.test_statements import prepared

NOT_INSERTED = {"rate_buckets", "sign_in_challenges", "unlinked_identities"}
"""Tables of rows that live for minutes, or that the released version does not have."""


@pytest.fixture
def url(engine: str, databases: Databases) -> str:
    """URL of a database with the newest tables that serve the released version."""
    served = released.served_to()
    if served == HEAD:
        return databases.migrated(engine)
    made = databases.empty(engine)
    migrate.upgrade(made, to=served)
    return made


async def failures(url: str) -> list[str]:
    """Return the errors of the released version's statements, and of its inserts one after the other."""
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "postgresql":
        return await _on_postgresql(parsed)
    database = Database(url)
    with prepared(database) as driver:
        found = list(_on_sqlite(driver))
    await database.close()
    return found


def _on_sqlite(driver: sqlite3.Connection) -> Iterator[str]:
    driver.execute("PRAGMA foreign_keys = ON")
    for text in released.statements("sqlite"):
        try:
            driver.execute(f"EXPLAIN {text}", [None] * text.count("?"))
        except sqlite3.Error as error:
            yield f"{error}: {text}"
    for insert in released.rows("sqlite"):
        try:
            driver.execute(insert)
        except sqlite3.Error as error:
            yield f"{error}: {insert}"


async def _on_postgresql(url: sa.URL) -> list[str]:
    driver = await asyncpg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False))
    found = []
    for text in released.statements("postgresql"):
        try:
            await driver.prepare(text)
        except asyncpg.PostgresError as error:
            found.append(f"{error}: {text}")
    for insert in released.rows("postgresql"):
        try:
            await driver.execute(insert)
        except asyncpg.PostgresError as error:
            found.append(f"{error}: {insert}")
    await driver.close()
    return found


async def test_the_tables_take_every_statement_of_the_released_version(url: str) -> None:
    advice = "A step after the released version breaks its servers; declare in db/migrations/steps.py why, or add only."
    assert await failures(url) == [], advice


@pytest.mark.parametrize(
    ("broken", "named"),
    [
        ("ALTER TABLE trusted_documents DROP COLUMN registered_at", "registered_at"),
        ("ALTER TABLE trusted_documents ADD COLUMN size INTEGER CHECK (size IS NOT NULL)", "trusted_documents"),
    ],
)
async def test_a_step_that_breaks_the_released_version_is_found(url: str, broken: str, named: str) -> None:
    await write(url, broken)

    found = await failures(url)

    assert found
    assert all(named in each for each in found)


def test_rows_of_every_lasting_table_are_inserted() -> None:
    inserted = {each.removeprefix("INSERT INTO ").partition(" ")[0] for each in released.rows("sqlite")}

    assert {table.name for table in metadata.sorted_tables} - inserted <= NOT_INSERTED
