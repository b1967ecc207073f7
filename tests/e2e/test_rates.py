"""Rates that several processes limit together."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import httpx
import pytest

from db.engine import Database
from resolvers.portal import Portal
from tests import plain
from tests.api import Api
from tests.databases import Databases
from tests.e2e import data
from tests.e2e.patient_rates import PATIENT
from tests.e2e.processes import serving
from tests.factories import new_caller, new_partner
from tests.redis_servers import redis_server

PROCESSES = 2
CALLERS = 8
"""Callers of each process, who send at the same time."""

BUCKET = 3_600
QUERY = f"{{ {' '.join(f'a{number}: viewer {{ user {{ id }} }}' for number in range(10))} }}"

SETTINGS = {
    # One point comes back in a second, so that a test of a minute finds a hundredth of the bucket more.
    "RATE_LIMIT_PARTNER": "1",
    "RATE_LIMIT_SECONDS": str(BUCKET),
    "RATE_LIMIT_TOKEN_PERCENT": "100",
    # No request is given up on a busy machine.
    "REQUEST_TIMEOUT_SECONDS": "600",
}


class Sent(NamedTuple):
    """What one caller has sent until it was refused."""

    points: int
    refusal: httpx.Response


@pytest.fixture(params=["sqlite", "postgresql", "redis"])
def environment(request: pytest.FixtureRequest, databases: Databases, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Environment of servers that count in this store."""
    with ExitStack() as stack:
        given = data.migrated(tmp_path, SECRET_KEY=uuid4().hex, **SETTINGS)
        if request.param == "postgresql":
            given["DATABASE_URL"] = databases.migrated("postgresql")
        elif request.param == "redis":
            given["RATE_LIMIT_URL"] = stack.enter_context(redis_server())
        yield given


@asynccontextmanager
async def caller_of(environment: dict[str, str], urls: list[str]) -> AsyncIterator[list[Api]]:
    """Yield a new user of a new partner, as a caller of each of the servers."""
    url = environment["DATABASE_URL"].replace("sqlite:", "sqlite+aiosqlite:")
    async with AsyncExitStack() as stack:
        database = Database(url)
        stack.push_async_callback(database.close)
        portal = Portal(database, environment["SECRET_KEY"].encode())
        limits = httpx.Limits(max_connections=CALLERS)
        clients = [
            await stack.enter_async_context(plain.AsyncClient(base_url=url, timeout=600, limits=limits)) for url in urls
        ]
        for http in clients:
            # Another partner pays for the preparation of the document, which is new to each process.
            await (await new_caller(http, portal, await new_partner(portal))).data(QUERY)
        first = await new_caller(clients[0], portal, await new_partner(portal))
        yield [Api(http, portal, first.partner_id, first.user_id, first.token) for http in clients]


async def send_until_refused(caller: Api) -> Sent:
    """Send the same query again and again, and add up what it has cost."""
    headers = {"Authorization": f"Bearer {caller.token}", "GraphQL-Cost": "report"}
    points = 0
    while True:
        response = await caller.http.post("/graphql", json={"query": QUERY}, headers=headers)
        if not response.is_success:
            return Sent(points, response)
        points += response.json()["extensions"]["cost"]["requested"]


async def test_two_processes_at_once_allow_what_one_bucket_has(environment: dict[str, str], tmp_path: Path) -> None:
    logs = [tmp_path / f"log {number}" for number in range(PROCESSES)]
    with ExitStack() as stack:
        urls = [stack.enter_context(serving(environment, log, program=PATIENT))[0] for log in logs]
        async with caller_of(environment, urls) as callers:
            sent = await asyncio.gather(*(send_until_refused(each) for each in callers * CALLERS))

    assert BUCKET * 0.95 <= sum(each.points for each in sent) <= BUCKET * 1.05
    assert {each.refusal.status_code for each in sent} == {httpx.codes.TOO_MANY_REQUESTS}
    assert {each.refusal.json()["errors"][0]["extensions"]["code"] for each in sent} == {"RATE_LIMITED"}
    assert not any("by this process alone" in log.read_text() for log in logs)
