"""The real server answers each request at its deadline, also if the database answers nothing at all."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from http import HTTPStatus
from pathlib import Path
from uuid import uuid4

import asyncpg  # type: ignore[import-untyped]  # It has no types.
import httpx
import pytest
from uvicorn import Config

from db.engine import Database
from db.engine.deadline import Deadline
from resolvers.portal import Portal
from server.http.deadlines import Connections, Limits
from server.http.protocol import Protocol
from tests import cnpjs
from tests.api import Api
from tests.clusters import Cluster
from tests.e2e.processes import serving
from tests.eventually import eventually
from tests.factories import new_caller, new_partner

QUERY = "{ clients(first: 5) { nodes { name } } }"
REGISTER = """mutation ($input: RegisterClientInput!) {
    registerClient(input: $input) { client { id } userErrors { code } } }"""
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%FROM clients%'"


@asynccontextmanager
async def served(cluster: Cluster, tmp_path: Path, **settings: str) -> AsyncIterator[Api]:
    """Manager of a partner, and a server whose log is in the folder."""
    secret = uuid4().hex
    given = {"DATABASE_URL": cluster.url.replace("+asyncpg", ""), "SECRET_KEY": secret, "WEBHOOKS_SEND": "false"}
    database = Database(cluster.url)
    portal = Portal(database, secret.encode())
    try:
        with serving({**os.environ, **given, **settings}, tmp_path / "log", measured=True) as (url, _):
            async with httpx.AsyncClient(base_url=url, timeout=60) as http:
                yield await new_caller(http, portal, await new_partner(portal))
    finally:
        await database.close()


def code(body: dict[str, list[dict[str, dict[str, str]]]]) -> str:
    return body["errors"][0]["extensions"]["code"]


async def test_a_frozen_database_leaves_no_request_without_an_answer(cluster: Cluster, tmp_path: Path) -> None:
    limits = {"REQUEST_TIMEOUT_SECONDS": "1", "MUTATION_TIMEOUT_SECONDS": "1.5"}
    async with served(cluster, tmp_path, **limits) as api:
        await api.client()
        with cluster.frozen():
            reads = [api.post(QUERY) for _ in range(20)]
            changes = [api.post(REGISTER, input={"cnpj": cnpjs.another(), "name": "Padaria"}) for _ in range(20)]
            answers = await asyncio.gather(*reads, *changes)
            alive = await api.http.get("/healthz")
            ready = await api.http.get("/readyz")

        assert {code(each) for each in answers} == {"TIMEOUT"}
        assert (alive.status_code, ready.status_code) == (HTTPStatus.OK, HTTPStatus.SERVICE_UNAVAILABLE)
        await api.client()
        assert len((await api.data(QUERY))["clients"]["nodes"]) == 2


async def waits(connection: asyncpg.Connection, number: int) -> bool:
    return bool(await connection.fetchval(WAITING) == number)


async def test_a_caller_that_goes_away_stops_its_read(cluster: Cluster, tmp_path: Path) -> None:
    async with served(cluster, tmp_path, REQUEST_TIMEOUT_SECONDS="600") as api, cluster.connected() as other:
        await api.data(QUERY)
        async with other.transaction():
            await other.execute("LOCK TABLE clients IN ACCESS EXCLUSIVE MODE")
            reading = asyncio.create_task(api.post(QUERY))
            async with cluster.connected() as third:
                await eventually(partial(waits, third, 1))
                reading.cancel()
                await asyncio.wait([reading])

                await eventually(partial(waits, third, 0))
        await api.data(QUERY)


@pytest.mark.parametrize(("for_change", "said"), [(False, "e foi interrompida"), (True, "não se sabe se")])
async def test_what_nothing_else_ends_is_answered_by_the_connection(for_change: bool, said: str) -> None:  # noqa: FBT001 — of a table.
    gone = asyncio.Event()

    async def hang(scope: dict[str, dict[str, object]], receive: object, _send: object) -> None:
        until = Deadline(-60, -60)
        if for_change:
            until.allow_change()
        scope["state"]["deadline"] = until
        assert callable(receive)
        while (await receive())["type"] != "http.disconnect":
            pass
        gone.set()

    config = Config(hang, log_config=None, lifespan="off")
    config.load()
    connections = Connections(Limits(header=60, body=60, answer=60, keep_alive=60, ping=60))
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Protocol(config, connections, {}, loop), "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()

    async def check() -> None:
        # As the server does, with its own clock.
        for moment in range(1_000):
            connections.check_all(float(moment))
            await asyncio.sleep(0.01)

    checking = asyncio.create_task(check())
    try:
        async with httpx.AsyncClient(base_url=f"http://{host}:{port}") as http:
            answer = await http.post("/graphql", json={"query": QUERY})
        await gone.wait()
    finally:
        checking.cancel()
        server.close()

    assert answer.status_code == HTTPStatus.GATEWAY_TIMEOUT
    assert code(answer.json()) == "TIMEOUT"
    assert said in answer.json()["errors"][0]["message"]
