"""A server that stops answers every caller."""

import asyncio
import os
import re
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy.engine import make_url

from db.engine import Database
from resolvers.portal import Portal
from tests import plain
from tests.clusters import Cluster
from tests.databases import Databases
from tests.e2e import data
from tests.e2e.processes import Server, serving, wait_until
from tests.e2e.served import served
from tests.e2e.sockets import GRAPHQL, PATIENCE_SECONDS, TYPENAME, calling, post
from tests.factories import new_caller, new_partner

NEW, KEPT = 10, 10
STALL_SECONDS = 0.5
"""Longer than a stopping server waits for a request on an idle connection."""
ANSWERS_BEFORE = 100
LENGTH = re.compile(rb"content-length: (\d+)")


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environment of a server on an empty database."""
    directory = tmp_path_factory.mktemp("shutdown")
    return data.migrated(directory, LOG_FORMAT="json")


class Load:
    """Callers with new and kept connections, until the server accepts no more; with each request's outcome."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.outcomes = Counter[str]()
        self.enough = asyncio.Event()

    async def run(self, stop: Callable[[], None]) -> Counter[str]:
        """Send requests until there are enough answers, stop the server, and continue until it refuses."""
        async with asyncio.timeout(2 * PATIENCE_SECONDS), asyncio.TaskGroup() as callers:
            for _ in range(NEW):
                callers.create_task(self._connect_again_and_again(requests=1))
            for _ in range(KEPT):
                callers.create_task(self._connect_again_and_again(requests=None))
            await self.enough.wait()
            stop()
        return self.outcomes

    async def _connect_again_and_again(self, requests: int | None) -> None:
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except ConnectionRefusedError:
                return
            try:
                await self._ask(reader, writer, requests)
            except (OSError, asyncio.IncompleteReadError) as error:
                self.outcomes[repr(error)] += 1
            finally:
                writer.close()

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, requests: int | None) -> None:
        closing, ready_at = False, asyncio.get_running_loop().time()
        while not closing and requests != 0:
            if asyncio.get_running_loop().time() - ready_at > STALL_SECONDS:
                return
            writer.write(post(TYPENAME))
            head = await reader.readuntil(b"\r\n\r\n")
            found = LENGTH.search(head)
            assert found is not None
            body = await reader.readexactly(int(found[1]))
            assert b'"Query"' in body
            closing = b"connection: close" in head
            self.outcomes["answered"] += 1
            if self.outcomes["answered"] == ANSWERS_BEFORE:
                self.enough.set()
            requests = None if requests is None else requests - 1
            ready_at = asyncio.get_running_loop().time()
            await asyncio.sleep(0.005)


Send = Callable[[Server, signal.Signals], None]


def to_the_parent(process: Server, sig: signal.Signals) -> None:
    process.send_signal(sig)


def to_all(process: Server, sig: signal.Signals) -> None:
    os.killpg(process.pid, sig)


@pytest.mark.parametrize(
    ("workers", "send", "sig"),
    [
        (1, to_the_parent, signal.SIGTERM),
        (1, to_the_parent, signal.SIGHUP),
        (2, to_the_parent, signal.SIGTERM),
        (2, to_all, signal.SIGTERM),
        (2, to_all, signal.SIGINT),
    ],
)
def test_a_server_that_stops_answers_every_connection_that_it_let_in(
    environment: dict[str, str],
    tmp_path: Path,
    workers: int,
    send: Callable[[Server, signal.Signals], None],
    sig: signal.Signals,
) -> None:
    with served(environment, tmp_path / "log", workers=workers) as server:
        outcomes = asyncio.run(Load(server.port).run(lambda: send(server.process, sig)))
        status = server.process.wait(PATIENCE_SECONDS)

    assert set(outcomes) == {"answered"}
    assert status == 0
    assert "before all was answered" not in server.log.read_text()


def test_a_request_in_flight_is_answered_before_the_server_stops(environment: dict[str, str], tmp_path: Path) -> None:
    with (
        served(environment, tmp_path / "log", workers=1, measured=True) as server,
        calling(server.port) as sending,
        calling(server.port) as idle,
    ):
        idle.send(post())
        assert idle.answer().headers.get("connection") is None
        sending.send(GRAPHQL + b"Content-Length: %d\r\n\r\n" % len(TYPENAME), TYPENAME[:5])
        time.sleep(0.2)
        server.process.send_signal(signal.SIGTERM)
        ended = idle.answers()
        sending.send(TYPENAME[5:])
        answer = sending.answer()
        status = server.process.wait(PATIENCE_SECONDS)

    assert ended == []
    assert (answer.status, answer.headers["connection"]) == (200, "close")
    assert status == 0


def test_a_server_that_stops_is_not_ready(environment: dict[str, str], tmp_path: Path) -> None:
    with (
        served(environment, tmp_path / "log", workers=1, measured=True) as server,
        calling(server.port) as asking,
    ):
        asking.send(b"GET /readyz HTTP/1.1\r\n")
        time.sleep(0.2)
        server.process.send_signal(signal.SIGTERM)
        server.wait_for(lambda: '"stopping"' in server.log.read_text())
        asking.send(b"Host: portal\r\n\r\n")
        answer = asking.answer()

    assert (answer.status, answer.json) == (503, {"status": "unavailable", "failed": "stopping"})
    assert answer.headers["connection"] == "close"


def test_workers_leave_ctrl_c_to_their_parent(environment: dict[str, str], tmp_path: Path) -> None:
    with (
        served(environment, tmp_path / "log", workers=2, measured=True) as server,
        calling(server.port) as sending,
    ):
        sending.send(GRAPHQL + b"Content-Length: %d\r\n\r\n" % len(TYPENAME), TYPENAME[:5])
        server.process.send_signal(signal.SIGTERM)
        server.wait_for(lambda: server.log.read_text().count('"stopping"') == 2)
        # A signal to all may reach them after what their parent sends because of it.
        for worker in server.workers():
            os.kill(worker, signal.SIGINT)
        time.sleep(0.5)
        sending.send(TYPENAME[5:])
        answer = sending.answer()

    assert (answer.status, server.process.returncode) == (200, 0)


def test_a_parent_ends_after_its_workers_when_a_signal_reaches_all(environment: dict[str, str], tmp_path: Path) -> None:
    with served(environment, tmp_path / "log", workers=2) as server, calling(server.port) as sending:
        sending.send(GRAPHQL + b"Content-Length: %d\r\n\r\n" % len(TYPENAME), TYPENAME[:5])
        to_all(server.process, signal.SIGTERM)
        server.wait_for(lambda: server.log.read_text().count('"stopping"') == 2)
        # If the process that forked them had ended, the parent would not wait for them.
        time.sleep(0.5)
        sending.send(TYPENAME[5:])
        answer = sending.answer()

    log = server.log.read_text()
    assert answer.status == 200
    assert log.index('"stopped"') > log.rindex("Finished server process")


def test_a_second_ctrl_c_ends_requests_in_flight(environment: dict[str, str], tmp_path: Path) -> None:
    with (
        served(environment, tmp_path / "log", workers=2, measured=True) as server,
        calling(server.port) as sending,
    ):
        sending.send(GRAPHQL + b"Content-Length: %d\r\n\r\n" % len(TYPENAME), TYPENAME[:5])
        to_all(server.process, signal.SIGINT)
        server.wait_for(lambda: server.log.read_text().count('"stopping"') == 2)
        to_all(server.process, signal.SIGINT)
        with pytest.raises((EOFError, ConnectionError)):
            sending.answer()

    assert server.process.returncode == 0


@contextmanager
def with_a_token_used(url: str, log: Path) -> Iterator[Server]:
    """Yield a server that has the last use of a token to write, and a connection for it."""
    secret = uuid4().hex
    given = {
        "DATABASE_URL": url.replace("+asyncpg", "").replace("+aiosqlite", ""),
        "SECRET_KEY": secret,
        "LOG_FORMAT": "json",
    }
    with serving({**os.environ, **given}, log) as (address, process):
        asyncio.run(use_a_token(url, address, secret))
        yield process


async def use_a_token(database_url: str, address: str, secret: str) -> None:
    database = Database(database_url)
    portal = Portal(database, secret.encode())
    async with plain.AsyncClient(base_url=address) as http:
        caller = await new_caller(http, portal, await new_partner(portal))
        await caller.client()
    await database.close()


def test_a_server_whose_database_hangs_ends_soon(cluster: Cluster, tmp_path: Path) -> None:
    with with_a_token_used(cluster.url, tmp_path / "log") as process, cluster.frozen():
        process.send_signal(signal.SIGTERM)
        process.wait(30)

    assert "the last uses of tokens were not written" in (tmp_path / "log").read_text()


def test_a_second_ctrl_c_waits_for_no_database(cluster: Cluster, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with with_a_token_used(cluster.url, log) as process, cluster.frozen():
        process.send_signal(signal.SIGINT)
        wait_until(lambda: "Waiting for application shutdown" in log.read_text())
        process.send_signal(signal.SIGINT)
        process.wait(30)

    assert "Application shutdown complete" not in log.read_text()
    assert "Traceback" not in log.read_text()


def test_a_second_ctrl_c_ends_a_server_whose_file_is_locked(databases: Databases, tmp_path: Path) -> None:
    url, log = databases.migrated("sqlite"), tmp_path / "log"
    with with_a_token_used(url, log) as process, closing(sqlite3.connect(str(make_url(url).database))) as other:
        other.execute("BEGIN IMMEDIATE")
        process.send_signal(signal.SIGINT)
        wait_until(lambda: "Waiting for application shutdown" in log.read_text())
        process.send_signal(signal.SIGINT)
        process.wait(30)

    assert "Traceback" not in log.read_text()
