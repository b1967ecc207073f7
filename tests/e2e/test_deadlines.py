"""The real server answers each request at its deadline, also if the database answers nothing at all."""

import asyncio
import json
import os
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from functools import partial
from http import HTTPStatus
from pathlib import Path
from time import monotonic
from types import SimpleNamespace
from uuid import uuid4

import asyncpg  # type: ignore[import-untyped]  # It has no types.
import pytest
import structlog
from starlette.types import Receive, Scope, Send

from db.engine import Database
from db.engine.deadline import Deadline
from resolvers.portal import Portal
from server.http.deadlines import Connections
from tests import cnpjs, plain
from tests.api import Api
from tests.clusters import Cluster
from tests.e2e import data
from tests.e2e.processes import portal, serving, token
from tests.e2e.protocols import protocol, until_gone
from tests.e2e.sockets import TYPENAME, calling, post
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
            async with plain.AsyncClient(base_url=url, timeout=60) as http:
                yield await new_caller(http, portal, await new_partner(portal))
    finally:
        await database.close()


def code(body: dict[str, list[dict[str, dict[str, str]]]]) -> str:
    return body["errors"][0]["extensions"]["code"]


async def test_a_frozen_database_leaves_no_request_without_an_answer(
    cluster: Cluster, tmp_path: Path, recovered: Callable[[float], None]
) -> None:
    limits = {"REQUEST_TIMEOUT_SECONDS": "1", "MUTATION_TIMEOUT_SECONDS": "1.5"}
    async with served(cluster, tmp_path, **limits) as api:
        await api.client()
        with cluster.frozen():
            reads = [api.post(QUERY) for _ in range(20)]
            changes = [api.post(REGISTER, input={"cnpj": cnpjs.another(), "name": "Padaria"}) for _ in range(20)]
            answers = await asyncio.gather(*reads, *changes)
            alive = await api.http.get("/healthz")
            ready = await api.http.get("/readyz")

        well_at = monotonic()
        await api.client()
        recovered(monotonic() - well_at)
        # Those that wait for a connection may hear that it can't be opened before their deadline.
        assert "TIMEOUT" in {code(each) for each in answers} <= {"TIMEOUT", "UNAVAILABLE"}
        assert (alive.status_code, ready.status_code) == (HTTPStatus.OK, HTTPStatus.SERVICE_UNAVAILABLE)
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


def late(scope: Scope, *, for_change: bool = False) -> None:
    """Give a request a deadline that is long over."""
    until = Deadline(-60, -60)
    if for_change:
        until.allow_change()
    scope["state"]["context"] = SimpleNamespace(deadline=until)


@pytest.mark.parametrize(("for_change", "said"), [(False, "e foi interrompida"), (True, "não se sabe se")])
async def test_what_nothing_else_ends_is_answered_by_the_connection(for_change: bool, said: str) -> None:  # noqa: FBT001 — of a table.
    gone = asyncio.Event()

    async def hang(scope: Scope, receive: Receive, _send: Send) -> None:
        late(scope, for_change=for_change)
        await until_gone(receive)
        gone.set()

    async with protocol(hang) as (port, _):
        async with plain.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
            answer = await http.post("/graphql", json={"query": QUERY})
        await gone.wait()

    assert answer.status_code == HTTPStatus.GATEWAY_TIMEOUT
    assert code(answer.json()) == "TIMEOUT"
    assert said in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    "following", [b"HEAD /graphql HT", b"HEAD /graphql HTTP/1.1\r\nHost: portal\r\nX-Request-Id: other"]
)
async def test_half_of_a_next_request_keeps_no_answer_back(following: bytes) -> None:
    async def hang(scope: Scope, receive: Receive, _send: Send) -> None:
        late(scope)
        await until_gone(receive)

    async with protocol(hang) as (port, _), asyncio.timeout(20):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(post(TYPENAME, b"X-Request-Id: this-one") + following)
        received = await reader.read()
        writer.close()

    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 504 ")
    assert b"\r\nx-request-id: this-one" in head
    assert code(json.loads(body)) == "TIMEOUT"


async def is_later(connections: Connections, than: float) -> bool:
    return connections.now > than


async def test_an_answer_that_has_started_has_no_deadline() -> None:
    more = asyncio.Event()

    async def stream(scope: Scope, _receive: Receive, send: Send) -> None:
        late(scope)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"first", "more_body": True})
        await more.wait()
        await send({"type": "http.response.body", "body": b"last"})

    with structlog.testing.capture_logs() as logs:
        async with (
            protocol(stream) as (port, connections),
            plain.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http,
            http.stream("GET", "/graphql") as answer,
        ):
            parts = answer.aiter_text()
            received = await anext(parts)
            until = connections.now + 10
            await eventually(partial(is_later, connections, until))
            more.set()
            received += "".join([part async for part in parts])

    assert received == "firstlast"
    assert logs == []


async def test_a_pipelined_request_has_a_time_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "portal.db"
    environment = data.demonstration(tmp_path, MUTATION_TIMEOUT_SECONDS="0.5")
    found = token(portal(environment, "create-token", "--email", "gerente@alfa.example", "--permissions", "all"))
    query = {"query": REGISTER, "variables": {"input": {"cnpj": cnpjs.another(), "name": "Padaria"}}}
    form = b"token=" + found.encode()
    revoke = b"POST /revoke HTTP/1.1\r\nHost: portal\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    with (
        serving(environment, tmp_path / "log", measured=True) as (url, _),
        calling(int(url.rpartition(":")[2])) as caller,
    ):
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            request = post(json.dumps(query).encode(), b"Authorization: Bearer " + found.encode())
            caller.send(request + revoke + b"Content-Length: %d\r\n\r\n" % len(form) + form)
            first = caller.answer()
            other.execute("ROLLBACK")
        second = caller.answer()

    assert code(first.json) == "TIMEOUT"
    assert second.status == HTTPStatus.OK
