"""Callers of a real server that read and write continuously while its database is in trouble."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from time import monotonic
from uuid import uuid4

import httpx
import sqlalchemy as sa

from db.engine import Database
from db.tables import clients
from resolvers.portal import Portal
from tests import cnpjs, plain
from tests.api import Json
from tests.e2e.processes import Server, serving
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
                outcome = error["extensions"].get("outcome")
                {"UNKNOWN": self.unknown, "CHANGED": self.done}.get(outcome, self.unchanged).add(cnpj)
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

    async def run(self, trouble: Callable[[], Awaitable[float]], *, within: float = RECOVERY_SECONDS) -> float:
        """Cause the trouble under load, check that all callers succeed soon after it ends, and return in what time."""
        callers = [asyncio.create_task(self.call(number)) for number in range(CALLERS)]
        await self._each_answered_since(monotonic(), callers)
        over_at = await trouble()
        try:
            async with asyncio.timeout_at(asyncio.get_running_loop().time() + within):
                await self._each_answered_since(over_at, callers)
        except TimeoutError:
            late = set(range(CALLERS)) - self._answered_since(over_at)
            last = [answer.text for answer in self.failures[-CALLERS:]]
            message = f"callers {late} had no client registered in {within} s; the last failures: {last}"
            raise AssertionError(message) from None
        well_at = monotonic()
        self.stopped = True
        await asyncio.gather(*callers)
        return well_at - over_at

    async def _each_answered_since(self, moment: float, callers: Sequence[asyncio.Task[None]]) -> None:
        """Wait until each caller has registered a client after that time; raise what has ended one."""
        while len(self._answered_since(moment)) < CALLERS:
            for each in callers:
                if each.done():
                    each.result()
            await asyncio.sleep(0.01)

    def _answered_since(self, moment: float) -> set[int]:
        return {number for number, at in self.answered_at.items() if at > moment}

    async def check(self) -> None:
        """Check that each answer was true, and that a retry with the same key makes each missing change once."""
        assert self.failures != []
        assert [answer.text for answer in self.failures if set(codes(answer)) != {"UNAVAILABLE"}] == []
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
def serving_on(url: str, tmp_path: Path, **settings: str) -> Iterator[tuple[str, Server]]:
    """Yield a server of a portal with only the test's data."""
    given = {"DATABASE_URL": url.replace("+asyncpg", "").replace("+aiosqlite", ""), "SECRET_KEY": uuid4().hex}
    with serving({**os.environ, "DEMO": "false", **given, **settings}, tmp_path / "log") as served:
        yield served


@asynccontextmanager
async def load(server: str, url: str) -> AsyncIterator[Load]:
    database = Database(url)
    portal = Portal(database, b"s" * 32)
    headers = {"Accept": "application/graphql-response+json"}
    limits = httpx.Limits(max_connections=CALLERS)
    async with plain.AsyncClient(base_url=server, headers=headers, limits=limits, timeout=60) as http:
        partner_id = await new_partner(portal)
        caller = await new_caller(http, portal, partner_id)
        http.headers["Authorization"] = f"Bearer {caller.token}"
        yield Load(http, database, partner_id)
    await database.close()
