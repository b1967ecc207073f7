"""Connections for reading and transactions for writing."""

import sqlite3
from asyncio import gather
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from db import partners as statements
from db.engine import Connection, Database, Transaction, failures, storage
from db.tables import partners
from domain.errors import Unavailable
from domain.tenancy import ALL_PARTNERS
from tests import cnpjs
from tests.databases import Databases
from tests.factories import add_partner
from tests.units import execute, fetch_value, insert, reading, writing


async def exists(database: Database, partner_id: int) -> bool:
    async with reading(database) as connection:
        return partner_id in await statements.by_ids(connection, ALL_PARTNERS, [partner_id])


async def test_what_a_transaction_wrote_is_there_when_it_ends(database: Database) -> None:
    async with writing(database) as tx:
        partner_id = await add_partner(tx)

    assert await exists(database, partner_id)


async def test_a_transaction_that_fails_leaves_nothing_behind(database: Database) -> None:
    async def fail() -> None:
        async with writing(database) as tx:
            made.append(await add_partner(tx))
            raise LookupError

    made: list[int] = []
    with pytest.raises(LookupError):
        await fail()

    assert not await exists(database, made[0])


async def test_readers_neither_see_an_open_transaction_nor_wait_for_it(database: Database) -> None:
    async with writing(database) as tx:
        partner_id = await add_partner(tx)

        assert not await exists(database, partner_id)


async def test_transactions_that_read_and_then_write_wait_for_each_other(database: Database) -> None:
    async with writing(database) as tx:
        partner_id = await add_partner(tx)

    async def lengthen() -> None:
        async with writing(database) as tx:
            mine = partners.c.id == partner_id
            name = await fetch_value(tx, sa.select(partners.c.name).where(mine).with_for_update())
            await execute(tx, sa.update(partners).where(mine).values(name=f"{name}!"))

    await gather(*(lengthen() for _ in range(20)))

    async with reading(database) as connection:
        found = await statements.by_ids(connection, ALL_PARTNERS, [partner_id])
    assert found[partner_id].name.endswith("!" * 20)


async def test_a_broken_constraint_is_not_taken_for_a_busy_database(database: Database) -> None:
    number = cnpjs.another()

    async def twice(tx: Transaction) -> None:
        await insert(tx, partners, [{"name": "Parceiro", "cnpj": number}] * 2)

    with pytest.raises((DBAPIError, sqlite3.IntegrityError)) as raised:
        await database.write(twice)

    assert failures.kind_of(raised.value) is None


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_a_reading_connection_of_sqlite_can_not_write(database: Database) -> None:
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        await database.read(add_partner)


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
async def test_a_unit_of_postgresql_that_loses_against_another_one_runs_again(database: Database) -> None:
    async with writing(database) as tx:
        ids = [await add_partner(tx) for _ in range(2)]

    await gather(
        database.write(lambda tx: crosswise(tx, *ids)), database.write(lambda tx: crosswise(tx, *reversed(ids)))
    )


async def crosswise(tx: Transaction, *partner_ids: int) -> None:
    """Lock partners in this order, slowly."""
    for partner_id in partner_ids:
        await execute(tx, sa.update(partners).where(partners.c.id == partner_id).values(name="Parceiro"))
        await execute(tx, sa.select(sa.func.pg_sleep(0.2)))


@pytest.mark.parametrize("path", ["here/is/no/directory", "."])
async def test_a_database_out_of_reach_is_unavailable(tmp_path: Path, path: str) -> None:
    (tmp_path / "here").write_text("a file in the place of a directory")
    unreachable = Database(f"postgresql+asyncpg://postgres@/portal?host={tmp_path / path}")

    with pytest.raises(Unavailable, match="could not be read"):
        await unreachable.read(statements.exists_any)
    await unreachable.close()


async def test_a_file_of_sqlite_is_opened_as_it_has_to_be(databases: Databases) -> None:
    database = Database(databases.empty("sqlite"))

    async def pragmas(tx: Transaction) -> list[object]:
        return [await fetch_value(tx, sa.text(f"PRAGMA {name}")) for name in ("journal_mode", "foreign_keys")]

    assert await database.write(pragmas) == ["wal", 1]
    await database.close()


async def test_no_connection_makes_a_file_that_does_not_exist(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/portal.db")

    async def one(connection: Connection) -> object:
        return await fetch_value(connection, sa.text("SELECT 1"))

    async def bounded(connection: Connection) -> object:
        return await statements.by_ids(connection, ALL_PARTNERS, [1])

    for opening in (database.read(bounded), database.read(one), database.write(one)):
        with pytest.raises(Unavailable):
            await opening
    await database.close()

    assert names(tmp_path) == []


def names(folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir()]


@pytest.mark.parametrize("name", ["a ?mode=memory#x.db", "100%25.db", "é'\".db", "file:x.db"])
async def test_any_name_of_a_file_is_that_of_the_file(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    assert storage.create(str(file))

    url = sa.URL.create("sqlite+aiosqlite", database=str(file)).render_as_string()
    database = Database(url)
    async with writing(database) as tx:
        await execute(tx, sa.text("CREATE TABLE t (x)"))
    await database.close()

    assert names(tmp_path) == [name]
    assert not storage.create(str(file))
