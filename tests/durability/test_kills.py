"""Every acknowledged mutation is done once, and no refused one, while server processes and PostgreSQL are killed.

`CHANGE_KILLS` makes it longer, as `make torture` does.
"""

import asyncio
import os
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path
from random import Random
from secrets import randbits

import pytest

from db.doctor.checks import examine
from db.engine import Database
from resolvers.portal import Portal
from tests import plain
from tests.clusters import Cluster
from tests.databases import Databases
from tests.durability.changes import Asked, Load, events_of
from tests.durability.nodes import Node, nodes
from tests.durability.test_live import running
from tests.factories import new_caller, new_partner

KILLS = int(os.environ.get("CHANGE_KILLS", "26"))
CALLERS = 6

_DATABASE_KILLED_IN = 3
"""One kill of so many is PostgreSQL's own."""

_KILLS_OF_ONE = 4
"""During so many kills at least one mutation is done, or the run says nothing."""


async def kill_again_and_again(started: Sequence[Node], cluster: Cluster | None, random: Random) -> Counter[str]:
    """Kill processes, and all sessions of PostgreSQL at once; return how many of each."""
    kills = Counter[str]()
    for number in count(1):
        await asyncio.sleep(random.uniform(0.1, 0.6))
        if cluster is not None and number % _DATABASE_KILLED_IN == 0:
            await asyncio.to_thread(cluster.stop, "immediate")
            await asyncio.sleep(random.random() * 0.2)
            await asyncio.to_thread(cluster.start)
            kills["database"] += 1
        else:
            node = random.choice(started)
            node.kill()
            await asyncio.sleep(random.random() * 0.1)
            node.start()
            kills["server"] += 1
            await asyncio.to_thread(node.wait_until_ready)
        if number >= KILLS:
            return kills
    raise AssertionError


def wrong(asked: Sequence[Asked], by_user: dict[int, Counter[str]], expected: dict[str, Counter[str]]) -> list[object]:
    """Return what was not done though it was acknowledged, done twice, or done though it was not."""
    found: list[object] = []
    for each in asked:
        done = by_user.get(each.user_id, Counter())
        right = [expected[each.name]] if each.is_done else [Counter[str]()]
        if not each.is_done and each.may_be_done:
            right.append(expected[each.name])
        if done not in right:
            found.append((each, done))
    return found


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"], indirect=True)
async def test_acknowledged_mutations_are_done_once(
    engine: str, databases: Databases, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    seed = randbits(32)
    print(f"seed {seed}")  # noqa: T201 — pytest shows it with a failure.
    random = Random(seed)  # noqa: S311 — no secret.
    cluster: Cluster | None = request.getfixturevalue("cluster") if engine == "postgresql" else None
    url = databases.migrated(engine) if cluster is None else cluster.url
    database = Database(url)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        started = stack.enter_context(nodes(url, tmp_path, 2, RATE_LIMIT_PARTNER="0", RATE_LIMIT_ADDRESS="0"))
        http = await stack.enter_async_context(plain.AsyncClient(base_url=started[0].url, timeout=30))
        portal = Portal(database, b"s" * 32)
        load = Load(started, await new_caller(http, portal, await new_partner(portal)), random)
        expected = await load.one_of_each()
        callers = [asyncio.create_task(load.run()) for _ in range(CALLERS)]
        async with running(callers):
            kills = await kill_again_and_again(started, cluster, random)
            load.is_ending = True
            await asyncio.gather(*callers)
        by_user = await events_of(database, load.partner_id)
        findings = [each for each in await examine(database) if each.partner_id in {None, load.partner_id}]

    outcomes = Counter("done" if each.is_done else (each.answers or ["unasked"])[-1] for each in load.asked)
    tries = sum(len(each.answers) for each in load.asked)
    print(f"{dict(kills)} kills, {len(load.asked)} mutations in {tries} tries: {dict(outcomes)}")  # noqa: T201 — the same.
    assert load.internal == []
    assert wrong(load.asked, by_user, expected) == []
    assert findings == []
    assert outcomes["done"] > KILLS // _KILLS_OF_ONE
