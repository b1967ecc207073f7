"""Every acknowledged mutation is done once, and no refused one, while server processes and PostgreSQL are killed.

`CHANGE_KILLS` and `CHANGE_MINUTES` say how many kills it has and how long it lasts, at least, as in `make torture`. A
failed run prints its seed; `CHANGE_SEED` chooses the same kills and mutations again, as far as the machine's speed
allows it.
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
from time import monotonic

import pytest

from db.doctor.checks import examine
from db.engine import Database
from domain.access import Role
from resolvers.portal import Portal
from tests import plain
from tests.clusters import Cluster
from tests.databases import Databases
from tests.durability.asked import wrong
from tests.durability.changes import Load, events_of
from tests.durability.nodes import Node, nodes
from tests.durability.test_kinds import KINDS
from tests.factories import new_caller, new_partner, new_vendor

KILLS = int(os.environ.get("CHANGE_KILLS", "26"))
SECONDS = float(os.environ.get("CHANGE_MINUTES", "0")) * 60
SEED = os.environ.get("CHANGE_SEED")
CALLERS = 6

_DATABASE_KILLED_IN = 3
"""One kill of so many is PostgreSQL's own."""

_DONE_BETWEEN = (4, 12)
"""How many mutations are done from one kill to the next, at least and at most, before it comes at any moment."""


async def kill_again_and_again(
    started: Sequence[Node], cluster: Cluster | None, load: Load, random: Random
) -> Counter[str]:
    """Kill processes, and all sessions of PostgreSQL at once; return how many of each."""
    kills, enough = Counter[str](), random.randint(*_DONE_BETWEEN)
    until = monotonic() + SECONDS
    for number in count(1):
        await load.until_done(enough)
        enough = load.done + random.randint(*_DONE_BETWEEN)
        await asyncio.sleep(random.random() * 0.1)
        if cluster is not None and number % _DATABASE_KILLED_IN == 0:
            await asyncio.to_thread(cluster.stop, "immediate")
            await asyncio.sleep(random.random() * 0.2)
            await asyncio.to_thread(cluster.start)
            kills["database"] += 1
        else:
            node = random.choice(started)
            # The others serve while it starts.
            await asyncio.to_thread(node.wait_until_ready)
            node.kill()
            await asyncio.sleep(random.random() * 0.1)
            node.start()
            kills["server"] += 1
        if number >= KILLS and monotonic() >= until:
            return kills
    raise AssertionError


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"], indirect=True)
async def test_acknowledged_mutations_are_done_once(
    engine: str, databases: Databases, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    seed = randbits(32) if SEED is None else int(SEED)
    print(f"seed {seed}")  # noqa: T201 — pytest shows it with a failure.
    # Kills don't depend on how many times callers have chosen.
    of_kills, of_load = Random(seed), Random(seed + 1)  # noqa: S311 — no secret.
    cluster: Cluster | None = request.getfixturevalue("cluster") if engine == "postgresql" else None
    url = databases.migrated(engine) if cluster is None else cluster.url
    database = Database(url)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        rates = dict.fromkeys(("RATE_LIMIT_ADDRESS", "RATE_LIMIT_PARTNER", "RATE_LIMIT_VENDOR"), "0")
        started = stack.enter_context(nodes(url, tmp_path, 2, **rates))
        http = await stack.enter_async_context(plain.AsyncClient(base_url=started[0].url, timeout=30))
        portal = Portal(database, b"s" * 32)
        vendor = await new_caller(http, portal, await new_vendor(portal), role=Role.VENDOR_ADMIN)
        api = await new_caller(http, portal, await new_partner(portal))
        load = Load(started, api, of_load, kinds=KINDS, vendor=vendor)
        expected = await load.one_of_each()
        await load.contend()
        async with asyncio.TaskGroup() as callers:
            for _ in range(CALLERS):
                callers.create_task(load.run())
            kills = await kill_again_and_again(started, cluster, load, of_kills)
            await load.until_complete()
            load.is_ending = True
        for node in started:
            await asyncio.to_thread(node.wait_until_ready)
        by_user = await events_of(database)
        findings = [each for each in await examine(database) if (each.partner_id or api.partner_id) >= api.partner_id]
        sessions, misstated = await load.wrong_sessions(), await load.misstated()

    outcomes = Counter("done" if each.is_done else (each.answers or ["unasked"])[-1] for each in load.asked)
    tries = sum(len(each.answers) for each in load.asked)
    print(f"{dict(kills)} kills, {len(load.asked)} mutations in {tries} tries: {dict(outcomes)}")  # noqa: T201 — the same.
    assert load.internal == []
    assert wrong(load.asked, by_user, expected) == []
    assert (findings, misstated, sessions) == ([], [], [])
