"""Units of work on PostgreSQL: a transaction of the driver's, in which SQLAlchemy's statements run too."""

import asyncio

import pytest
import sqlalchemy as sa

from db.engine import Connection, Database, Transaction, postgres_connection
from db.engine.pool_sizes import PoolSizes
from db.engine.statement import Statement
from db.tables import partners
from domain.errors import Unavailable
from domain.partners import PartnerStatus
from tests import cnpjs
from tests.databases import Databases
from tests.db.engine.partners import call_for
from tests.db.test_statements import DIALECTS
from tests.factories import NOON, add_bare_partner
from tests.units import execute, fetch_all, fetch_value

NAMES: Statement[str] = Statement(sa.select(partners.c.name).where(partners.c.cnpj == sa.bindparam("wanted")), str)


@pytest.fixture
async def postgresql(databases: Databases) -> Database:
    """A database of this test's own."""
    return Database(databases.migrated("postgresql"))


async def names(connection: Connection, cnpj: str) -> list[str]:
    return list(await connection.fetch(NAMES, {"wanted": cnpj}))


async def test_both_ways_to_run_a_statement_are_in_one_transaction(postgresql: Database) -> None:
    cnpj = cnpjs.another()

    async def write(tx: Transaction) -> list[str]:
        await add_bare_partner(tx, cnpj)
        return await names(tx, cnpj)

    async def fail(tx: Transaction) -> None:
        await execute(tx, sa.delete(partners).where(partners.c.cnpj == cnpj))
        assert await names(tx, cnpj) == []
        raise LookupError(cnpj)

    assert await postgresql.write(write) == ["Alfa"]
    with pytest.raises(LookupError):
        await postgresql.write(fail)

    assert await postgresql.read(lambda connection: names(connection, cnpj)) == ["Alfa"]
    await postgresql.close()


async def test_a_unit_reads_what_was_there_when_it_began(postgresql: Database) -> None:
    cnpj = cnpjs.another()
    read, written = asyncio.Event(), asyncio.Event()

    async def twice(connection: Connection) -> list[list[str]]:
        before = await names(connection, cnpj)
        read.set()
        await written.wait()
        return [before, await names(connection, cnpj)]

    reading = asyncio.create_task(postgresql.read(twice))
    await read.wait()
    await postgresql.write(lambda tx: add_bare_partner(tx, cnpj))
    written.set()

    assert await reading == [[], []]
    assert await postgresql.read(lambda connection: names(connection, cnpj)) == ["Alfa"]
    await postgresql.close()


async def test_a_unit_that_reads_can_not_write(postgresql: Database) -> None:
    with pytest.raises(sa.exc.DBAPIError, match="read-only"):
        await postgresql.read(lambda connection: add_bare_partner(connection, cnpjs.another()))
    await postgresql.close()


@pytest.mark.parametrize("rows", [12, postgres_connection.BULK])
async def test_many_rows_are_inserted_with_their_values_in_order(postgresql: Database, rows: int) -> None:
    columns = [
        partners.c.name,
        partners.c.cnpj,
        partners.c.status,
        partners.c.suspended_at,
        partners.c.suspension_reason,
    ]
    add = Statement(sa.insert(partners), int, inserted=["name_folded", *(column.name for column in columns)])
    lines = [
        {
            "name": f"“Alfa”, {{{number}}}\\",
            "name_folded": "many",
            "cnpj": cnpjs.another(),
            "status": PartnerStatus.SUSPENDED if number % 2 else PartnerStatus.ACTIVE,
            "suspended_at": NOON if number % 2 else None,
            "suspension_reason": '{"inadimplência", NULL}' if number % 2 else None,
        }
        for number in range(rows)
    ]
    found = sa.select(*columns).where(partners.c.name_folded == "many").order_by(partners.c.id)

    await postgresql.write(lambda tx: tx.execute_many(add, lines))

    assert add.compiled(DIALECTS["postgresql"]).of_arrays is not None
    there = await postgresql.read(lambda connection: fetch_all(connection, found))
    assert [tuple(row) for row in there] == [tuple(line[column.name] for column in columns) for line in lines]
    await postgresql.close()


async def test_a_connection_that_breaks_is_reported_as_unavailable_and_replaced(postgresql: Database) -> None:
    async def break_off(connection: Connection) -> None:
        mine = await fetch_value(connection, sa.text("SELECT pg_backend_pid()"))
        await postgresql.write(lambda other: fetch_value(other, sa.select(sa.func.pg_terminate_backend(mine))))
        await names(connection, "")

    with pytest.raises(Unavailable):
        await postgresql.read(break_off)

    assert await postgresql.read(lambda connection: names(connection, "")) == []
    await postgresql.close()


async def test_a_statement_that_the_driver_refuses_is_sqlalchemys_error(postgresql: Database) -> None:
    nonsense: Statement[int] = Statement(sa.select(sa.literal_column("1 / 0")), int)

    with pytest.raises(sa.exc.DBAPIError, match="division by zero"):
        await postgresql.read(lambda connection: connection.fetch(nonsense, {}))
    await postgresql.close()


async def test_a_small_pool_keeps_a_place_for_callers_without_partner(databases: Databases) -> None:
    database = Database(databases.migrated("postgresql"), seconds=20, sizes=PoolSizes(reading=4))
    begun, free = asyncio.Event(), asyncio.Event()

    async def hold(connection: Connection) -> None:
        await names(connection, "")
        begun.set()
        await free.wait()

    async def hold_for(partner: str) -> None:
        call_for(partner)
        await database.read(hold)

    holding = [asyncio.create_task(hold_for(partner)) for partner in ("a", "b")]
    await begun.wait()

    assert await database.read(lambda connection: names(connection, "")) == []
    free.set()
    await asyncio.gather(*holding)
    await database.close()
