"""A server that stops, or loses a process, answers every caller."""

import asyncio
import contextlib
import os
import re
import resource
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import httpx
import pytest

from tests import plain
from tests.e2e import data
from tests.e2e.processes import Server, serving
from tests.e2e.sockets import GRAPHQL, PATIENCE_SECONDS, TYPENAME, calling, post

NEW, KEPT = 10, 10
STALL_SECONDS = 0.5
"""Longer than a stopping server waits for a request on an idle connection."""
ANSWERS_BEFORE = 100
LENGTH = re.compile(rb"content-length: (\d+)")
FEW_FILES = 8
"""Fewer than the parent of two workers has open, and as many as it waits for."""
STARTED = re.compile(r"Started server process \[(\d+)\]")


class Served(NamedTuple):
    """Server, with its port and log."""

    process: Server
    port: int
    log: Path

    def workers(self) -> list[int]:
        """Return the processes that have served, in the order of their start."""
        return [int(pid) for pid in STARTED.findall(self.log.read_text())]

    def wait_for(self, ready: Callable[[], bool], *, every_seconds: float = 0.05) -> None:
        """Wait until the condition holds."""
        until = time.monotonic() + 4 * PATIENCE_SECONDS
        while not ready():
            assert time.monotonic() < until, self.log.read_text()[-2000:]
            time.sleep(every_seconds)

    def wait_for_workers(self, begun: int) -> None:
        """Wait until this number of processes have begun to serve, including those that ended."""
        self.wait_for(lambda: self.log.read_text().count("startup complete") >= begun)

    def answers(self) -> bool:
        """Return whether a new connection is answered by a process that is ready."""
        return plain.get(f"http://127.0.0.1:{self.port}/readyz", timeout=PATIENCE_SECONDS).is_success


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environment of a server on an empty database."""
    directory = tmp_path_factory.mktemp("shutdown")
    return data.migrated(directory, LOG_FORMAT="json")


@contextmanager
def served(
    environment: dict[str, str],
    log: Path,
    *,
    workers: int,
    program: bool = False,
    measured: bool = False,
    **settings: str,
) -> Iterator[Served]:
    given = environment | settings
    with serving(given, log, workers=workers, program=program, measured=measured) as (url, process):
        server = Served(process, int(url.rpartition(":")[2]), log)
        server.wait_for_workers(workers)
        yield server


def forking(server: Served) -> set[int]:
    """Return the processes that forked the server's workers."""
    parents = {int(Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()[1]) for each in server.workers()}
    return parents - {server.process.pid}


def end_children(parent: int, but: int) -> None:
    """Kill the process's children except one."""
    for each in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
        if int(each) != but:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(each), signal.SIGKILL)


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


def test_a_worker_that_ends_or_is_silent_is_replaced(environment: dict[str, str], tmp_path: Path) -> None:
    with served(environment, tmp_path / "log", workers=2, measured=True, WORKER_TIMEOUT_SECONDS="10") as server:
        killed, stopped = server.workers()
        for begun, (worker, sig) in enumerate([(killed, signal.SIGKILL), (stopped, signal.SIGSTOP)], 3):
            os.kill(worker, sig)
            server.wait_for_workers(begun)

            assert server.answers()

    assert server.process.returncode == 0
    assert "worker ended" in (log := server.log.read_text())
    assert "worker is silent" in log


def test_workers_are_replaced_when_the_process_that_forked_them_ends(
    environment: dict[str, str], tmp_path: Path
) -> None:
    with served(environment, tmp_path / "log", workers=2) as server:
        (fork,) = forking(server)
        os.kill(fork, signal.SIGKILL)
        server.wait_for_workers(4)
        server.wait_for(lambda: server.log.read_text().count("Finished server process") == 2)

        assert server.answers()

    assert server.process.returncode == 0


def test_a_worker_is_replaced_without_the_socket_of_the_process_that_forks(
    environment: dict[str, str], tmp_path: Path
) -> None:
    # The name of a socket has 107 characters at most, and pytest's folders are long.
    with (
        TemporaryDirectory() as folder,
        served(environment, tmp_path / "log", workers=2, measured=True, TMPDIR=folder) as server,
    ):
        (address,) = Path(folder).glob("pymp-*/listener-*")
        address.unlink()
        os.kill(server.workers()[0], signal.SIGKILL)
        server.wait_for_workers(3)

        assert server.answers()
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(PATIENCE_SECONDS) == 0

    assert "FileNotFoundError" in server.log.read_text()


def test_workers_start_where_no_socket_can_be_made(environment: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 25)
    folder.mkdir()
    with served(environment, tmp_path / "log", workers=2, program=True, TMPDIR=str(folder)) as server:
        assert server.answers()

    assert server.process.returncode == 0
    assert "a worker is not forked" in server.log.read_text()


def test_workers_that_end_before_they_serve_are_replaced_after_a_pause(
    environment: dict[str, str], tmp_path: Path
) -> None:
    with served(environment, tmp_path / "log", workers=2) as server:
        (fork,) = forking(server)
        serving_on = server.workers()[1]
        os.kill(server.workers()[0], signal.SIGKILL)

        def is_paused() -> bool:
            end_children(fork, serving_on)
            # Each doubles: the third in a row that ends before it serves is replaced after two seconds.
            return '"replaced_after_seconds":2.0' in server.log.read_text()

        # One that served between two looks is replaced at once, and the pauses begin anew.
        server.wait_for(is_paused, every_seconds=0.005)
        server.wait_for_workers(3)

        assert server.answers()

    assert server.process.returncode == 0


def test_workers_end_if_the_system_lets_their_parent_start_none(environment: dict[str, str], tmp_path: Path) -> None:
    with served(environment, tmp_path / "log", workers=2, program=True) as server:
        _, most = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (FEW_FILES, most))
        os.kill(server.workers()[0], signal.SIGKILL)

        assert server.process.wait(PATIENCE_SECONDS) != 0

    log = server.log.read_text()
    assert "Too many open files" in log
    assert log.count("Finished server process") == 1


def test_workers_are_renewed_without_a_pause(environment: dict[str, str], tmp_path: Path) -> None:
    with served(environment, tmp_path / "log", workers=2) as server:
        before = server.workers()
        server.process.send_signal(signal.SIGHUP)
        while server.log.read_text().count("Finished server process") < len(before):
            assert server.answers()

        assert server.answers()
        assert len(server.workers()) == 2 * len(before)

    assert server.process.returncode == 0


def test_workers_stay_if_those_that_renew_them_cannot_start(tmp_path: Path) -> None:
    environment = data.migrated(tmp_path / "data", LOG_FORMAT="json")
    secret, moved = tmp_path / "data" / "secret.key", tmp_path / "moved"
    with served(environment, tmp_path / "log", workers=2, measured=True) as server:
        before = server.workers()
        secret.rename(moved)
        server.process.send_signal(signal.SIGHUP)
        server.wait_for(lambda: "workers are not renewed" in server.log.read_text())
        assert server.answers()
        assert server.workers() == before

        moved.rename(secret)
        server.process.send_signal(signal.SIGHUP)
        server.wait_for(lambda: server.log.read_text().count("Finished server process") == len(before))
        assert server.answers()

    assert server.process.returncode == 0


def test_workers_end_with_their_parent(environment: dict[str, str], tmp_path: Path) -> None:
    with served(environment, tmp_path / "log", workers=2) as server:
        server.process.kill()
        server.process.wait(PATIENCE_SECONDS)
        server.wait_for(lambda: server.log.read_text().count("Finished server process") == 2)

        with pytest.raises(httpx.ConnectError):
            server.answers()
