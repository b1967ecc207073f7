"""Ports that a server can't have are named, and never taken without serving."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from server import shutdown
from tests.e2e import forks
from tests.e2e.processes import free_port, serving

PATIENCE_SECONDS = 60


def served(environment: dict[str, str], *options: str) -> "subprocess.Popen[str]":
    """Start a server whose output is read."""
    return subprocess.Popen(
        [str(forks.portal()), "serve", *options],
        cwd=forks.ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def refusal(environment: dict[str, str], *options: str) -> tuple[int, str]:
    """Return the exit status and the last line of a server that does not start."""
    with served(environment, *options) as process:
        output, _ = process.communicate(timeout=PATIENCE_SECONDS)
    return process.returncode, output.splitlines()[-1]


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with closing(socket.create_server(("127.0.0.1", 0))) as found:
        yield found


def test_a_port_of_another_program_is_named(environment: dict[str, str], listening: socket.socket) -> None:
    port = str(listening.getsockname()[1])

    status, said = refusal(environment, "--port", port)

    assert status == 1
    assert f"Port {port} of 127.0.0.1 can't be listened on: Address already in use. Choose another with --port" in said


def test_an_address_of_another_machine_is_named(environment: dict[str, str]) -> None:
    status, said = refusal(environment, "--port", "0", "--host", "192.0.2.1")

    assert status == 1
    assert "or another address of this machine with --host or HOST" in said


def test_a_name_that_is_not_known_is_said_and_no_port(environment: dict[str, str]) -> None:
    with served(environment, "--port", "0", "--host", "no.such.host.invalid") as process:
        output, _ = process.communicate(timeout=PATIENCE_SECONDS)

    assert process.returncode == 1
    assert output == (
        "The name no.such.host.invalid is not known; correct --host or HOST, or see the name service of this machine.\n"
    )


@pytest.mark.parametrize("host", ["[::1]", "256.1.1.1", "a b"])
def test_what_can_be_no_host_is_wrong_for_good(environment: dict[str, str], host: str) -> None:
    option, setting = refusal(environment, "--host", host), refusal(environment | {"HOST": host})

    assert (option[0], setting[0]) == (2, 2)
    assert option[1].startswith("--host: it has to be an address, such as 127.0.0.1 or ::1, without brackets")
    assert setting[1].startswith("HOST: it has to be an address, such as 127.0.0.1 or ::1, without brackets")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_metrics_on_the_port_of_the_api_are_refused(environment: dict[str, str], workers: str) -> None:
    port = str(free_port())

    status, said = refusal(environment | {"METRICS_PORT": port}, "--port", port, "--workers", workers)

    assert status == 1
    assert f"Port {port} of 127.0.0.1 can't be listened on: Address already in use. Choose another with METRICS" in said


def test_of_two_servers_that_start_at_once_one_has_the_port(environment: dict[str, str], tmp_path: Path) -> None:
    port = free_port()
    # As a server has it between the two steps.
    with socket.socket() as bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(("127.0.0.1", port))
        with serving(environment, tmp_path / "log", port=port):
            with pytest.raises(OSError, match="in use"):
                bound.listen()
            status, _ = refusal(environment, "--port", str(port))

    assert status == 1


def test_a_socket_that_does_not_listen_has_no_connections_to_wait_for() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        bound.settimeout(0)

        assert list(shutdown._waiting(bound)) == []  # noqa: SLF001 — a server's own always listens.
