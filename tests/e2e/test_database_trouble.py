"""The real server under load while its database restarts, is demoted, has a full disk, is moved, or is copied."""

import asyncio
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, closing
from http import HTTPStatus
from pathlib import Path
from time import monotonic
from uuid import uuid4

import asyncpg  # type: ignore[import-untyped]  # It has no types.
import pytest

from tests import cnpjs
from tests.clusters import Cluster, proxied
from tests.disks import no_longer_files
from tests.e2e import data
from tests.e2e.load import CALLERS, QUERY, REGISTER, load, serving_on
from tests.e2e.processes import portal

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


async def test_a_silent_server_keeps_few_callers_waiting_and_loses_nothing(
    cluster: Cluster, tmp_path: Path, recovered: Callable[[float], None]
) -> None:
    async def silence() -> float:
        proxy.silence()
        # The first callers wait, and then know that there is no answer.
        while len(under_load.failures) < CALLERS:  # noqa: ASYNC110 — it polls anyway.
            await asyncio.sleep(0.01)
        opened, failed = proxy.accepted, len(under_load.failures)
        away = await under_load.http.get("/readyz")
        while len(under_load.failures) < failed + 20 * CALLERS:  # noqa: ASYNC110 — it polls anyway.
            await asyncio.sleep(0.01)
        assert (away.status_code, away.json()["failed"]) == (HTTPStatus.SERVICE_UNAVAILABLE, "database")
        # The pools for reads and for writes open one each second.
        assert proxy.accepted - opened < CALLERS
        proxy.is_silent = False
        return monotonic()

    # An opening that hangs takes longer than the recovery may.
    settings = {"DATABASE_CONNECT_SECONDS": "3", "RATE_LIMIT_URL": "memory://"}
    with proxied(cluster) as proxy, serving_on(proxy.url, tmp_path, **settings) as (server, _):
        async with load(server, cluster.url) as under_load:
            recovered(await under_load.run(silence))
            await under_load.check()


async def test_a_disk_that_is_full_for_a_while_loses_no_acknowledged_write(
    tmp_path: Path, recovered: Callable[[float], None]
) -> None:
    file = tmp_path / "portal.db"
    url = f"sqlite+aiosqlite:///{file}"
    data.migrated(tmp_path)

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


@pytest.mark.parametrize("has_other", [False, True], ids=["nothing", "another program's"])
async def test_a_file_that_is_moved_for_a_while_loses_no_acknowledged_write(
    tmp_path: Path,
    has_other: bool,  # noqa: FBT001 — pytest gives it.
    recovered: Callable[[float], None],
) -> None:
    file = tmp_path / "portal.db"
    url = f"sqlite+aiosqlite:///{file}"
    data.migrated(tmp_path)
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE notes (text TEXT)")

    async def move() -> float:
        failed = len(under_load.failures)
        shutil.move(file, tmp_path / "moved.db")
        if has_other:
            shutil.move(tmp_path / "other.db", file)
        while len(under_load.failures) < failed + 3 * CALLERS:  # noqa: ASYNC110 — it polls anyway.
            await asyncio.sleep(0.01)
        away = await under_load.http.get("/readyz")
        shutil.move(tmp_path / "moved.db", file)
        assert (away.status_code, away.json()["failed"]) == (HTTPStatus.SERVICE_UNAVAILABLE, "database")
        return monotonic()

    with serving_on(url, tmp_path) as (server, _):
        async with load(server, url) as under_load:
            recovered(await under_load.run(move))
            await under_load.check()
            ready = await under_load.http.get("/readyz")

    assert ready.status_code == HTTPStatus.OK


async def test_a_backup_under_load_has_every_write_that_was_acknowledged_before(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/portal.db"
    data.migrated(tmp_path)
    environment = {**os.environ, "DATABASE_URL": url, "SECRET_KEY": uuid4().hex}

    async def back_up() -> float:
        for number in range(2):
            before = set(under_load.done)
            await asyncio.to_thread(portal, environment, "backup", f"{tmp_path}/{number}.db")
            with closing(sqlite3.connect(tmp_path / f"{number}.db")) as copy:
                assert before <= {cnpj for (cnpj,) in copy.execute("SELECT cnpj FROM clients")}
        with pytest.raises(subprocess.CalledProcessError):
            await asyncio.to_thread(portal, environment, "restore", f"{tmp_path}/0.db", "--replace")
        return monotonic()

    with serving_on(url, tmp_path) as (server, _):
        async with load(server, url) as under_load:
            await under_load.run(back_up)

            assert under_load.failures == []
            assert await under_load.stored() == under_load.done
