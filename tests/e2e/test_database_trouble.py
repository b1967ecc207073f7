"""The real server under load while its database restarts, is demoted, has a full disk, is moved, or is copied."""

import asyncio
import os
import shutil
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from time import monotonic
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sa

from db.engine import Database
from db.migrations import migrate
from db.tables import clients
from resolvers.portal import Portal
from tests import cnpjs
from tests.api import Json
from tests.clusters import Cluster
from tests.disks import no_longer_files
from tests.e2e.processes import Server, portal, serving
from tests.factories import new_caller, new_partner
from tests.units import fetch_values, reading

CALLERS = 8
RECOVERY_SECONDS = 2

QUERY = "{ viewer { partner { name } } clients(first: 5) { nodes { name } } }"
REGISTER = """mutation ($input: RegisterClientInput!) {
    registerClient(input: $input) { client { id } userErrors { code } } }"""


@dataclass
class Load:
    """Callers that read and write continuously, with the outcome of each request."""

    http: httpx.AsyncClient
    database: Database
    partner_id: int
    done: set[str] = field(default_factory=set)
    unchanged: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    failures: list[httpx.Response] = field(default_factory=list)
    answered_at: dict[int, float] = field(default_factory=dict)
    stopped: bool = False

    async def call(self, number: int) -> None:
        """Register a client and read, repeatedly."""
        while not self.stopped:
            cnpj = cnpjs.another()
            error = await self.ask(REGISTER, input={"cnpj": cnpj, "name": "Padaria", "idempotencyKey": cnpj})
            if error is None:
                self.done.add(cnpj)
                self.answered_at[number] = monotonic()
            else:
                unknown = error["extensions"].get("outcome") == "UNKNOWN"
                is_unread = "a consulta não pôde ser feita" in error["message"]
                (self.unknown if unknown or is_unread else self.unchanged).add(cnpj)
            await self.ask(QUERY)
            await asyncio.sleep(0)

    async def ask(self, query: str, **variables: object) -> Json:
        """Return the first error of an answer; None if it has none."""
        answer = await self.http.post("/graphql", json={"query": query, "variables": variables})
        if not (errors := answer.json().get("errors")):
            return None
        self.failures.append(answer)
        return errors[0]

    async def stored(self) -> set[str]:
        """Return the CNPJs of the partner's clients in the database."""
        statement = sa.select(clients.c.cnpj).where(clients.c.partner_id == self.partner_id)
        async with reading(self.database) as connection:
            return set(await fetch_values(connection, statement))

    async def run(self, trouble: Callable[[], Awaitable[float]]) -> None:
        """Cause the trouble under load, and check that all callers succeed soon after it ends."""
        callers = [asyncio.create_task(self.call(number)) for number in range(CALLERS)]
        await self.each_answered_since(monotonic())
        over_at = await trouble()
        async with asyncio.timeout_at(asyncio.get_running_loop().time() + RECOVERY_SECONDS):
            await self.each_answered_since(over_at)
        self.stopped = True
        await asyncio.gather(*callers)

    async def each_answered_since(self, moment: float) -> None:
        """Wait until each caller has registered a client after that time."""
        while len([at for at in self.answered_at.values() if at > moment]) < CALLERS:  # noqa: ASYNC110 — it polls anyway.
            await asyncio.sleep(0.01)

    async def check(self) -> None:
        """Check that each answer was true, and that a retry with the same key makes each missing change once."""
        assert self.failures != []
        assert {code for answer in self.failures for code in codes(answer)} == {"UNAVAILABLE"}
        assert {answer.headers.get("retry-after") for answer in self.failures} == {"1"}
        assert {answer.status_code for answer in self.failures} <= {HTTPStatus.OK, HTTPStatus.SERVICE_UNAVAILABLE}
        stored = await self.stored()
        assert self.done - stored == set()
        assert self.unchanged & stored == set()
        for cnpj in self.unchanged | self.unknown:
            given = {"cnpj": cnpj, "name": "Padaria", "idempotencyKey": cnpj}
            assert await self.ask(REGISTER, input=given) is None
        assert await self.stored() == self.done | self.unchanged | self.unknown


def codes(answer: httpx.Response) -> list[str]:
    return [error["extensions"]["code"] for error in answer.json()["errors"]]


@contextmanager
def serving_on(url: str, tmp_path: Path) -> Iterator[tuple[str, Server]]:
    """Yield a server of a portal with only the test's data."""
    given = {"DATABASE_URL": url.replace("+asyncpg", "").replace("+aiosqlite", ""), "SECRET_KEY": uuid4().hex}
    with serving({**os.environ, "DEMO": "false", **given}, tmp_path / "log") as served:
        yield served


@asynccontextmanager
async def load(server: str, url: str) -> AsyncIterator[Load]:
    database = Database(url)
    portal = Portal(database, b"s" * 32)
    headers = {"Accept": "application/graphql-response+json"}
    limits = httpx.Limits(max_connections=CALLERS)
    async with httpx.AsyncClient(base_url=server, headers=headers, limits=limits, timeout=60) as http:
        partner_id = await new_partner(portal)
        caller = await new_caller(http, portal, partner_id)
        http.headers["Authorization"] = f"Bearer {caller.token}"
        yield Load(http, database, partner_id)
    await database.close()


@pytest.fixture(scope="module")
def server(own_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of one server for all tests: it needs no restart."""
    with serving_on(own_cluster.url, tmp_path_factory.mktemp("server")) as (server, _):
        yield server


@pytest.mark.parametrize("mode", ["fast", "immediate"])
async def test_a_restart_of_postgresql_loses_nothing_that_was_acknowledged(
    cluster: Cluster, server: str, mode: str
) -> None:
    async def restart() -> float:
        await asyncio.to_thread(cluster.stop, mode)
        away = await under_load.http.get("/readyz")
        await asyncio.to_thread(cluster.start)
        assert away.json() == {"status": "unavailable", "failed": "database"}
        return monotonic()

    async with load(server, cluster.url) as under_load:
        await under_load.run(restart)
        await under_load.check()


async def test_a_demotion_of_postgresql_stops_writes_until_it_is_promoted(cluster: Cluster, server: str) -> None:
    async def demote() -> float:
        await asyncio.to_thread(cluster.demote)
        ready, read, written = (
            await under_load.http.get("/readyz"),
            await under_load.ask(QUERY),
            await under_load.ask(REGISTER, input={"cnpj": cnpjs.another(), "name": "Padaria"}),
        )
        await asyncio.to_thread(cluster.promote)
        assert (ready.status_code, ready.json()["failed"]) == (HTTPStatus.SERVICE_UNAVAILABLE, "writes")
        assert read is None
        assert written["extensions"] == {"code": "UNAVAILABLE"}
        return monotonic()

    async with load(server, cluster.url) as under_load:
        await under_load.run(demote)
        await under_load.check()


async def test_a_disk_that_is_full_for_a_while_loses_no_acknowledged_write(tmp_path: Path) -> None:
    file = tmp_path / "portal.db"
    url = f"sqlite+aiosqlite:///{file}"
    migrate.upgrade(url)

    async def fill() -> float:
        failed = len(under_load.failures)
        with no_longer_files(file.with_name("portal.db-wal").stat().st_size, pid=process.pid):
            while len(under_load.failures) < failed + 3 * CALLERS:  # noqa: ASYNC110 — it polls anyway.
                await asyncio.sleep(0.01)
            full, read = await under_load.http.get("/readyz"), await under_load.ask(QUERY)
        assert (full.status_code, full.json()["failed"]) == (HTTPStatus.SERVICE_UNAVAILABLE, "writes")
        assert read is None
        return monotonic()

    with serving_on(url, tmp_path) as (server, process):
        async with load(server, url) as under_load:
            await under_load.run(fill)
            await under_load.check()
            ready = await under_load.http.get("/readyz")

    assert ready.status_code == HTTPStatus.OK


@pytest.mark.parametrize("has_other", [False, True], ids=["nothing", "another program's"])
async def test_a_file_that_is_moved_for_a_while_loses_no_acknowledged_write(tmp_path: Path, has_other: bool) -> None:  # noqa: FBT001 — pytest gives it.
    file = tmp_path / "portal.db"
    url = f"sqlite+aiosqlite:///{file}"
    migrate.upgrade(url)
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE notes (text TEXT)")

    async def move() -> float:
        failed = len(under_load.failures)
        shutil.move(file, tmp_path / "moved.db")
        if has_other:
            shutil.move(tmp_path / "other.db", file)
        while len(under_load.failures) < failed + 3 * CALLERS:  # noqa: ASYNC110 — it polls anyway.
            await asyncio.sleep(0.01)
        away = await under_load.http.get("/readyz")
        shutil.move(tmp_path / "moved.db", file)
        assert (away.status_code, away.json()["failed"]) == (HTTPStatus.SERVICE_UNAVAILABLE, "database")
        return monotonic()

    with serving_on(url, tmp_path) as (server, _):
        async with load(server, url) as under_load:
            await under_load.run(move)
            await under_load.check()
            ready = await under_load.http.get("/readyz")

    assert ready.status_code == HTTPStatus.OK


async def test_a_backup_under_load_has_every_write_that_was_acknowledged_before(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/portal.db"
    migrate.upgrade(url)
    environment = {**os.environ, "DATABASE_URL": url, "SECRET_KEY": uuid4().hex}

    async def back_up() -> float:
        for number in range(2):
            before = set(under_load.done)
            await asyncio.to_thread(portal, environment, "backup", f"{tmp_path}/{number}.db")
            with closing(sqlite3.connect(tmp_path / f"{number}.db")) as copy:
                assert before <= {cnpj for (cnpj,) in copy.execute("SELECT cnpj FROM clients")}
        with pytest.raises(subprocess.CalledProcessError):
            await asyncio.to_thread(portal, environment, "restore", f"{tmp_path}/0.db", "--replace")
        return monotonic()

    with serving_on(url, tmp_path) as (server, _):
        async with load(server, url) as under_load:
            await under_load.run(back_up)

            assert under_load.failures == []
            assert await under_load.stored() == under_load.done
