"""Health checks."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from db.engine import Database, Transaction
from db.tables import metadata
from domain.faults import Unavailable
from resolvers.portal import Portal
from server.app import create_app
from server.settings import Settings
from tests import cnpjs
from tests.databases import Databases
from tests.factories import add_bare_partner
from tests.units import execute, writing


@asynccontextmanager
async def serving(database: Database, settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(Portal(database, b"s" * 32), settings)
    transport = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://p") as http:
        yield http


async def test_a_process_that_answers_is_alive(http: httpx.AsyncClient) -> None:
    answer = await http.get("/healthz")

    assert (answer.status_code, answer.json()) == (HTTPStatus.OK, {"status": "ok"})


async def test_a_portal_on_a_migrated_database_is_ready(http: httpx.AsyncClient) -> None:
    answer = await http.get("/readyz")

    assert (answer.status_code, answer.json()) == (HTTPStatus.OK, {"status": "ok"})


async def test_a_portal_on_an_empty_database_is_not_ready(
    engine: str, databases: Databases, settings: Settings
) -> None:
    async with serving(Database(databases.empty(engine)), settings) as http:
        answer = await http.get("/readyz")

    assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert answer.json() == {"status": "unavailable", "failed": "migrations"}


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+asyncpg://portal@127.0.0.1:1/portal",
        "postgresql+asyncpg://portal@/portal?host=/nowhere",
        "sqlite+aiosqlite:///{directory}/a-directory",
    ],
)
async def test_a_portal_without_its_database_is_alive_and_not_ready(
    url: str, tmp_path: Path, settings: Settings
) -> None:
    (tmp_path / "a-directory").mkdir()

    async with serving(Database(url.format(directory=tmp_path)), settings) as http:
        ready, alive = await http.get("/readyz"), await http.get("/healthz")

    assert ready.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert ready.json() == {"status": "unavailable", "failed": "database"}
    assert alive.status_code == HTTPStatus.OK


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
async def test_a_portal_is_ready_once_a_full_disk_takes_writes_again(
    engine: str, databases: Databases, settings: Settings
) -> None:
    url = databases.migrated(engine)
    database = Database(url)

    async def register(tx: Transaction) -> None:
        await add_bare_partner(tx, cnpjs.another())

    async with serving(database, settings) as http:
        statuses = [(await http.get("/readyz")).status_code]
        await fill(url)
        with pytest.raises(Unavailable):
            await database.write(register)
        full = await http.get("/readyz")
        await clear(url)
        statuses.append((await http.get("/readyz")).status_code)
        await database.write(register)

    assert (full.status_code, full.json()) == (503, {"status": "unavailable", "failed": "writes"})
    assert statuses == [200, 200]


async def fill(url: str) -> None:
    """Let each insert fail as on a full disk."""
    await run(
        url,
        "CREATE FUNCTION disk_is_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE SQLSTATE '53100'; END $$",
    )
    for table in metadata.tables:
        await run(url, f"CREATE TRIGGER disk_is_full BEFORE INSERT ON {table} EXECUTE FUNCTION disk_is_full()")


async def clear(url: str) -> None:
    await run(url, "DROP FUNCTION disk_is_full() CASCADE")


async def run(url: str, statement: str) -> None:
    database = Database(url)
    async with writing(database) as tx:
        await execute(tx, sa.text(statement))
    await database.close()


async def test_a_database_missing_on_its_server_is_unreachable(databases: Databases, settings: Settings) -> None:
    url = databases.empty("postgresql").replace("/portal_", "/missing_")

    async with serving(Database(url), settings) as http:
        answer = await http.get("/readyz")

    assert answer.json() == {"status": "unavailable", "failed": "database"}


async def test_a_token_can_not_be_checked_without_the_database(settings: Settings) -> None:
    async with serving(Database("postgresql+asyncpg://portal@127.0.0.1:1/portal"), settings) as http:
        headers = {"Authorization": "Bearer ppt_any"}
        answer = await http.post("/graphql", json={"query": "{ viewer { role } }"}, headers=headers)

    assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
    assert answer.headers["retry-after"] == "1"
