"""The real server while another session of PostgreSQL locks a row or a table, or PostgreSQL hangs."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from typing import NamedTuple
from uuid import uuid4

import asyncpg  # type: ignore[import-untyped]  # It has no types.
import httpx
import pytest

from db.engine import Database
from db.engine.pool_sizes import PoolSizes
from domain.access import TokenKind
from resolvers.access import new_secret
from resolvers.portal import Portal
from tests import cnpjs, plain
from tests.api import Api, Json
from tests.clusters import Cluster
from tests.e2e.load import REGISTER
from tests.e2e.processes import serving
from tests.eventually import eventually
from tests.factories import new_caller, new_partner

CLIENTS = "{ clients(first: 100) { nodes { name } } }"
ORDERS = "{ orders(first: 5) { nodes { number } } }"
SIGN_IN = """mutation { signIn(input: {email: "ana@alfa.example", password: "a long password"}) {
    token userErrors { code } } }"""
CREATE_TOKEN = """mutation { createApiToken(input: {name: "Script", permissions: [CLIENTS_READ]}) {
    secret userErrors { code } } }"""

HASTY = {"REQUEST_TIMEOUT_SECONDS": "1", "MUTATION_TIMEOUT_SECONDS": "1.5"}
PATIENT = dict.fromkeys(("REQUEST_TIMEOUT_SECONDS", "MUTATION_TIMEOUT_SECONDS", "DATABASE_CONNECT_SECONDS"), "600")
WATCHDOG_SECONDS = 60
"""Forty times the longest deadline of the hasty server, and a tenth of the patient one's."""

MORE = PoolSizes().writing + 4
"""More changes than the server has connections for."""

WAITING = """SELECT count(*) FROM pg_stat_activity
    WHERE wait_event_type = 'Lock' AND datname = current_database()"""


class Servers(NamedTuple):
    """Two servers of one database, of which one gives up soon, and one hardly ever."""

    portal: Portal
    hasty: httpx.AsyncClient
    patient: httpx.AsyncClient

    async def caller(self) -> Api:
        """Return a manager of a new partner, as a caller of the patient server, which has answered both."""
        caller = await new_caller(self.patient, self.portal, await new_partner(self.portal))
        for each in (caller, self.in_haste(caller)):
            await answered(each, CLIENTS)
        return caller

    def in_haste(self, caller: Api) -> Api:
        """Return the same caller of the hasty server."""
        return replace(caller, http=self.hasty)


async def answered(caller: Api, query: str) -> None:
    """Send a query until it has an answer in time: the machine may be busy."""

    async def is_answered() -> bool:
        return "errors" not in await caller.post(query)

    await eventually(is_answered)


@pytest.fixture(scope="module")
async def servers(own_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Servers]:
    folder, secret = tmp_path_factory.mktemp("locks"), uuid4().hex
    given = {"DATABASE_URL": own_cluster.url, "SECRET_KEY": secret, "WEBHOOKS_SEND": "false"}
    database = Database(own_cluster.url)
    with ExitStack() as stack:
        urls = [
            stack.enter_context(serving({**os.environ, **given, **limits}, folder / name, measured=True))[0]
            for name, limits in (("hasty", HASTY), ("patient", PATIENT))
        ]
        hasty, patient = (plain.AsyncClient(base_url=url, timeout=600) for url in urls)
        async with hasty, patient:
            yield Servers(Portal(database, secret.encode()), hasty, patient)
    await database.close()


def code(body: Json) -> str:
    return str(body["errors"][0]["extensions"]["code"])


def register(caller: Api) -> "asyncio.Task[Json]":
    """Begin to register a client."""
    return asyncio.create_task(caller.post(REGISTER, input={"cnpj": cnpjs.another(), "name": "Padaria"}))


def read(caller: Api) -> "asyncio.Task[Json]":
    """Begin to read the clients."""
    return asyncio.create_task(caller.post(CLIENTS))


@asynccontextmanager
async def locked(cluster: Cluster, statement: str, *values: object) -> AsyncIterator[asyncpg.Connection]:
    """Hold the lock of a statement in another session; yield a third one, which looks on."""
    async with cluster.connected() as other, cluster.connected() as third, other.transaction():
        await other.execute(statement, *values)
        yield third


async def waiting(connection: asyncpg.Connection, least: int) -> bool:
    """Return whether so many sessions wait for a lock."""
    return bool(await connection.fetchval(WAITING) >= least)


async def clients_of(caller: Api) -> int:
    return len((await caller.data(CLIENTS))["clients"]["nodes"])


async def test_a_locked_row_stops_only_what_needs_it(cluster: Cluster, servers: Servers) -> None:
    caller, neighbour = await servers.caller(), await servers.caller()
    row = "SELECT 1 FROM partner_counters WHERE partner_id = $1 FOR UPDATE"
    async with locked(cluster, row, caller.partner_id) as third:
        blocked = [register(caller) for _ in range(MORE)]
        await eventually(partial(waiting, third, 2))

        refused = await asyncio.gather(*(register(servers.in_haste(caller)) for _ in range(MORE)))
        for each in (caller, neighbour):
            assert await clients_of(each) == 0
        await neighbour.client()

        assert {code(each) for each in refused} == {"TIMEOUT"}
        assert not any(each.done() for each in blocked)

    assert not any("errors" in each for each in await asyncio.gather(*blocked))
    assert await clients_of(caller) == MORE
    await answered(servers.in_haste(caller), CREATE_TOKEN)


async def test_a_table_that_is_locked_for_writes_stops_no_other_change(cluster: Cluster, servers: Servers) -> None:
    caller, neighbour = await servers.caller(), await servers.caller()
    async with locked(cluster, "LOCK TABLE clients IN SHARE ROW EXCLUSIVE MODE") as third:
        blocked = [register(caller) for _ in range(MORE)]
        await eventually(partial(waiting, third, 2))

        refused = await asyncio.gather(*(register(servers.in_haste(caller)) for _ in range(MORE)))
        for each in (caller, neighbour):
            assert await clients_of(each) == 0
            assert "errors" not in await each.post(CREATE_TOKEN)

        assert {code(each) for each in refused} == {"TIMEOUT"}
        assert not any(each.done() for each in blocked)

    assert not any("errors" in each for each in await asyncio.gather(*blocked))
    assert await clients_of(caller) == MORE


async def test_a_table_that_is_locked_for_all_leaves_reads_of_others(cluster: Cluster, servers: Servers) -> None:
    caller, neighbour = await servers.caller(), await servers.caller()
    hasty = servers.in_haste(caller)
    async with locked(cluster, "LOCK TABLE clients IN ACCESS EXCLUSIVE MODE") as third:
        blocked = [begin(caller) for begin in (register, read) for _ in range(MORE)]
        await eventually(partial(waiting, third, 4))

        # Each change has an event, and PostgreSQL opens all tables to which an event may refer.
        refused = await asyncio.gather(
            *(begin(hasty) for begin in (register, read) for _ in range(MORE)), hasty.post(CREATE_TOKEN)
        )
        for each in (caller, neighbour):
            assert "errors" not in await each.post(ORDERS)

        assert {code(each) for each in refused} == {"TIMEOUT"}
        assert not any(each.done() for each in blocked)

    assert not any("errors" in each for each in await asyncio.gather(*blocked))
    assert await clients_of(caller) == MORE
    await answered(hasty, CREATE_TOKEN)


async def test_a_frozen_database_answers_strangers_at_their_deadlines(cluster: Cluster, servers: Servers) -> None:
    caller = await servers.caller()
    hasty = servers.in_haste(caller)
    new, leaked = [
        await new_caller(servers.hasty, servers.portal, caller.partner_id, kind=TokenKind.API) for _ in range(2)
    ]
    unknown, stranger = replace(hasty, token=new_secret(TokenKind.API).secret), replace(hasty, token=None)
    with cluster.frozen():
        patient = read(caller)
        async with asyncio.timeout(WATCHDOG_SECONDS):
            answers, revoked = await asyncio.gather(
                asyncio.gather(*(read(each) for each in (new, unknown)), register(new), stranger.post(SIGN_IN)),
                servers.hasty.post("/revoke", data={"token": str(leaked.token)}),
            )
        is_waiting = not patient.done()

    assert {code(each) for each in answers} == {"TIMEOUT"}
    assert (revoked.status_code, code(revoked.json())) == (HTTPStatus.GATEWAY_TIMEOUT, "TIMEOUT")
    # It was their deadline that ended the others, and none of them was done later.
    assert is_waiting
    assert (await patient)["data"] == {"clients": {"nodes": []}}
    assert await clients_of(caller) == 0
    assert await clients_of(replace(leaked, http=servers.patient)) == 0
    await answered(hasty, CLIENTS)
