"""A pooler that gives each transaction another session of PostgreSQL is used as one, or refused with a reason."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, ClassVar

import asyncpg  # type: ignore[import-untyped]  # It has no types.
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from db.engine import Connection, Database, Transaction, pooler, postgres_connection
from db.engine.deadline import Deadline, current
from db.engine.failures import PoolerFoundError
from db.engine.pooler import UnnamedStatements
from db.engine.statement import Statement
from db.migrations import migrate, revisions
from db.tables import partners
from domain.deadlines import ReadTimedOut
from domain.errors import Unavailable
from server import diagnosis
from server.settings import Settings
from tests import cnpjs
from tests.clusters import Cluster
from tests.eventually import eventually
from tests.factories import add_bare_partner
from tests.poolers import pgbouncer
from tests.units import compiled

SESSIONS = 3
NAMES: Statement[str] = Statement(sa.select(partners.c.name).where(partners.c.cnpj == sa.bindparam("wanted")), str)
NUMBERS: Statement[int] = Statement(sa.select(sa.func.generate_series(1, 1_200)), int)


@pytest.fixture
def pooled_url(cluster: Cluster) -> Iterator[str]:
    """URL of a PgBouncer in front of a migrated database, which says nothing of it."""
    with pgbouncer(cluster, sessions=SESSIONS) as url:
        yield url


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    database = Database(f"{url}&pooler=transaction")
    try:
        yield database
    finally:
        await database.close()


async def names(connection: Connection, cnpj: str) -> list[str]:
    return list(await connection.fetch(NAMES, {"wanted": cnpj}))


async def test_more_callers_than_sessions_read_and_write_at_once(pooled_url: str) -> None:
    async with opened(pooled_url) as database:

        async def write_and_read(cnpj: str) -> Sequence[str]:
            await database.write(partial(add_bare_partner, cnpj=cnpj))
            alone = await database.read(partial(names, cnpj=cnpj), alone=True)
            return [*alone, *await database.read(partial(names, cnpj=cnpj))]

        for _ in range(3):
            found = await asyncio.gather(*(write_and_read(cnpjs.another()) for _ in range(12)))

            assert found == [["Alfa", "Alfa"]] * 12


async def test_many_rows_are_scanned_and_inserted(pooled_url: str) -> None:
    got: list[int] = []

    async def scan(connection: Connection) -> None:
        await connection.scan(NUMBERS, {}, lambda rows: got.extend(row[0] for row in rows), may_block=lambda: False)

    async with opened(pooled_url) as database:
        await database.read_long(scan, seconds=60)

    assert got == list(range(1, 1_201))


@pytest.mark.parametrize("rows", [1, postgres_connection.BULK])
async def test_rows_are_inserted_however_many_they_are(pooled_url: str, rows: int) -> None:
    marked = cnpjs.another()
    table = sa.table("bulk_of_pooler", sa.column("mark", sa.Text), sa.column("number", sa.Integer))
    add = Statement(sa.insert(table), int, inserted=["mark", "number"])
    count: Statement[int] = Statement(
        sa.select(sa.func.count()).select_from(table).where(table.c.mark == sa.bindparam("wanted")), int
    )

    async def insert(tx: Transaction) -> list[int]:
        await tx.execute(compiled(sa.text("CREATE TABLE IF NOT EXISTS bulk_of_pooler (mark text, number int)")))
        await tx.execute_many(add, [{"mark": marked, "number": number} for number in range(rows)])
        found = list(await tx.fetch(count, {"wanted": marked}))
        # Others share the database, whose doctor knows no such table.
        await tx.execute(compiled(sa.text("DROP TABLE bulk_of_pooler")))
        return found

    async with opened(pooled_url) as database:
        assert await database.write(insert) == [rows]


async def test_a_read_ends_at_its_deadline_and_gives_the_session_back(pooled_url: str) -> None:
    endless = Statement(sa.select(sa.cast(sa.func.pg_sleep(600), sa.Text)), str)

    async def late(database: Database) -> None:
        current.set(Deadline(0.3))
        await database.read(lambda connection: connection.fetch(endless), alone=True)

    async with opened(pooled_url) as database:
        # More of them than there are sessions.
        found = await asyncio.gather(*(late(database) for _ in range(SESSIONS + 2)), return_exceptions=True)
        assert {type(each) for each in found} == {ReadTimedOut}

        assert await database.read(partial(names, cnpj=""), alone=True) == []

        async def nothing_is_in_use() -> bool:
            return database.usage() == (0, 0)

        await eventually(nothing_is_in_use)


async def test_a_database_is_migrated_through_the_pooler(pooled_url: str) -> None:
    migrate.upgrade(f"{pooled_url}&pooler=transaction")

    async with opened(pooled_url) as database:
        assert await revisions.can_serve(database)


async def test_events_are_looked_for_without_hints_of_other_processes(pooled_url: str) -> None:
    async with opened(pooled_url) as database:
        assert database.listener(lambda: None) is None


async def test_a_pooler_that_the_url_does_not_name_is_refused(
    pooled_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    database = Database(pooled_url)

    with pytest.raises(Unavailable) as raised:
        await database.read(partial(names, cnpj=""))
    with pytest.raises(Unavailable):
        await database.write(partial(add_bare_partner, cnpj=cnpjs.another()))

    assert "add pooler=transaction to DATABASE_URL" in caplog.text
    assert "add ?pooler=transaction" in str(diagnosis.trouble(raised.value, pooled_url))
    await database.close()


@pytest.mark.parametrize("method", ["fetch", "execute", "fetchmany", "executemany", "cursor"])
async def test_a_statement_is_prepared_anew_after_its_columns_changed(cluster: Cluster, method: str) -> None:
    assert cluster.url
    query = (
        "INSERT INTO altered VALUES ($1) RETURNING *" if method != "cursor" else "SELECT * FROM altered WHERE a = $1"
    )
    async with cluster.connected() as driver:
        unnamed = UnnamedStatements(driver)

        async def run(value: object) -> None:
            async with driver.transaction():
                await getattr(unnamed, method)(query, [(value,)] if method.endswith("many") else value)

        await driver.execute("CREATE TEMPORARY TABLE altered (a integer)")
        await run(1)
        await driver.execute("ALTER TABLE altered ALTER a TYPE text")
        with suppress(asyncpg.PostgresError, asyncpg.InterfaceError):
            await run(1)

        await run("b")


class Counted(asyncpg.Connection):  # type: ignore[misc]  # It has no types.
    """Connection of the driver that a test can find."""

    made: ClassVar[list["Counted"]] = []

    def __init__(self, *arguments: Any) -> None:  # noqa: ANN401 — the driver has no types.
        super().__init__(*arguments)
        self.made.append(self)


@pytest.fixture
def made() -> Iterator[list[Counted]]:
    """Connections that the test opens."""
    Counted.made.clear()
    yield Counted.made
    Counted.made.clear()


def arguments(text: str) -> dict[str, Any]:
    """Return the arguments of the driver for a URL."""
    url = make_url(text)
    return {"host": url.query["host"], "port": url.query["port"], "user": url.username, "database": url.database}


@pytest.fixture
async def busy(cluster: Cluster) -> AsyncIterator[dict[str, Any]]:
    """How to connect to a pooler whose only session another caller has."""
    with pgbouncer(cluster, sessions=1) as text:
        to = arguments(text)
        other = await asyncpg.connect(**to)
        await other.execute("BEGIN")
        yield to | {"connection_class": Counted}
        other.terminate()


async def test_a_connection_whose_check_is_not_answered_is_closed(busy: dict[str, Any], made: list[Counted]) -> None:
    with pytest.raises(TimeoutError):
        await pooler.connect(**busy, timeout=1)

    assert all(each.is_closed() for each in made)


async def test_a_connection_whose_check_is_cancelled_is_closed(busy: dict[str, Any], made: list[Counted]) -> None:
    async def is_made() -> bool:
        return bool(made)

    connecting = asyncio.create_task(pooler.connect(**busy, timeout=60))
    await eventually(is_made)
    connecting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await connecting

    assert [each.is_closed() for each in made] == [True]


async def test_a_pooler_is_found_by_the_statement_of_another_caller(cluster: Cluster, made: list[Counted]) -> None:
    with pgbouncer(cluster, sessions=1) as text:
        to = arguments(text)
        other = await asyncpg.connect(**to)
        # The driver numbers its statements in a process.
        last = (await other.prepare("SELECT 1")).get_name()
        prefix, number = last.removesuffix("__").rsplit("_", 1)
        following = [f"{prefix}_{int(number, 16) + after:x}__" for after in range(1, 20)]
        await other.execute("".join(f"PREPARE {name} AS SELECT 1;" for name in following))

        with pytest.raises(PoolerFoundError):
            await pooler.connect(**to, connection_class=Counted)

        assert [each.is_closed() for each in made] == [True]
        other.terminate()


def test_only_a_pooler_of_transactions_can_be_named() -> None:
    assert "pooler=transaction" in Settings(database_url="postgresql://db/portal?pooler=transaction").database_url
    with pytest.raises(ValueError, match="pooler"):
        Settings(database_url="postgresql://db/portal?pooler=session")
