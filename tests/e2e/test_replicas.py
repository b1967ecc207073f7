"""Two real servers on a primary and its replica: no answer misses a change, whichever of them made it."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import httpx
import pytest

from db.engine import Database
from resolvers.portal import Portal
from tests import cnpjs, plain
from tests.api import Json
from tests.clusters import Cluster
from tests.e2e.processes import serving
from tests.factories import new_caller, new_partner
from tests.replicas import Standby

METRICS_TOKEN = "m" * 16
REGISTER = """mutation ($input: RegisterClientInput!) {
    registerClient(input: $input) { client { id cnpj } userErrors { code } } }"""
CLIENT = "query ($id: ID!) { node(id: $id) { ... on Client { cnpj } } }"
REVOKE = "mutation { signOut { signedOut } }"


class Pair(NamedTuple):
    """Clients of two servers, as one user."""

    one: httpx.AsyncClient
    other: httpx.AsyncClient


@pytest.fixture(scope="module")
def servers(own_cluster: Cluster, standby: Standby, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """Addresses of two servers that share the database and its replica."""
    given = {
        "DATABASE_URL": own_cluster.url.replace("+asyncpg", ""),
        "DATABASE_READ_URL": standby.url.replace("+asyncpg", ""),
        "SECRET_KEY": uuid4().hex,
        "METRICS_TOKEN": METRICS_TOKEN,
        "DEMO": "false",
    }
    folder: Path = tmp_path_factory.mktemp("servers")
    environment = {**os.environ, **given}
    with serving(environment, folder / "one") as (one, _), serving(environment, folder / "other") as (other, _):
        yield [one, other]


@pytest.fixture
async def pair(own_cluster: Cluster, servers: list[str]) -> AsyncIterator[Pair]:
    database = Database(own_cluster.url)
    portal = Portal(database, b"s" * 32)
    async with plain.AsyncClient(base_url=servers[0]) as one, plain.AsyncClient(base_url=servers[1]) as other:
        caller = await new_caller(one, portal, await new_partner(portal))
        for http in (one, other):
            http.headers["Authorization"] = f"Bearer {caller.token}"
            await until(http, "used")
        yield Pair(one, other)
    await database.close()


async def until(http: httpx.AsyncClient, state: str) -> None:
    """Wait until the server says that its replica is in a state."""
    async with asyncio.timeout(30):
        while (await http.get("/readyz")).json()["replicas"][state] != 1:  # noqa: ASYNC110 — it asks a server.
            await asyncio.sleep(0.05)


async def ask(http: httpx.AsyncClient, query: str, **variables: object) -> Json:
    answer = (await http.post("/graphql", json={"query": query, "variables": variables})).json()
    assert "errors" not in answer, answer
    return answer["data"]


async def register(http: httpx.AsyncClient) -> Json:
    given = {"cnpj": cnpjs.another(), "name": "Padaria"}
    return (await ask(http, REGISTER, input=given))["registerClient"]["client"]


async def replica_reads(http: httpx.AsyncClient) -> float:
    """Return how many reads a replica has answered, as of the last second."""
    page = (await http.get("/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"})).text
    (line,) = (line for line in page.splitlines() if line.startswith('portal_replica_reads_total{server="replica"}'))
    return float(line.split()[1])


async def test_a_change_by_one_server_is_seen_by_the_other(pair: Pair) -> None:
    before = await replica_reads(pair.other)

    for _ in range(30):
        client = await register(pair.one)

        assert (await ask(pair.other, CLIENT, id=client["id"]))["node"] == {"cnpj": client["cnpj"]}
    async with asyncio.timeout(30):
        # A busy machine may replay too late for each of those.
        while await replica_reads(pair.other) == before:
            await ask(pair.other, CLIENT, id=client["id"])


async def test_changes_and_new_tokens_are_seen_while_the_replica_is_paused(
    pair: Pair, standby: Standby, own_cluster: Cluster
) -> None:
    database = Database(own_cluster.url)
    portal = Portal(database, b"s" * 32)
    async with standby.paused():
        client = await register(pair.one)
        await until(pair.other, "lagging")
        found = await ask(pair.other, CLIENT, id=client["id"])
        ready = await pair.other.get("/readyz")
        new = await new_caller(pair.other, portal, await new_partner(portal))
        viewer = await new.data("{ viewer { partner { name } } }")
    await until(pair.other, "used")
    await database.close()

    assert found["node"] == {"cnpj": client["cnpj"]}
    assert ready.json() == {"status": "ok", "replicas": {"used": 0, "lagging": 1, "unreachable": 0}}
    assert viewer == {"viewer": {"partner": {"name": "Alfa"}}}


async def test_a_token_that_was_revoked_ends_while_the_replica_is_paused(pair: Pair, standby: Standby) -> None:
    async with standby.paused():
        await ask(pair.one, REVOKE)
        answer = await pair.one.post("/graphql", json={"query": "{ clients(first: 1) { totalCount } }"})

    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_servers_answer_while_the_replica_is_away(pair: Pair, standby: Standby) -> None:
    client = await register(pair.one)

    await asyncio.to_thread(standby.stop)
    answers = [await ask(http, CLIENT, id=client["id"]) for http in pair]
    await until(pair.one, "unreachable")
    await asyncio.to_thread(standby.start)
    await until(pair.one, "used")

    assert answers == [{"node": {"cnpj": client["cnpj"]}}] * 2
