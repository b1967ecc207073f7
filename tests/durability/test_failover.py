"""The real server under load while the primary of two PostgreSQL servers changes or dies."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from time import monotonic

import httpx
import pytest

from db.engine import Database
from resolvers.portal import Portal
from server.app import create_app
from server.settings import Settings
from tests import cnpjs
from tests.api import Api
from tests.e2e.load import REGISTER, load, serving_on
from tests.eventually import eventually
from tests.factories import new_caller, new_partner
from tests.pairs import Pair


@pytest.fixture(scope="session")
def server(pair_of_servers: Pair, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of one server of the portal for all tests: it needs no restart."""
    with serving_on(pair_of_servers.url, tmp_path_factory.mktemp("server")) as (server, _):
        yield server


async def test_a_switchover_loses_nothing_that_was_acknowledged(
    pair_of_servers: Pair, server: str, recovered: Callable[[float], None]
) -> None:
    async def switch_over() -> float:
        await pair_of_servers.switch_over()
        return monotonic()

    async with load(server, pair_of_servers.url) as under_load:
        recovered(await under_load.run(switch_over))
        await pair_of_servers.rejoin()
        await under_load.check()


async def test_a_killed_primary_loses_nothing_that_was_acknowledged(
    pair_of_servers: Pair, server: str, recovered: Callable[[float], None]
) -> None:
    async def kill() -> float:
        with pair_of_servers.standby.frozen():
            # These commits are on the disk of the primary only when it dies.
            await eventually(pair_of_servers.is_waiting)
            pair_of_servers.primary.kill()
        await pair_of_servers.promote()
        return monotonic()

    async with load(server, pair_of_servers.url) as under_load:
        recovered(await under_load.run(kill))
        await pair_of_servers.rejoin()
        await under_load.check()


@asynccontextmanager
async def calling(url: str, *, seconds: float) -> AsyncIterator[Api]:
    """Yield the manager of a new partner, whose mutations have so many seconds."""
    portal = Portal(Database(url), b"s" * 32)
    settings = Settings(mutation_timeout_seconds=seconds)
    transport = httpx.ASGITransport(create_app(portal, settings))
    async with httpx.AsyncClient(transport=transport, base_url="http://portal.test") as http:
        yield await new_caller(http, portal, await new_partner(portal))
    await portal.database.close()


async def test_a_retry_is_not_acknowledged_before_the_standby_has_the_change(
    pair_of_servers: Pair, recovered: Callable[[float], None]
) -> None:
    async def is_committed() -> bool:
        async with pair_of_servers.connected() as connection:
            return bool(await connection.fetchval("SELECT count(*) FROM clients WHERE cnpj = $1", cnpj))

    cnpj = cnpjs.another()
    given = {"cnpj": cnpj, "name": "Padaria", "idempotencyKey": cnpj}
    async with calling(pair_of_servers.url, seconds=1) as api:
        with pair_of_servers.standby.frozen():
            first = await api.error(REGISTER, input=given)
            # The server gives up to wait for the standby when the statement is cancelled, and shows what it committed.
            await eventually(is_committed)
            second = await api.error(REGISTER, input=given)
        well_at = monotonic()
        third = await api.data(REGISTER, input=given)
        recovered(monotonic() - well_at)

    assert {each["extensions"]["outcome"] for each in (first, second)} == {"UNKNOWN"}
    assert third["registerClient"]["userErrors"] == []


async def test_the_portal_is_ready_while_there_is_a_primary(pair_of_servers: Pair) -> None:
    async with calling(pair_of_servers.url, seconds=1) as api:
        before = await api.http.get("/readyz")
        await asyncio.to_thread(pair_of_servers.primary.stop)
        alone = await api.http.get("/readyz")
        await pair_of_servers.promote()
        promoted = await api.http.get("/readyz")
        await pair_of_servers.rejoin()

    assert [each.status_code for each in (before, alone, promoted)] == [200, 503, 200]
    assert alone.json() == {"status": "unavailable", "failed": "writes"}
