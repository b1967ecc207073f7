"""Indexes that a step declares for large tables: built while others write, once, and anew after a crash."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg  # type: ignore[import-untyped]  # It has no types.
import pytest
import sqlalchemy as sa
from asyncpg.transaction import Transaction  # type: ignore[import-untyped]  # The same.
from sqlalchemy.exc import DBAPIError

from db.migrations import concurrent, migrate
from db.migrations.concurrent import Index, Part
from tests.databases import Databases
from tests.db.next_version import BEFORE, EXPANDED, INDEXES, LAST, next_version
from tests.db.plain_sql import look, write
from tests.eventually import eventually

ON_POSTGRESQL = pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
NAMES = {index.name for index in INDEXES}

PARTNER = "INSERT INTO partners (name, cnpj) VALUES ('Alfa', '1')"
AT = "2026-07-01T12:00:00.000000Z"
CLIENT = f"""INSERT INTO clients (partner_id, name_folded, trade_name_folded, city_folded, status, registered_at,
    updated_at) VALUES (1, '', '', '', 'CANCELLED', '{AT}', '{AT}')"""  # noqa: S608 — our own.
BUILDING = """SELECT pid FROM pg_stat_progress_create_index
    WHERE datname = current_database() AND phase LIKE 'waiting for %'"""
VALID = "SELECT relname FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid WHERE indisvalid AND relname = ANY($1)"


class Writer:
    """Session whose transaction has written a client, and stays open."""

    def __init__(self, connection: asyncpg.Connection, held: Transaction, observer: asyncpg.Connection) -> None:
        self._connection, self._held, self._observer = connection, held, observer

    async def builder(self) -> int:
        """Return the process of the server that builds an index, when it waits for the transaction."""
        await eventually(self._is_waited_for)
        process: int = await self._observer.fetchval(BUILDING)
        return process

    async def end(self) -> None:
        """Commit."""
        await self._held.commit()

    async def valid(self) -> set[str]:
        """Return the names of the indexes that are valid."""
        return {name for (name,) in await self._observer.fetch(VALID, list(NAMES))}

    async def end_process(self, process: int) -> None:
        """End a session of the server, as a crash does."""
        await self._observer.execute("SELECT pg_terminate_backend($1, 60000)", process)

    async def _is_waited_for(self) -> bool:
        return await self._observer.fetchval(BUILDING) is not None


@pytest.fixture
async def expanded(engine: str, databases: Databases) -> str:
    """URL of a database before the next version adds its indexes."""
    url = databases.migrated(engine)
    with next_version():
        migrate.upgrade(url, to=EXPANDED)
    await write(url, PARTNER)
    return url


@pytest.fixture
async def writer(expanded: str) -> AsyncIterator[Writer]:
    """Session that writes clients all the time."""
    address = sa.make_url(expanded).set(drivername="postgresql").render_as_string(hide_password=False)
    connection, observer = await asyncpg.connect(address), await asyncpg.connect(address)
    held = connection.transaction()
    await held.start()
    await connection.execute(CLIENT)
    yield Writer(connection, held, observer)
    await connection.close()
    await observer.close()


async def revision(url: str) -> str:
    version = sa.text("SELECT version_num FROM alembic_version")
    return str(await look(url, lambda sync: sync.scalar(version)))


@ON_POSTGRESQL
async def test_others_write_while_an_index_is_built(expanded: str, writer: Writer) -> None:
    with next_version():
        migration = asyncio.create_task(asyncio.to_thread(migrate.upgrade, expanded))
        await writer.builder()

        await write(expanded, CLIENT, "UPDATE clients SET segment = 'A'")
        was_done = migration.done()
        await writer.end()
        await migration

    assert not was_done
    assert await writer.valid() == NAMES
    assert await revision(expanded) == LAST


@ON_POSTGRESQL
async def test_an_index_whose_build_was_cut_off_is_built_anew(expanded: str, writer: Writer) -> None:
    with next_version():
        migration = asyncio.create_task(asyncio.to_thread(migrate.upgrade, expanded))
        await writer.end_process(await writer.builder())
        with pytest.raises(DBAPIError):
            await migration
        left = await writer.valid(), await revision(expanded)
        await writer.end()

        migrate.upgrade(expanded)

    assert left == (set(), EXPANDED)
    assert await writer.valid() == NAMES
    assert await revision(expanded) == LAST


@ON_POSTGRESQL
async def test_two_migrations_at_once_build_each_index_once(expanded: str, writer: Writer) -> None:
    with next_version():
        both = [asyncio.create_task(asyncio.to_thread(migrate.upgrade, expanded)) for _ in range(2)]
        await writer.builder()
        await writer.end()
        await asyncio.gather(*both)

    assert await writer.valid() == NAMES
    assert await revision(expanded) == LAST


@pytest.mark.parametrize("begins", ["", BEFORE, EXPANDED])
async def test_the_indexes_are_made_on_each_engine(engine: str, databases: Databases, begins: str) -> None:
    url = databases.migrated(engine) if begins else databases.empty(engine)
    with next_version():
        if begins == EXPANDED:
            migrate.upgrade(url, to=EXPANDED)

        migrate.upgrade(url)

    found = await look(url, lambda sync: sa.inspect(sync).get_indexes("clients"))
    made = {index["name"]: index["column_names"] for index in found if index["name"] in NAMES}
    assert made == {index.name: list(index.columns) for index in INDEXES}
    assert await revision(url) == LAST
    with next_version():
        migrate.upgrade(url)


ONE, OTHER = (Index(name, "clients", ("id",)) for name in ("one", "other"))


@pytest.mark.parametrize(
    ("steps", "parts"),
    [
        ([], []),
        (["1", "2"], [Part((), "2")]),
        (["3"], [Part((ONE,), "3")]),
        (["1", "2", "3", "4", "5"], [Part((), "2"), Part((ONE,), "4"), Part((OTHER,), "5")]),
    ],
)
def test_a_transaction_begins_with_each_step_that_has_indexes(steps: list[str], parts: list[Part]) -> None:
    assert concurrent.parts(steps, {"3": (ONE,), "5": (OTHER,)}) == parts
