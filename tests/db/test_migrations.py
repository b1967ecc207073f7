"""The steps make the current tables, on both engines, run by any process and any number of times."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from db.engine import Database
from db.migrations import migrate, revisions
from db.migrations.revisions import State, WrongDatabaseError
from db.tables.forms import stored
from tests.databases import Databases
from tests.db.plain_sql import REFUSED, look, write
from tests.units import writing


async def test_the_steps_make_the_tables_that_the_code_expects(engine: str, databases: Databases) -> None:
    url = databases.migrated(engine)

    differences = await look(url, lambda sync: compare_metadata(MigrationContext.configure(sync), stored(engine)))

    assert differences == []


async def test_the_steps_make_the_same_checks_and_collations_as_the_code(engine: str, databases: Databases) -> None:
    expected_url, url = databases.empty(engine), databases.migrated(engine)
    database = Database(expected_url)
    async with writing(database) as tx:
        await tx.inspect(stored(engine).create_all)
    await database.close()

    found, expected = await look(url, _small_print), await look(expected_url, _small_print)
    different = sorted(table for table in {*found, *expected} if found.get(table) != expected.get(table))
    advice = f"The migrations make {', '.join(different)} otherwise than db/tables; a CHECK's values have an order."
    assert not different, advice + "".join(f"\n{made.get(table)}" for table in different for made in (found, expected))


def _small_print(connection: sa.Connection) -> dict[str, Any]:
    inspector = sa.inspect(connection)
    return {
        table: {
            "checks": sorted(
                (str(check["name"]), check["sqltext"]) for check in inspector.get_check_constraints(table)
            ),
            "collations": {
                column["name"]: getattr(column["type"], "collation", None) for column in inspector.get_columns(table)
            },
            "options": inspector.get_table_options(table),
            "primary key": inspector.get_pk_constraint(table),
            "numbered": _is_numbered_without_reuse(connection, table),
        }
        for table in inspector.get_table_names()
        if table != "alembic_version"
    }


def _is_numbered_without_reuse(connection: sa.Connection, table: str) -> bool | None:
    if connection.dialect.name != "sqlite":
        return None
    created = connection.scalar(sa.text("SELECT sql FROM sqlite_master WHERE name = :name"), {"name": table})
    return "AUTOINCREMENT" in str(created)


def test_the_last_step_is_the_one_that_servers_look_for() -> None:
    assert set(migrate.steps().get_heads()) == {revisions.HEAD}, "HEAD of db/migrations/revisions.py is not the last."


async def test_a_database_is_at_head_once_it_is_upgraded(engine: str, databases: Databases) -> None:
    database = Database(databases.empty(engine))
    before = await revisions.can_serve(database)

    migrate.upgrade(database.url.render_as_string(hide_password=False))

    assert not before
    assert await revisions.can_serve(database)
    await database.close()


async def state(url: str) -> State:
    database = Database(url)
    examined = await revisions.examine(database)
    await database.close()
    return examined.state


async def test_a_database_is_empty_then_older_then_current(engine: str, databases: Databases) -> None:
    url = databases.empty(engine)
    states = [await state(url)]
    for step in ("0001", "0003", "head"):
        migrate.upgrade(url, to=step)
        states.append(await state(url))

    assert states == [State.EMPTY, State.OLDER, State.OLDER, State.CURRENT]


@pytest.mark.parametrize(
    ("found", "statements"),
    [
        (State.NEWER, ["UPDATE alembic_version SET version_num = '9999'"]),
        (State.NEWER, ["UPDATE alembic_version SET version_num = 'a1b2c3'"]),
        (State.FOREIGN, ["DROP TABLE alembic_version"]),
    ],
)
async def test_a_database_of_a_newer_version_or_another_program_is_left_alone(
    engine: str, databases: Databases, found: State, statements: list[str]
) -> None:
    url = databases.migrated(engine)
    await write(url, *statements)

    with pytest.raises(WrongDatabaseError) as raised:
        migrate.upgrade(url)

    assert (await state(url), raised.value.examined.state) == (found, found)


@pytest.mark.parametrize("version", [None, "0001", "a1b2c3"])
async def test_another_program_s_database_is_left_alone(engine: str, databases: Databases, version: str | None) -> None:
    url = databases.empty(engine)
    await write(url, "CREATE TABLE posts (id INTEGER PRIMARY KEY)")
    if version is not None:
        await write(url, "CREATE TABLE alembic_version (version_num VARCHAR(32))")
        await write(url, "INSERT INTO alembic_version VALUES ('?')".replace("?", version))
    before = await look(url, lambda sync: sa.inspect(sync).get_table_names())

    with pytest.raises(WrongDatabaseError) as raised:
        migrate.upgrade(url)

    assert raised.value.examined.state is State.FOREIGN
    assert "posts" in raised.value.examined.tables
    assert await look(url, lambda sync: sa.inspect(sync).get_table_names()) == before


def test_several_may_upgrade_one_database_at_once(engine: str, databases: Databases) -> None:
    url = databases.empty(engine)

    with ThreadPoolExecutor(max_workers=6) as threads:
        done = list(threads.map(migrate.upgrade, [url] * 6))

    assert done == [None] * 6


async def test_upgrading_again_keeps_what_is_stored(engine: str, databases: Databases) -> None:
    url = databases.migrated(engine)
    await write(url, "INSERT INTO partners (name, cnpj) VALUES ('Alfa', '16727230000197')")

    migrate.upgrade(url)

    assert await look(url, lambda sync: sync.scalar(sa.text("SELECT name FROM partners"))) == "Alfa"


async def test_a_database_has_one_vendor_at_most(engine: str, databases: Databases) -> None:
    url = databases.migrated(engine)
    vendor = "INSERT INTO partners (name, cnpj, is_vendor) VALUES ('Vendor', '{}', {})"
    await write(url, vendor.format("1", "true"), vendor.format("2", "false"), vendor.format("3", "false"))

    with pytest.raises(REFUSED):
        await write(url, vendor.format("4", "true"))


async def test_steps_that_would_leave_a_dangling_reference_change_nothing(databases: Databases) -> None:
    url = databases.migrated("sqlite", to="0003")
    await write(url, "CREATE TABLE parent (id INTEGER PRIMARY KEY)", "CREATE TABLE child (id REFERENCES parent)")
    with closing(sqlite3.connect(url.removeprefix("sqlite+aiosqlite:///"))) as unchecked, unchecked:
        unchecked.execute("INSERT INTO child VALUES (1)")

    with pytest.raises(LookupError, match="A row of child refers to a row of parent that does not exist"):
        migrate.upgrade(url)

    done = sa.text("SELECT version_num FROM alembic_version")
    assert await look(url, lambda sync: list(sync.scalars(done))) == ["0003"]


async def test_ids_of_deleted_rows_are_not_given_again_after_any_step(engine: str, databases: Databases) -> None:
    url = databases.empty(engine)
    partner = "INSERT INTO partners (name, cnpj) VALUES ('Alfa', '{}')"
    user = "INSERT INTO users (partner_id, email, name, role, password_hash) VALUES (1, '{}', 'Ana', 'MANAGER', 'hash')"
    migrate.upgrade(url, to="0001")
    await write(url, *(partner.format(cnpj) for cnpj in range(3)), *(user.format(email) for email in range(3)))
    # One table keeps a row, and the other one becomes empty.
    await write(url, "DELETE FROM users", "DELETE FROM partners WHERE id > 1")

    for step in range(2, int(revisions.HEAD) + 1):
        migrate.upgrade(url, to=f"{step:04}")

    await write(url, partner.format("later"), user.format("later"))
    ids = [sa.text(f"SELECT max(id) FROM {table}") for table in ("partners", "users")]  # noqa: S608 — our own.
    assert await look(url, lambda sync: [sync.scalar(each) for each in ids]) == [4, 4]


def test_there_is_no_next_step_while_the_steps_make_all_tables() -> None:
    lines = [line for line in migrate.next_step().split("\n") if not line.strip().startswith("#")]

    assert "".join(lines).strip() == "pass"
