"""Both engines run statements alike, and reads in place if an index bounds them."""

from threading import get_ident

import pytest
import sqlalchemy as sa

from db import partners as statements
from db.engine import Connection, Database, Pending, Transaction, one, returned
from db.engine.filters import one_each, upsert, value, values_of
from db.engine.sqlite_inline import ROWS_MAX
from db.engine.statement import Statement
from db.engine.statement_count import tally
from db.tables import partners
from domain.tenancy import ALL_PARTNERS
from tests import cnpjs

PUT = upsert(
    partners,
    lambda insert: insert.on_conflict_do_nothing(index_elements=["cnpj"]).returning(partners.c.name),
    value,
    inserted=["cnpj", "name"],
)
RENAME = Statement(
    sa.update(partners).where(partners.c.cnpj == sa.bindparam("number")).values(name=sa.bindparam("new")), values_of
)
UNBOUNDED: Statement[int] = Statement(sa.select(sa.func.count()).select_from(partners), value)
BY_IDS: Statement[int] = Statement(sa.select(sa.literal(1)).where(sa.false()), value, reads=one_each("ids"))

only_on_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


async def test_a_statement_says_how_many_rows_it_wrote(database: Database) -> None:
    number = cnpjs.another()

    async def rename(tx: Transaction) -> list[int]:
        before = await tx.execute(RENAME, {"number": number, "new": "Beta"})
        await tx.execute(PUT, {"cnpj": number, "name": "Alfa"})
        return [before, await tx.execute(RENAME, {"number": number, "new": "Beta"})]

    assert await database.write(rename) == [0, 1]


async def test_a_statement_for_many_rows_of_values_returns_rows_in_their_order(database: Database) -> None:
    first, second = cnpjs.another(), cnpjs.another()
    lines = [{"cnpj": first, "name": "A"}, {"cnpj": first, "name": "B"}, {"cnpj": second, "name": "C"}]

    async def put(tx: Transaction) -> list[list[str]]:
        return [list(await tx.execute_many(PUT, [])), list(await tx.execute_many(PUT, lines))]

    assert await database.write(put) == [[], ["A", "C"]]


async def test_no_row_is_none_and_more_than_one_are_an_error(database: Database) -> None:
    none = Statement(sa.select(sa.literal(1)).where(sa.false()), int)
    two = Statement(sa.union_all(sa.select(sa.literal(1)), sa.select(sa.literal(2))).subquery().select(), int)

    assert await database.read(lambda connection: one(connection, none)) is None
    with pytest.raises(ValueError, match="not enough values"):
        await database.read(lambda connection: returned(connection, none))
    with pytest.raises(ValueError, match="too many values"):
        await database.read(lambda connection: one(connection, two))


@only_on_sqlite
async def test_what_an_index_bounds_is_read_in_place(database: Database) -> None:
    async def thread(connection: Connection) -> int:
        await statements.by_ids(connection, ALL_PARTNERS, [1])
        return get_ident()

    assert database.read_now(thread) == get_ident()
    assert await database.read(thread) == get_ident()


@only_on_sqlite
@pytest.mark.parametrize("rows", [ROWS_MAX, ROWS_MAX + 1])
async def test_more_rows_than_take_a_moment_are_read_in_a_thread(database: Database, rows: int) -> None:
    async def thread(connection: Connection) -> int:
        await connection.fetch(BY_IDS, {"ids": range(rows)})
        return get_ident()

    assert (await database.read(thread) == get_ident()) is (rows == ROWS_MAX)


@only_on_sqlite
async def test_one_statement_for_a_thread_has_the_whole_unit_read_there(database: Database) -> None:
    counted: list[int] = []
    tally.set(counted)

    async def threads(connection: Connection) -> list[int]:
        await statements.by_ids(connection, ALL_PARTNERS, [1])
        before = get_ident()
        await connection.fetch(UNBOUNDED)
        return [before, get_ident()]

    (before, after) = await database.read(threads)

    assert before == after != get_ident()
    assert counted == [2]


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
async def test_postgresql_reads_nothing_in_place(database: Database) -> None:
    found = database.read_now(lambda connection: statements.by_ids(connection, ALL_PARTNERS, [0]))

    assert isinstance(found, Pending)
    assert await found == {}
