"""`python -m benchmarks.subscribers`: subscribers of fifty partners while others write, beside servers on Node.

Each write changes another client, whose city then names it, so that each delivery can be told apart. A delivery takes
from the request of the mutation to the arrival of the event. The writes go to another process of the portal, on the
same database, for every contender; with `--writes-to self` they go to the portal that has the subscribers.
"""

import argparse
import asyncio
import contextlib
import dataclasses
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from itertools import cycle
from statistics import quantiles
from time import perf_counter
from typing import Any, NamedTuple

from benchmarks.contenders import CONTENDERS, FOLLOWED, Contender, Start
from benchmarks.processes import Server, free_port, fresh_database, running
from benchmarks.results import OURS
from benchmarks.streams import Caller, Deliveries, SocketSubscriber, Subscriber
from db import access, users
from db.access import NewToken
from db.engine import Database, Transaction
from domain.access import TokenKind

PARTNERS = 50
USERS = 4
"""Number of each partner's users."""

SELECTION = "{ number type occurredAt client { id name cnpj city state status } }"
SUBSCRIPTION = f"subscription {{ events {SELECTION} }}"
LAST = f"{{ events(last: 1) {{ nodes {SELECTION} }} }}"
CLIENTS = "{ clients(first: 100) { nodes { id } } }"
UPDATE = """mutation ($client: ID!, $city: String!) {
    updateClient(input: { clientId: $client, city: $city }) { client { id } } }"""

_PATIENCE_SECONDS = 120
_SETTLING_SECONDS = 3.0
_OPENED_AT_ONCE = 100


class OtherEventError(Exception):
    """A contender delivered another event than the portal has."""


class Write(NamedTuple):
    """One write: its partner's token, and its client."""

    token: str
    client: str


class Load(NamedTuple):
    """How many subscribers there are, how many tokens they have, and what is written."""

    subscribers: int
    tokens: int
    writes_per_second: int
    seconds: int


def secret(place: int) -> str:
    """Return a token of the partner that has this place among the fifty, in turn."""
    return "ppt_" + sha256(f"subscribers {place}".encode()).hexdigest()[:43]


def prepare(start: Start, tokens: int) -> None:
    """Add so many tokens to the database: those of a partner are of its users in turn."""

    async def add(tx: Transaction) -> None:
        for place in range(tokens):
            partner, number = place % PARTNERS, place // PARTNERS % USERS + 1
            user = await users.credentials(tx, f"pessoa{number}@revenda-{partner:02d}.example")
            if user is None:
                message = f"partner {partner} has no user {number}"
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

    async def run() -> None:
        database = Database(f"sqlite+aiosqlite:///{start.database}")
        await database.write(add)
        await database.close()

    asyncio.run(run())


async def opened(
    server: Server, kind: Callable[..., Subscriber], places: Sequence[int], tokens: int, deliveries: Deliveries
) -> list[Subscriber]:
    """Return a subscriber for each place, of the partners in turn."""
    loop, found = asyncio.get_running_loop(), list[Subscriber]()
    for begin in range(0, len(places), _OPENED_AT_ONCE):
        some = []
        for place in places[begin : begin + _OPENED_AT_ONCE]:
            headers = {
                "Authorization": f"Bearer {secret(place % tokens)}",
                # The peers have no tokens.
                "X-Partner": str(place % PARTNERS + 1),
            }
            some.append(kind(headers, SUBSCRIPTION, deliveries))
        for each in some:
            await loop.create_connection(lambda each=each: each, "127.0.0.1", server.port)  # type: ignore[misc]  # A default, not an argument.
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await asyncio.gather(*(each.begun for each in some))
        found += some
    return found


async def _measure(name: str, server: Server, writer: Server, load: Load) -> None:
    kind = SocketSubscriber if name.endswith("-websocket") else Subscriber
    deliveries, caller = Deliveries(), Caller(writer.port)
    clients = [await caller.ask(secret(place), CLIENTS) for place in range(PARTNERS)]
    writes = [
        [Write(secret(place), node["id"]) for node in data["clients"]["nodes"]]  # type: ignore[index]  # JSON.
        for place, data in enumerate(clients)
    ]
    empty = server.memory()
    subscribers = await opened(server, kind, range(load.subscribers), load.tokens, deliveries)
    await asyncio.sleep(_SETTLING_SECONDS)
    held = (server.memory() - empty) * 1024 / load.subscribers
    await _compare(name, subscribers[0], Caller(writer.port), writes[0][0], deliveries)
    worked = server.worked()
    await asyncio.sleep(load.seconds)
    idle = (server.worked() - worked) / load.seconds
    deliveries.seconds.clear()
    deliveries.received = 0

    order = cycle(write for each in zip(*writes, strict=False) for write in each)
    callers = [Caller(writer.port) for _ in range(4)]
    count = load.writes_per_second * load.seconds
    worked, began = server.worked(), perf_counter()
    for number in range(count):
        await asyncio.sleep(max(0.0, began + number / load.writes_per_second - perf_counter()))
        write = next(order)
        deliveries.requested[number] = perf_counter()
        await callers[number % 4].ask(write.token, UPDATE, client=write.client, city=f"w{number}")
    lasted = perf_counter() - began
    expected = sum(len(range(number % PARTNERS, load.subscribers, PARTNERS)) for number in range(count))
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while len(deliveries.seconds) < expected:  # noqa: ASYNC110 — it is not measured.
                await asyncio.sleep(0.01)
    worked = server.worked() - worked
    delivered, cuts = len(deliveries.seconds), quantiles(deliveries.seconds, n=100)
    end = (server.memory() - empty) * 1024 / load.subscribers
    print(
        f"{name:15} {delivered:,} of {expected:,} deliveries of {deliveries.received / delivered:.0f} bytes in "
        f"{lasted:.0f} s: {delivered / worked:,.0f} a CPU second; p50 {cuts[49] * 1000:.0f} ms, p99 "
        f"{cuts[98] * 1000:.0f} ms; {held:.0f} kB a subscriber, {end:.0f} at the end; {idle:.1%} of a core "
        "while nothing happens",
        flush=True,
    )


async def _compare(name: str, subscriber: Subscriber, caller: Caller, write: Write, deliveries: Deliveries) -> None:
    """Write once, and raise OtherEventError unless the subscriber gets what the portal has in its list."""
    arrived = subscriber.keep()
    deliveries.requested[-1] = perf_counter()
    await caller.ask(write.token, UPDATE, client=write.client, city="Campinas")
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while (found := arrived()) is None:  # noqa: ASYNC110 — it measures nothing.
            await asyncio.sleep(0.01)
    data: Any = await caller.ask(write.token, LAST)
    (right,) = data["events"]["nodes"]
    if found != right:
        message = f"{name} delivered {found}, and the portal has {right}"
        raise OtherEventError(message)


def main() -> None:
    """Measure one contender after the other, and print what was found."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.subscribers", description=__doc__)
    parser.add_argument("--only", default=",".join(FOLLOWED), help=f"some of {','.join(FOLLOWED)}")
    parser.add_argument("--subscribers", type=int, default=2_000)
    parser.add_argument("--tokens", type=int, default=PARTNERS, help=f"different tokens, at least {PARTNERS}")
    parser.add_argument("--writes", type=int, default=20, help="writes a second")
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--writes-to", choices=["other", "self"], default="other")
    given = parser.parse_args()
    names = given.only.split(",")
    if unknown := set(names) - set(FOLLOWED):
        parser.error(f"{', '.join(sorted(unknown))} is none of {','.join(FOLLOWED)}")
    load = Load(given.subscribers, given.tokens, given.writes, given.seconds)
    for _ in range(given.rounds):
        for name in names:
            _run(name, load, writes_to_self=given.writes_to == "self")


def _run(name: str, load: Load, *, writes_to_self: bool) -> None:
    contender = unlimited(FOLLOWED[name])
    contender.set_up()
    start = Start(fresh_database(), free_port(), "FULL")
    prepare(start, load.tokens)
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(running(contender, start, patience_seconds=_PATIENCE_SECONDS))
        writer = server
        if not writes_to_self:
            (portal,) = (each for each in CONTENDERS if each.name == OURS)
            other, elsewhere = dataclasses.replace(portal, name="writer"), dataclasses.replace(start, port=free_port())
            writer = stack.enter_context(running(other, elsewhere, patience_seconds=_PATIENCE_SECONDS))
        asyncio.run(_measure(name, server, writer, load))


def unlimited(contender: Contender) -> Contender:
    """Return a contender that has as many subscriptions from one address as are asked for."""
    limits = {"MAX_SUBSCRIPTIONS_OF_ADDRESS": "10000"}
    return dataclasses.replace(contender, environment=lambda start: {**contender.environment(start), **limits})


if __name__ == "__main__":
    main()
