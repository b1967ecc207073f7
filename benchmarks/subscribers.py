"""`python -m benchmarks.subscribers`: one process with many subscribers of fifty partners while others write.

Each write changes another client, whose city then names it, so that each delivery can be told apart. A delivery takes
from the request of the mutation to the arrival of the event. Both processes may use any core.
"""

import argparse
import asyncio
import dataclasses
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from itertools import cycle
from statistics import quantiles
from time import perf_counter
from typing import NamedTuple

import orjson

from benchmarks.contenders import CONTENDERS, Start
from benchmarks.processes import Server, serving
from benchmarks.results import OURS
from db import access
from db.access import NewToken
from db.engine import Database, Transaction
from domain.access import TokenKind

PARTNERS = 50
SUBSCRIPTION = "subscription { events { number message client { id city } } }"
CLIENTS = "{ clients(first: 100) { nodes { id } } }"
UPDATE = """mutation ($client: ID!, $city: String!) {
    updateClient(input: { clientId: $client, city: $city }) { client { id } } }"""

_CITY = re.compile(rb'"city":"w(\d+)"')
_LONGEST = 64
_PATIENCE_SECONDS = 120
_SETTLING_SECONDS = 3.0


class Write(NamedTuple):
    """One write: its partner's token, and its client."""

    token: str
    client: str


class Deliveries:
    """When each write was requested, and how long its deliveries took."""

    def __init__(self) -> None:
        self.requested: dict[int, float] = {}
        self.seconds: list[float] = []


class Subscriber(asyncio.Protocol):
    """Connection with a subscription."""

    def __init__(self, token: str, deliveries: Deliveries) -> None:
        self._token, self._deliveries, self._rest = token, deliveries, b""
        self.begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the operation."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 — for the type.
        transport.write(request(self._token, {"query": SUBSCRIPTION}, accept="text/event-stream"))

    def data_received(self, data: bytes) -> None:
        """Note the writes that arrive."""
        if not self.begun.done() and data.startswith(b"HTTP/1.1 200"):
            self.begun.set_result(None)
        data = self._rest + data
        end = 0
        for found in _CITY.finditer(data):
            self._deliveries.seconds.append(perf_counter() - self._deliveries.requested[int(found[1])])
            end = found.end()
        self._rest = data[max(end, len(data) - _LONGEST) :]

    def connection_lost(self, exc: Exception | None) -> None:
        """Say why there is no subscription."""
        if not self.begun.done():
            self.begun.set_exception(exc or ConnectionResetError())


def secret(place: int) -> str:
    """Return the token of a partner of the made-up database."""
    return "ppt_" + sha256(f"subscribers {place}".encode()).hexdigest()[:43]


def request(token: str, body: Mapping[str, object], *, accept: str) -> bytes:
    """Return a request of HTTP."""
    sent = orjson.dumps(body)
    head = (
        f"POST /graphql HTTP/1.1\r\nHost: portal\r\nAuthorization: Bearer {token}\r\nAccept: {accept}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(sent)}\r\n\r\n"
    )
    return head.encode() + sent


class Caller:
    """Connection for one request after the other."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._opened: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, token: str, query: str, **variables: object) -> bytes:
        """Return the body of the answer."""
        if self._opened is None:
            self._opened = await asyncio.open_connection("127.0.0.1", self._port, limit=1 << 22)
        reader, writer = self._opened
        writer.write(request(token, {"query": query, "variables": variables}, accept="application/json"))
        head = await reader.readuntil(b"\r\n\r\n")
        found = re.search(rb"content-length: (\d+)", head.lower())
        return await reader.readexactly(int(found[1]) if found else 0)


async def _add_tokens(tx: Transaction) -> None:
    for place in range(PARTNERS):
        user = await access.credentials(tx, f"pessoa1@revenda-{place:02d}.example")
        if user is None:
            message = f"partner {place} has no manager"
            raise LookupError(message)
        new = NewToken(
            user_id=user.user_id,
            kind=TokenKind.API,
            name="subscribers",
            prefix=secret(place)[:12],
            digest=sha256(secret(place).encode()).digest(),
            chosen=None,
            expires_at=None,
        )
        await access.add_token(tx, user.partner_id, new, at=datetime(2026, 11, 1, tzinfo=UTC))


async def _prepare(start: Start) -> None:
    database = Database(f"sqlite+aiosqlite:///{start.database}")
    await database.write(_add_tokens)
    await database.close()


async def _measure(server: Server, *, subscribers: int, writes_per_second: int, seconds: int) -> None:
    loop, deliveries = asyncio.get_running_loop(), Deliveries()
    caller = Caller(server.port)
    writes = []
    for place in range(PARTNERS):
        nodes = orjson.loads(await caller.ask(secret(place), CLIENTS))["data"]["clients"]["nodes"]
        writes.append([Write(secret(place), node["id"]) for node in nodes])
    empty = server.memory()
    for begin in range(0, subscribers, 100):
        places = range(begin, min(begin + 100, subscribers))
        opened = [Subscriber(secret(place % PARTNERS), deliveries) for place in places]
        for each in opened:
            await loop.create_connection(lambda each=each: each, "127.0.0.1", server.port)  # type: ignore[misc]  # A default, not an argument.
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await asyncio.gather(*(each.begun for each in opened))
    await asyncio.sleep(_SETTLING_SECONDS)
    held = server.memory() - empty
    worked = server.worked()
    await asyncio.sleep(seconds)
    idle = (server.worked() - worked) / seconds
    each_kb = held * 1024 / subscribers
    print(f"{subscribers:,} subscribers: {each_kb:.0f} kB each, {idle:.1%} of a core while nothing happens", flush=True)

    order = cycle(write for each in zip(*writes, strict=False) for write in each)
    callers = [Caller(server.port) for _ in range(4)]
    worked, began = server.worked(), perf_counter()
    for number in range(writes_per_second * seconds):
        await asyncio.sleep(max(0.0, began + number / writes_per_second - perf_counter()))
        write = next(order)
        deliveries.requested[number] = perf_counter()
        await callers[number % 4].ask(write.token, UPDATE, client=write.client, city=f"w{number}")
    lasted = perf_counter() - began
    await asyncio.sleep(_SETTLING_SECONDS)
    worked = server.worked() - worked
    expected = sum(
        sum(1 for each in range(subscribers) if each % PARTNERS == number % PARTNERS)
        for number in range(writes_per_second * seconds)
    )
    cuts = quantiles(deliveries.seconds, n=100)
    delivered, end_kb = len(deliveries.seconds), (server.memory() - empty) * 1024 / subscribers
    print(
        f"{writes_per_second} writes a second for {lasted:.0f} s: {delivered:,} of {expected:,} deliveries; "
        f"p50 {cuts[49] * 1000:.0f} ms, p99 {cuts[98] * 1000:.0f} ms; {delivered / worked:,.0f} deliveries a "
        f"CPU second, writes included; {end_kb:.0f} kB each at the end"
    )


def main() -> None:
    """Measure, and print what was found."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.subscribers", description=__doc__)
    parser.add_argument("--subscribers", type=int, default=2_000)
    parser.add_argument("--writes", type=int, default=20, help="writes a second")
    parser.add_argument("--seconds", type=int, default=20)
    given = parser.parse_args()
    (ours,) = (contender for contender in CONTENDERS if contender.name == OURS)

    def environment(start: Start) -> Mapping[str, str]:
        asyncio.run(_prepare(start))
        limits = {"MAX_SUBSCRIPTIONS_OF_ADDRESS": "10000"}
        return {**ours.environment(start), **limits}

    with serving(dataclasses.replace(ours, environment=environment), "FULL", under=("env",)) as server:
        asyncio.run(
            _measure(server, subscribers=given.subscribers, writes_per_second=given.writes, seconds=given.seconds)
        )


if __name__ == "__main__":
    main()
