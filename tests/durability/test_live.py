"""Followers and webhooks miss no event while server processes are killed, and followers get none twice.

`LIVE_KILLS`, `LIVE_FOLLOWERS` and `LIVE_WEBHOOKS` make it longer and larger, as `make torture` does.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from http import HTTPStatus
from itertools import count, cycle, islice, product
from pathlib import Path
from random import Random
from secrets import randbits
from typing import NamedTuple

import httpx

from db.engine import Database
from resolvers.portal import Portal
from tests import cnpjs, plain
from tests.api import Json
from tests.certificates import certificate
from tests.databases import Databases
from tests.durability.followers import TRANSPORTS, Follower
from tests.durability.nodes import Node, nodes
from tests.factories import new_caller, new_partner
from tests.receivers import Answer, Receiver, receiving

KILLS = int(os.environ.get("LIVE_KILLS", "3"))
FOLLOWERS = int(os.environ.get("LIVE_FOLLOWERS", "16"))
WEBHOOKS = int(os.environ.get("LIVE_WEBHOOKS", "5"))
PARTNERS = 4
CATCH_UP_SECONDS = 120
_LEAST_WRITTEN = 2

REGISTER = """mutation ($input: RegisterClientInput!) {
    registerClient(input: $input) { client { id } userErrors { code } } }"""
UPDATE = """mutation ($input: UpdateClientInput!) { updateClient(input: $input) { userErrors { code } } }"""
CREATE_WEBHOOK = """mutation ($input: CreateWebhookInput!) { createWebhook(input: $input) { userErrors { code } } }"""
SENT = ["CLIENT_REGISTERED", "CLIENT_UPDATED"]
LOG = """query ($after: String) {
    events(first: 100, after: $after) { nodes { number type } pageInfo { hasNextPage endCursor } } }"""


class Partner(NamedTuple):
    """Partner with a token, and the cursor after which its followers begin."""

    token: str
    begin: str


class Caller:
    """Caller of any process that answers, which repeats what had no answer under the same idempotency key."""

    def __init__(self, started: Sequence[Node], token: str, random: Random) -> None:
        self._started, self._random = started, random
        self._headers = {"Authorization": f"Bearer {token}"}
        self.has_written = asyncio.Event()
        """Whether there is something to follow."""

    async def ask(self, query: str, **variables: object) -> Json:
        """Return the data of an answer without errors."""
        while True:
            url = self._random.choice(self._started).url
            with contextlib.suppress(httpx.HTTPError):
                async with plain.AsyncClient(base_url=url, headers=self._headers, timeout=20) as http:
                    answer = (await http.post("/graphql", json={"query": query, "variables": variables})).json()
                if "errors" not in answer:
                    return answer["data"]
                assert answer["errors"][0]["extensions"]["code"] == "UNAVAILABLE", answer
            await asyncio.sleep(0.05)

    async def write(self) -> None:
        """Register clients and update them, until cancelled."""
        for written in count(1):
            cnpj = cnpjs.another()
            given = {"cnpj": cnpj, "name": "Padaria São João", "idempotencyKey": cnpj}
            done = (await self.ask(REGISTER, input=given))["registerClient"]
            client_id = done["client"]["id"]
            await self.ask(UPDATE, input={"clientId": client_id, "city": "Olinda", "idempotencyKey": f"{cnpj}-city"})
            if written == _LEAST_WRITTEN:
                self.has_written.set()
            await asyncio.sleep(self._random.random() * 0.1)

    async def log(self, after: str) -> list[Json]:
        """Return all events after the cursor."""
        found: list[Json] = []
        while True:
            page = (await self.ask(LOG, after=after))["events"]
            found += page["nodes"]
            if not page["pageInfo"]["hasNextPage"]:
                return found
            after = page["pageInfo"]["endCursor"]


@asynccontextmanager
async def running(works: Sequence[asyncio.Task[None]]) -> AsyncIterator[None]:
    """Cancel the tasks in the end; an error of one is raised."""
    try:
        yield
    finally:
        for work in works:
            work.cancel()
        results = await asyncio.gather(*works, return_exceptions=True)
        # What a task found explains what failed after it.
        for result in results:
            if isinstance(result, Exception):
                raise result


async def kill_again_and_again(started: Sequence[Node], random: Random) -> None:
    """Kill one process after the other, each at any time after the one before is ready again."""
    for node in islice(cycle(started), KILLS):
        await asyncio.sleep(random.uniform(0.3, 1.5))
        node.kill()
        await asyncio.sleep(random.random() * 0.3)
        node.start()
        await asyncio.to_thread(node.wait_until_ready)
    await asyncio.sleep(random.random())


async def new_partners(url: str, started: Sequence[Node], random: Random) -> list[Partner]:
    """Return partners that each have an event."""
    database = Database(url)
    portal = Portal(database, b"s" * 32)
    made = []
    async with plain.AsyncClient() as http:
        for _ in range(PARTNERS):
            caller = await new_caller(http, portal, await new_partner(portal))
            assert caller.token is not None
            one = Caller(started, caller.token, random)
            await one.ask(REGISTER, input={"cnpj": cnpjs.another(), "name": "Padaria"})
            page = (await one.ask("{ events(last: 1) { pageInfo { endCursor } } }"))["events"]
            made.append(Partner(caller.token, page["pageInfo"]["endCursor"]))
    await database.close()
    return made


def new_followers(
    partners: Sequence[Partner], urls: Sequence[str], random: Random
) -> Sequence[tuple[Partner, Follower]]:
    """Return followers of each kind in turn."""
    kinds = cycle(product(partners, TRANSPORTS, (None, ["CLIENT_UPDATED"])))
    return [
        (one, Follower(urls, one.token, how, one.begin, Random(random.random()), only))  # noqa: S311 — no secret.
        for one, how, only in islice(kinds, FOLLOWERS)
    ]


class Endpoint(NamedTuple):
    """How a receiver of webhooks answers: first so, then always so."""

    first: Sequence[Answer]
    always: Answer
    wrong_certificate: bool = False

    @property
    def takes_all(self) -> bool:
        """Return whether it has each message in the end."""
        return self.always == HTTPStatus.NO_CONTENT and not self.wrong_certificate


ENDPOINTS = (
    Endpoint([], 204),
    Endpoint([500, 503, 500], 204),
    Endpoint(["reset", "reset"], 204),
    Endpoint([], 410),
    Endpoint([], b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"),
    Endpoint(["hang", "drip"], 204),
    Endpoint([], 204, wrong_certificate=True),
    Endpoint([], "hang"),
)


class Sent(NamedTuple):
    """Receiver of the events of a partner."""

    partner: Partner
    kind: Endpoint
    receiver: Receiver


@asynccontextmanager
async def sending(
    partners: Sequence[Partner], started: Sequence[Node], random: Random
) -> AsyncIterator[Sequence[Sent]]:
    """Create webhooks of each kind in turn, whose receivers run on this process's loop."""
    made = []
    async with AsyncExitStack() as stack:
        for partner, kind in islice(zip(cycle(partners), cycle(ENDPOINTS), strict=False), WEBHOOKS):
            context = certificate("elsewhere.example").server if kind.wrong_certificate else None
            receiver = await stack.enter_async_context(receiving(context))
            receiver.answers.extend(kind.first)
            receiver.always = kind.always
            given = {"url": receiver.url, "filter": {"types": SENT}, "batchSize": random.choice([1, 10, 100])}
            await Caller(started, partner.token, random).ask(CREATE_WEBHOOK, input=given)
            made.append(Sent(partner, kind, receiver))
        yield made


async def caught_up(
    partners: Sequence[Partner],
    followers: Sequence[tuple[Partner, Follower]],
    hooks: Sequence[Sent],
    started: Sequence[Node],
    random: Random,
) -> tuple[list[list[int]], list[tuple[Sent, list[int]]]]:
    """Wait until all have what the log has, and return the numbers that each follower and receiver wants.

    What a writer asked last may be done after it left, and a webhook may be suspended late: both make events.
    """
    logs: dict[Partner, list[Json]] = {}
    while True:
        before, logs = logs, {one: await Caller(started, one.token, random).log(one.begin) for one in partners}
        wanted = [numbers_of(logs[one], follower.types) for one, follower in followers]
        asked = [(hook, numbers_of(logs[hook.partner], SENT)) for hook in hooks if hook.kind.takes_all]
        if logs == before:
            return wanted, asked
        for (_, follower), numbers in zip(followers, wanted, strict=True):
            await follower.until(len(numbers))
        for hook, numbers in asked:
            while len(set(hook.receiver.accepted)) < len(numbers):
                hook.receiver.arrived.clear()
                await hook.receiver.arrived.wait()
        # An event that came twice would come after the last one too.
        await asyncio.sleep(1)


async def test_each_event_arrives_while_processes_are_killed(engine: str, databases: Databases, tmp_path: Path) -> None:
    seed = randbits(32)
    print(f"seed {seed}")  # noqa: T201 — pytest shows it with a failure.
    random = Random(seed)  # noqa: S311 — no secret.
    url = databases.migrated(engine)
    with nodes(url, tmp_path, 2, WEBHOOKS_ALLOW_PRIVATE="true") as started:
        partners = await new_partners(url, started, random)
        followers = new_followers(partners, [node.url for node in started], random)
        async with (
            sending(partners, started, random) as hooks,
            running([asyncio.create_task(follower.run()) for _, follower in followers]),
        ):
            writers = [Caller(started, one.token, random) for one in partners]
            async with running([asyncio.create_task(each.write()) for each in writers]):
                await kill_again_and_again(started, random)
                async with asyncio.timeout(CATCH_UP_SECONDS):
                    await asyncio.gather(*(each.has_written.wait() for each in writers))
            async with asyncio.timeout(CATCH_UP_SECONDS):
                wanted, asked = await caught_up(partners, followers, hooks, started, random)

    print(f"{KILLS} kills, {sum(map(len, wanted))} deliveries to followers")  # noqa: T201 — pytest shows it with a failure.
    assert [follower.numbers for _, follower in followers] == wanted
    assert [list(dict.fromkeys(hook.receiver.accepted)) for hook, _ in asked] == [numbers for _, numbers in asked]
    assert all(len(each) > 1 for each in wanted)


def numbers_of(log: Sequence[Json], types: Sequence[str] | None) -> list[int]:
    """Return the numbers of the events of these types, None for all."""
    return [event["number"] for event in log if types is None or event["type"] in types]
