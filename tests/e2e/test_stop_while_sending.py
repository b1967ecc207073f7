"""A server that stops while it sends a webhook, and its database does not answer."""

import asyncio
import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import pytest
from sqlalchemy.engine import make_url

from db.engine import Database
from resolvers.portal import Portal
from tests import plain
from tests.clusters import Cluster
from tests.databases import Databases
from tests.e2e.processes import serving
from tests.factories import new_caller, new_partner
from tests.receivers import receiving
from tests.server.webhooks.hooks import new_hook


class Stoppable(NamedTuple):
    """Database, and what keeps it from answering."""

    url: str
    stopped: Callable[[], AbstractContextManager[None]]


@contextmanager
def _locked(url: str) -> Iterator[None]:
    with closing(sqlite3.connect(str(make_url(url).database), timeout=60, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@pytest.fixture
def stoppable(engine: str, databases: Databases, request: pytest.FixtureRequest) -> Stoppable:
    """Database that can be stopped: a file of SQLite is locked by another process, PostgreSQL hangs."""
    if engine == "sqlite":
        url = databases.migrated("sqlite")
        return Stoppable(url, lambda: _locked(url))
    cluster: Cluster = request.getfixturevalue("cluster")
    return Stoppable(cluster.url, cluster.frozen)


async def test_a_stopping_server_gives_leases_back_only_if_it_can(stoppable: Stoppable, tmp_path: Path) -> None:
    secret, log = uuid4().hex, tmp_path / "log"
    environment = {
        **os.environ,
        "DATABASE_URL": stoppable.url.replace("+asyncpg", "").replace("+aiosqlite", ""),
        "SECRET_KEY": secret,
        "WEBHOOKS_ALLOW_PRIVATE": "true",
    }
    database = Database(stoppable.url)
    portal = Portal(database, secret.encode(), private_webhooks=True)
    async with receiving() as receiver:
        receiver.always = "hang"
        with serving(environment, log) as (address, process):
            async with plain.AsyncClient(base_url=address, timeout=60) as http:
                caller = await new_caller(http, portal, await new_partner(portal))
                await new_hook(caller, receiver, filter={"types": ["CLIENT_REGISTERED"]})
                await caller.client()
                await receiver.arrived.wait()
            await database.close()

            with stoppable.stopped():
                process.send_signal(signal.SIGTERM)
                status = await asyncio.to_thread(process.wait, 40)

    assert status == 0
    assert "Traceback" not in log.read_text()
