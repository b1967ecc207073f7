"""Command line and server as an operator starts them, and curl as a reader of the documentation runs it."""

import argparse
import contextlib
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import BinaryIO, TypeAlias

import httpx

from tests import plain
from tests.e2e import forks
from tests.e2e.forks import ROOT

Server: TypeAlias = subprocess.Popen[bytes] | forks.Process

_READY_SECONDS = 120
"""How long a server may take to its first answer: one that imports everything takes a minute on a busy machine.

It is far below pytest's limit for a test, so that what fails shows the log.
"""
_ANSWER_SECONDS = 30
"""How long one answer may take."""


def portal(environment: dict[str, str], *arguments: str, typed: str | None = None) -> str:
    """Return the output of a command that succeeds."""
    with (
        tempfile.TemporaryFile() as given,
        tempfile.TemporaryFile() as output,
        os.fdopen(2, "wb", closefd=False) as error_output,
    ):
        given.write((typed or "").encode())
        given.seek(0)
        status = forks.Process(arguments, environment, output, error_output, given=given).wait()
        output.seek(0)
        printed = output.read().decode()
    if status != 0:
        raise subprocess.CalledProcessError(status, ["portal", *arguments], printed)
    return printed


@contextmanager
def serving(
    environment: dict[str, str],
    log: Path,
    *,
    workers: int = 1,
    errors: Path | None = None,
    program: bool | str = False,
    measured: bool = False,
    port: int | None = None,
) -> Iterator[tuple[str, Server]]:
    """Yield the address of a ready server, and its process, which leads a group; stop it at the end.

    `log` gets all that it prints, or, if `errors` is given, only what it prints on standard output. A server is forked
    from a process that has imported it, also that of another `program` by its module, unless it is to be the `program`
    itself, whose memory and start are its own. A `measured` one adds to the coverage of the run, if that is measured.
    """
    port = port or free_port()
    # A process that was killed a moment ago may still have it.
    wait_until(lambda: _is_free(port), seconds=1)
    arguments = ["serve", "--port", str(port), "--workers", str(workers)]
    with (
        log.open("wb") as output,
        nullcontext(output) if errors is None else errors.open("wb") as error_output,
    ):
        process: Server
        measured = measured and "MEASURED" in os.environ
        if program is True:
            module = "tests.measured" if measured else "server"
            process = _started(["-m", module, *arguments], environment, output, error_output)
        else:
            given = environment | {forks.PROGRAM: program} if program else environment
            process = forks.Process(arguments, given, output, error_output, is_measured=measured)
    try:
        _wait_until_ready(port, process, errors or log)
        yield f"http://127.0.0.1:{port}", process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def _started(
    arguments: Sequence[str], environment: Mapping[str, str], output: BinaryIO, error_output: BinaryIO
) -> subprocess.Popen[bytes]:
    """Start Python with these arguments."""
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment,
        stdout=output,
        stderr=error_output,
        start_new_session=True,
    )


def _wait_until_ready(port: int, process: Server, log: Path) -> None:
    until = time.monotonic() + _READY_SECONDS
    while process.poll() is None and time.monotonic() < until:
        # A client of httpx reads all certificates of the machine first, which takes longer than the answer.
        connection = HTTPConnection("127.0.0.1", port, timeout=_ANSWER_SECONDS)
        with contextlib.suppress(OSError, HTTPException), contextlib.closing(connection):
            connection.request("GET", "/readyz")
            # Another server may have the port; then the process ends.
            if connection.getresponse().status == HTTPStatus.OK and process.poll() is None:
                return
        time.sleep(0.02)
    message = f"No server is ready on port {port}: {log.read_text(encoding='utf-8')[-2000:]}"
    raise TimeoutError(message)


def wait_until(ready: Callable[[], bool], *, seconds: float = 60) -> None:
    """Wait for what another process does."""
    until = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > until:
            raise TimeoutError
        time.sleep(0.05)


def token(welcome: str) -> str:
    """Return the token in the welcome of a demo's server."""
    found = re.search(r"ppt_\S+", welcome)
    assert found is not None
    return found[0]


def free_port() -> int:
    """Return a port that nothing has now; another test may get it when its server has stopped."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def kept_port() -> int:
    """Return a port for a server that stops and starts: the system gives it to none that asks for any port."""
    return next(port for port in _KEPT_PORTS if _is_free(port))


def _is_free(port: int) -> bool:
    """Return whether no server listens there."""
    with socket.socket() as probe:
        # Connections that have ended don't matter.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _kept_ports() -> Iterator[int]:
    """Yield the ports below those that the system chooses from, a hundred for each process of tests."""
    first_chosen, _ = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii").split()
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    highest = int(first_chosen) - 1 - 100 * worker
    yield from range(highest, highest - 100, -1)


_KEPT_PORTS = _kept_ports()


def curl_command(arguments: Sequence[str]) -> int:
    """Do what curl does with these arguments, and return its status."""
    options = argparse.ArgumentParser()
    options.add_argument("url")
    options.add_argument("-s", action="store_true")
    options.add_argument("-f", action="store_true")
    options.add_argument("-G", dest="get", action="store_true")
    options.add_argument("-o", dest="output", type=Path)
    options.add_argument("-H", action="append", dest="headers", default=[])
    options.add_argument("-d", dest="body")
    given = options.parse_args(arguments)
    headers = dict(header.split(": ", 1) for header in given.headers)
    try:
        if given.body is None or given.get:
            answer = plain.get("?".join(filter(None, [given.url, given.body])), headers=headers)
        else:
            answer = plain.post(given.url, content=given.body.encode(), headers=headers)
    except httpx.TransportError:
        return 7
    if given.f and answer.is_error:
        return 22
    if given.output is None:
        sys.stdout.write(answer.text)
    return 0


def curl(command: str, variables: Mapping[str, str] | None = None) -> str:
    """Return the output of the command in a shell with these variables; curl itself need not be installed."""
    words = shlex.split(command)
    for name, value in (variables or {}).items():
        words = [word.replace(name, value) for word in words]
    options = argparse.ArgumentParser()
    options.add_argument("program", choices=["curl"])
    options.add_argument("url")
    options.add_argument("-s", action="store_true")
    options.add_argument("-H", action="append", dest="headers")
    options.add_argument("-d", dest="body")
    given = options.parse_args(words)
    headers = dict(header.split(": ", 1) for header in given.headers)
    return plain.post(given.url, content=given.body.encode(), headers=headers).text
