"""The real server under load behind PgBouncer, while PostgreSQL or the pooler is away."""

import asyncio
from collections.abc import Callable, Iterator
from http import HTTPStatus
from time import monotonic
from typing import NamedTuple

import pytest

from tests.clusters import Cluster
from tests.e2e.load import CALLERS, QUERY, load, serving_on
from tests.poolers import Pooler, pooling

_WITHIN_SECONDS = 10
"""The pooler of the documentation tries again much sooner, and one with its own setting would wait for 15 seconds."""


class Pooled(NamedTuple):
    """Server that reaches its database through a pooler."""

    server: str
    pooler: Pooler


@pytest.fixture(scope="module")
def pooled(own_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pooled]:
    """One server for all tests: it needs no restart."""
    with (
        pooling(own_cluster, sessions=2 * CALLERS) as pooler,
        serving_on(f"{pooler.url}&pooler=transaction", tmp_path_factory.mktemp("server")) as (server, _),
    ):
        yield Pooled(server, pooler)


@pytest.mark.parametrize("mode", ["fast", "immediate"])
async def test_a_restart_behind_a_pooler_loses_nothing_that_was_acknowledged(
    cluster: Cluster, pooled: Pooled, mode: str, recovered: Callable[[float], None]
) -> None:
    async def restart() -> float:
        await asyncio.to_thread(cluster.stop, mode)
        away = await under_load.http.get("/readyz")
        await asyncio.to_thread(cluster.start)
        assert away.json() == {"status": "unavailable", "failed": "database"}
        return monotonic()

    async with load(pooled.server, cluster.url) as under_load:
        recovered(await under_load.run(restart, within=_WITHIN_SECONDS))
        await under_load.check()


async def test_a_demotion_behind_a_pooler_stops_writes_until_it_is_promoted(
    cluster: Cluster, pooled: Pooled, recovered: Callable[[float], None]
) -> None:
    async def demote() -> float:
        await asyncio.to_thread(cluster.demote)
        async with asyncio.timeout(_WITHIN_SECONDS):
            while await under_load.ask(QUERY) is not None:  # noqa: ASYNC110 — it polls anyway.
                await asyncio.sleep(0.01)
        ready = await under_load.http.get("/readyz")
        await asyncio.to_thread(cluster.promote)
        assert (ready.status_code, ready.json()["failed"]) == (HTTPStatus.SERVICE_UNAVAILABLE, "writes")
        return monotonic()

    async with load(pooled.server, cluster.url) as under_load:
        recovered(await under_load.run(demote, within=_WITHIN_SECONDS))
        await under_load.check()


async def test_a_killed_pooler_loses_nothing_that_was_acknowledged(
    cluster: Cluster, pooled: Pooled, recovered: Callable[[float], None]
) -> None:
    async def kill() -> float:
        failed = len(under_load.failures)
        pooled.pooler.kill()
        while len(under_load.failures) < failed + CALLERS:  # noqa: ASYNC110 — it polls anyway.
            await asyncio.sleep(0.01)
        away = await under_load.http.get("/readyz")
        await asyncio.to_thread(pooled.pooler.start)
        assert away.json() == {"status": "unavailable", "failed": "database"}
        return monotonic()

    async with load(pooled.server, cluster.url) as under_load:
        recovered(await under_load.run(kill, within=_WITHIN_SECONDS))
        await under_load.check()
