"""Connections for reading and transactions for writing."""

from asyncio import gather
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError

from db import access
from db.engine import Connection, Database, Transaction, failures, storage
from db.tables import partners
from domain.faults import Unavailable
from tests import cnpjs
from tests.databases import Databases
from tests.db.rows import a_partner


async def exists(database: Database, partner_id: int) -> bool:
    async with database.read() as connection:
        return partner_id in await access.partners_by_ids(connection, [partner_id])


async def test_what_a_transaction_wrote_is_there_when_it_ends(database: Database) -> None:
    async with database.write() as tx:
        partner_id = await a_partner(tx)

    assert await exists(database, partner_id)


async def test_a_transaction_that_fails_leaves_nothing_behind(database: Database) -> None:
    async def fail() -> None:
        async with database.write() as tx:
            made.append(await a_partner(tx))
            raise LookupError

    made: list[int] = []
    with pytest.raises(LookupError):
        await fail()

    assert not await exists(database, made[0])


async def test_readers_see_nothing_of_an_open_transaction_and_do_not_wait_for_it(database: Database) -> None:
    async with database.write() as tx:
        partner_id = await a_partner(tx)

        assert not await exists(database, partner_id)


async def test_transactions_that_read_and_then_write_wait_for_each_other(database: Database) -> None:
    async with database.write() as tx:
        partner_id = await a_partner(tx)

    async def lengthen() -> None:
        async with database.write() as tx:
            mine = partners.c.id == partner_id
            name = await tx.scalar(sa.select(partners.c.name).where(mine).with_for_update())
            await tx.execute(sa.update(partners).where(mine).values(name=f"{name}!"))

    await gather(*(lengthen() for _ in range(20)))

    async with database.read() as connection:
        found = await access.partners_by_ids(connection, [partner_id])
    assert found[partner_id].name.endswith("!" * 20)


async def test_a_broken_constraint_is_not_taken_for_a_busy_database(database: Database) -> None:
    async def twice(number: str) -> None:
        async with database.write() as tx:
            await tx.execute(sa.insert(partners), [{"name": "Parceiro", "cnpj": number}] * 2)

    with pytest.raises(IntegrityError) as raised:
        await twice(cnpjs.another())

    assert failures.kind_of(raised.value) is None


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_a_reading_connection_of_sqlite_can_not_write(database: Database) -> None:
    async with database.read() as connection:
        with pytest.raises(DBAPIError, match="readonly"):
            await connection.execute(sa.insert(partners).values(name="Parceiro", cnpj=cnpjs.another()))


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
async def test_a_transaction_of_postgresql_that_loses_against_another_one_is_unavailable(database: Database) -> None:
    async with database.write() as tx:
        ids = [await a_partner(tx) for _ in range(2)]

    async def lock(first: int, second: int) -> None:
        async with database.write() as tx:
            await crosswise(tx, first, second)

    outcomes = await gather(lock(*ids), lock(*reversed(ids)), return_exceptions=True)

    assert {type(outcome) for outcome in outcomes} == {type(None), Unavailable}


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
async def test_a_unit_of_postgresql_that_loses_against_another_one_runs_again(database: Database) -> None:
    async with database.write() as tx:
        ids = [await a_partner(tx) for _ in range(2)]

    await gather(
        database.transact(lambda tx: crosswise(tx, *ids)), database.transact(lambda tx: crosswise(tx, *reversed(ids)))
    )


async def crosswise(tx: Transaction, *partner_ids: int) -> None:
    """Lock partners in this order, slowly."""
    for partner_id in partner_ids:
        await tx.execute(sa.update(partners).where(partners.c.id == partner_id).values(name="Parceiro"))
        await tx.execute(sa.select(sa.func.pg_sleep(0.2)))


@pytest.mark.parametrize("path", ["here/is/no/directory", "."])
async def test_a_database_out_of_reach_is_unavailable(tmp_path: Path, path: str) -> None:
    (tmp_path / "here").write_text("a file stands where a directory would have to be")
    unreachable = Database(f"postgresql+asyncpg://postgres@/portal?host={tmp_path / path}")

    with pytest.raises(Unavailable, match="could not be read"):
        async with unreachable.read():
            pass
    await unreachable.close()


async def test_a_file_of_sqlite_is_opened_as_it_has_to_be(databases: Databases) -> None:
    database = Database(databases.empty("sqlite"))

    async with database.write() as tx:
        assert await tx.scalar(sa.text("PRAGMA journal_mode")) == "wal"
        assert await tx.scalar(sa.text("PRAGMA foreign_keys")) == 1
    await database.close()


async def test_no_connection_makes_a_file_that_does_not_exist(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/portal.db")

    async def one(connection: Connection) -> object:
        return await connection.scalar(sa.text("SELECT 1"))

    for opening in (_lent(database.read), _lent(database.write), database.query(one), database.transact(one)):
        with pytest.raises(Unavailable):
            await opening
    with pytest.raises(Unavailable):
        database.query_here(one)
    await database.close()

    assert names(tmp_path) == []


def names(folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir()]


async def _lent(lend: Callable[[], AbstractAsyncContextManager[object]]) -> None:
    async with lend():
        pass


@pytest.mark.parametrize("name", ["a ?mode=memory#x.db", "100%25.db", "é'\".db", "file:x.db"])
async def test_any_name_of_a_file_is_that_of_the_file(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    assert storage.create(str(file))

    url = sa.URL.create("sqlite+aiosqlite", database=str(file)).render_as_string()
    database = Database(url)
    async with database.write() as tx:
        await tx.execute(sa.text("CREATE TABLE t (x)"))
    await database.close()

    assert names(tmp_path) == [name]
    assert not storage.create(str(file))
