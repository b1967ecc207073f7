"""The real server under load while its database restarts, is demoted, or has a full disk."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from http import HTTPStatus
from pathlib import Path
from time import monotonic

import asyncpg  # type: ignore[import-untyped]  # It has no types.
import pytest

from db.migrations import migrate
from tests import cnpjs
from tests.clusters import Cluster
from tests.disks import no_longer_files
from tests.e2e.load import CALLERS, QUERY, REGISTER, load, serving_on

END_OTHERS = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND pid <> ALL ($1)"""


@pytest.fixture(scope="module")
def server(own_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of one server for all tests: it needs no restart."""
    with serving_on(own_cluster.url, tmp_path_factory.mktemp("server")) as (server, _):
        yield server


@pytest.mark.parametrize("mode", ["fast", "immediate"])
async def test_a_restart_of_postgresql_loses_nothing_that_was_acknowledged(
    cluster: Cluster, server: str, mode: str, recovered: Callable[[float], None]
) -> None:
    async def restart() -> float:
        await asyncio.to_thread(cluster.stop, mode)
        away = await under_load.http.get("/readyz")
        await asyncio.to_thread(cluster.start)
        assert away.json() == {"status": "unavailable", "failed": "database"}
        return monotonic()

    async with load(server, cluster.url) as under_load:
        recovered(await under_load.run(restart))
        await under_load.check()


async def test_a_demotion_of_postgresql_stops_writes_until_it_is_promoted(
    cluster: Cluster, server: str, recovered: Callable[[float], None]
) -> None:
    async def demote() -> float:
        await asyncio.to_thread(cluster.demote)
        ready, read, written = (
            await under_load.http.get("/readyz"),
            await under_load.ask(QUERY),
            await under_load.ask(REGISTER, input={"cnpj": cnpjs.another(), "name": "Padaria"}),
        )
        await asyncio.to_thread(cluster.promote)
        assert (ready.status_code, ready.json()["failed"]) == (HTTPStatus.SERVICE_UNAVAILABLE, "writes")
        assert read is None
        assert written["extensions"] == {"code": "UNAVAILABLE"}
        return monotonic()

    async with load(server, cluster.url) as under_load:
        recovered(await under_load.run(demote))
        await under_load.check()


async def test_a_server_whose_connections_others_have_loses_nothing_that_was_acknowledged(
    cluster: Cluster, server: str, recovered: Callable[[float], None]
) -> None:
    async def take_all() -> float:
        enough = len(under_load.failures) + 3 * CALLERS
        async with AsyncExitStack() as stack:
            first = await stack.enter_async_context(cluster.connected())
            mine = [first.get_server_pid()]
            while len(under_load.failures) < enough:
                try:
                    taken = await stack.enter_async_context(cluster.connected())
                except asyncpg.TooManyConnectionsError:
                    await first.execute(END_OTHERS, mine)
                else:
                    mine.append(taken.get_server_pid())
        return monotonic()

    async with load(server, cluster.url) as under_load:
        recovered(await under_load.run(take_all))
        await under_load.check()


async def test_a_disk_that_is_full_for_a_while_loses_no_acknowledged_write(
    tmp_path: Path, recovered: Callable[[float], None]
) -> None:
    file = tmp_path / "portal.db"
    url = f"sqlite+aiosqlite:///{file}"
    migrate.upgrade(url)

    async def fill() -> float:
        failed = len(under_load.failures)
        with no_longer_files(file.with_name("portal.db-wal").stat().st_size, pid=process.pid):
            while len(under_load.failures) < failed + 3 * CALLERS:  # noqa: ASYNC110 — it polls anyway.
                await asyncio.sleep(0.01)
            full, read = await under_load.http.get("/readyz"), await under_load.ask(QUERY)
        assert (full.status_code, full.json()["failed"]) == (HTTPStatus.SERVICE_UNAVAILABLE, "writes")
        assert read is None
        return monotonic()

    with serving_on(url, tmp_path) as (server, process):
        async with load(server, url) as under_load:
            recovered(await under_load.run(fill))
            await under_load.check()
            ready = await under_load.http.get("/readyz")

    assert ready.status_code == HTTPStatus.OK
