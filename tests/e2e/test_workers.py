"""Workers that end are replaced, those that are renewed too, and none outlives its parent."""

import contextlib
import os
import resource
import signal
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest

from tests.e2e import data
from tests.e2e.served import Served, served
from tests.e2e.sockets import PATIENCE_SECONDS

FEW_FILES = 8
"""Fewer than the parent of two workers has open, and as many as it waits for."""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environment of a server on an empty database."""
    directory = tmp_path_factory.mktemp("workers")
    return data.migrated(directory, LOG_FORMAT="json")


def forking(server: Served) -> set[int]:
    """Return the processes that forked the server's workers."""
    parents = {int(Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()[1]) for each in server.workers()}
    return parents - {server.process.pid}


def children(parent: int) -> set[int]:
    """Return the process's children."""
    return {int(each) for each in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()}


def end_workers(server: Served, fork: int, but: int) -> None:
    """Kill the server's workers except one: those that were forked, and one that could not be."""
    for each in children(fork) | (children(server.process.pid) & set(server.workers())):
        if each != but:
            with contextlib.suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)


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
    with served(environment, tmp_path / "log", workers=2, TMPDIR=str(folder)) as server:
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
            end_workers(server, fork, serving_on)
            # Each doubles: the third in a row that ends before it serves is replaced after two seconds.
            return '"replaced_after_seconds":2.0' in server.log.read_text()

        # One that served between two looks is replaced at once, and the pauses begin anew.
        server.wait_for(is_paused, every_seconds=0.005)
        server.wait_for_workers(3)

        assert server.answers()

    assert server.process.returncode == 0


def test_workers_end_if_the_system_lets_their_parent_start_none(environment: dict[str, str], tmp_path: Path) -> None:
    with served(environment, tmp_path / "log", workers=2) as server:
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
        # One of those that were to renew them may find the secret, and ends so too.
        ends = [f"Finished server process [{pid}]" for pid in before]
        server.wait_for(lambda: all(end in server.log.read_text() for end in ends))
        assert server.answers()

    assert server.process.returncode == 0


def test_workers_end_with_their_parent(environment: dict[str, str], tmp_path: Path) -> None:
    with served(environment, tmp_path / "log", workers=2) as server:
        server.process.kill()
        server.process.wait(PATIENCE_SECONDS)
        server.wait_for(lambda: server.log.read_text().count("Finished server process") == 2)

        with pytest.raises(httpx.ConnectError):
            server.answers()


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
def test_a_server_stops_though_the_process_that_forks_hangs(
    environment: dict[str, str], tmp_path: Path, sig: signal.Signals
) -> None:
    with served(environment, tmp_path / "log", workers=2) as server:
        (fork,) = forking(server)
        os.kill(fork, signal.SIGSTOP)
        server.process.send_signal(sig)

        assert server.process.wait(PATIENCE_SECONDS) == 0

    assert server.log.read_text().count("Finished server process") == 2


def test_a_worker_is_replaced_though_the_process_that_forks_hangs(environment: dict[str, str], tmp_path: Path) -> None:
    with served(environment, tmp_path / "log", workers=2) as server:
        (fork,) = forking(server)
        os.kill(fork, signal.SIGSTOP)
        os.kill(server.workers()[0], signal.SIGKILL)
        server.wait_for_workers(4)
        # The other worker is replaced too, which may be what a first caller meets.
        server.wait_for(server.answers)

    assert server.process.returncode == 0


def test_workers_that_never_served_end_when_they_are_renewed(environment: dict[str, str], tmp_path: Path) -> None:
    with served(environment, tmp_path / "log", workers=2, program=True) as server:
        for renewed in range(1, 6):
            server.process.send_signal(signal.SIGHUP)
            server.wait_for(lambda: server.log.read_text().count("renewing the workers") == renewed)  # noqa: B023 — it is called here.
        server.wait_for(lambda: server.log.read_text().count("Finished server process") == 2)

        assert server.answers()
        assert len(server.workers()) == 4

    assert server.process.returncode == 0
