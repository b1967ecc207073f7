"""`portal migrate` that is killed leaves the database as it was, and two at once migrate it once."""

import asyncio
import os
import random
import signal
import subprocess
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # It has no types.
import pytest
import sqlalchemy as sa
from sqlalchemy import event

from db.doctor.checks import examine
from db.engine import Database
from db.migrations import migrate
from db.migrations.revisions import HEAD
from tests.databases import Databases
from tests.db.interrupted import changes
from tests.db.plain_sql import look, write
from tests.db.test_migrated_demo import NEXT_ID, NUMBERED, STATEMENTS
from tests.e2e import forks

WAITING = "SELECT count(*) FROM pg_locks JOIN pg_class ON pg_class.oid = relation WHERE relname = $1 AND NOT granted"

KILLS = 2
INTERRUPTED = "tests.db.interrupted"


@pytest.fixture
async def older(engine: str, databases: Databases) -> str:
    """URL of a database with demo data that lacks most steps."""
    url = databases.migrated(engine, to="0005")
    await write(url, *STATEMENTS)
    if engine == "postgresql":
        await write(url, *map(NEXT_ID.format, NUMBERED))
    return url


def content(connection: sa.Connection) -> dict[str, tuple[list[str], list[str]]]:
    """Return the columns and rows of each table."""
    inspector = sa.inspect(connection)
    return {
        table: (
            [f"{column['name']} {column['type']}" for column in inspector.get_columns(table)],
            sorted(str(tuple(row)) for row in connection.execute(sa.select(sa.text("*")).select_from(sa.table(table)))),
        )
        for table in inspector.get_table_names()
    }


def changing_statements(url: str) -> int:
    """Migrate a database, and return the number of statements that changed it."""
    numbers: list[Any] = []

    def count(_connection: object, _cursor: object, statement: str, *_others: object) -> None:
        if changes(statement):
            numbers.append(statement)

    event.listen(sa.Engine, "before_cursor_execute", count)
    try:
        migrate.upgrade(url)
    finally:
        event.remove(sa.Engine, "before_cursor_execute", count)
    return len(numbers)


def begin(url: str, *arguments: str, program: str = "server.__main__") -> subprocess.Popen[str]:
    """Start a program of the portal on the database."""
    environment = {**os.environ, "DATABASE_URL": url, "SECRET_KEY": "s" * 32, "DEMO": "true", forks.PROGRAM: program}
    return subprocess.Popen(
        [str(forks.portal()), *arguments],
        cwd=forks.ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


async def findings(url: str) -> list[Any]:
    database = Database(url)
    try:
        return list(await examine(database))
    finally:
        await database.close()


async def test_a_killed_migration_changes_nothing_and_can_be_run_again(older: str, databases: Databases) -> None:
    seed = random.randrange(2**32)  # noqa: S311 — it decides where to kill.
    chosen = random.Random(seed)  # noqa: S311 — the same places for a seed.
    before = await look(older, content)
    count = changing_statements(databases.copy(older))

    for number in chosen.sample(range(count), KILLS):
        killed = begin(older, str(number), "kill", program=INTERRUPTED)
        killed.communicate()

        assert killed.returncode == -signal.SIGKILL, f"seed {seed}, statement {number}"
        assert await look(older, content) == before, f"seed {seed}, statement {number}"
    again = begin(older, "migrate")
    said, _ = again.communicate()

    assert again.returncode == 0, said
    assert await findings(older) == []


async def test_of_two_migrations_at_once_the_second_has_nothing_to_do(older: str) -> None:
    first = begin(older, "20", "pause", program=INTERRUPTED)
    assert first.stdout is not None
    assert first.stdout.readline() == "paused\n"
    # The first one is in its transaction until its input is closed, which may be before the second has begun.
    second = begin(older, "migrate")

    said = [first.communicate()[0], second.communicate()[0]]

    assert (first.returncode, second.returncode) == (0, 0), said
    assert all("The database is up to date." in each for each in said)
    revision = sa.text("SELECT version_num FROM alembic_version")
    assert await look(older, lambda sync: list(sync.scalars(revision))) == [HEAD]
    assert await findings(older) == []


async def connected(url: str) -> asyncpg.Connection:
    return await asyncpg.connect(sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False))


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
async def test_readers_do_not_wait_while_a_migration_waits_for_a_lock(older: str) -> None:
    holder, reader, observer = [await connected(older) for _ in range(3)]
    held = holder.transaction()
    await held.start()
    await holder.fetch("SELECT id FROM clients")
    migration = asyncio.create_task(asyncio.to_thread(migrate.upgrade, older))
    while not await observer.fetchval(WAITING, "clients"):
        assert not migration.done()

    # It waits behind the migration, which gives its turn up, and its place in the line of those that wait.
    read = await reader.fetchval("SELECT count(*) FROM clients")
    is_waiting_or_trying = not migration.done()
    await held.rollback()
    await migration

    assert read > 0
    assert is_waiting_or_trying
    assert await findings(older) == []
    for connection in (holder, reader, observer):
        await connection.close()
