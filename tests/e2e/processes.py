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


def portal(environment: dict[str, str], *arguments: str, typed: str | None = None) -> str:
    """Return the output of a command that succeeds."""
    command = [str(forks.portal()), *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True, input=typed
    )
    return done.stdout


@contextmanager
def serving(
    environment: dict[str, str],
    log: Path,
    *,
    workers: int = 1,
    errors: Path | None = None,
    program: bool = False,
    measured: bool = False,
    port: int | None = None,
) -> Iterator[tuple[str, Server]]:
    """Yield the address of a ready server, and its process, which leads a group; stop it at the end.

    `log` gets all that it prints, or, if `errors` is given, only what it prints on standard output. A server is forked
    from a process that has imported it, unless it is to be the `program` itself, whose memory and start are its own. A
    `measured` server adds to the coverage of the run, if that is measured.
    """
    port = port or free_port()
    arguments = ["serve", "--port", str(port), "--workers", str(workers)]
    with (
        log.open("wb") as output,
        nullcontext(output) if errors is None else errors.open("wb") as error_output,
    ):
        process: Server
        if measured and "MEASURED" in os.environ:
            process = _started(["-m", "tests.measured", *arguments], environment, output, error_output)
        elif program:
            process = _started(["-m", "server", *arguments], environment, output, error_output)
        else:
            process = forks.Process(arguments, environment, output, error_output)
    try:
        _wait_until_ready(port)
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


def _wait_until_ready(port: int) -> None:
    for _ in range(600):
        # A client of httpx reads all certificates of the machine first, which takes longer than the answer.
        connection = HTTPConnection("127.0.0.1", port)
        with contextlib.suppress(OSError, HTTPException), contextlib.closing(connection):
            connection.request("GET", "/readyz")
            if connection.getresponse().status == HTTPStatus.OK:
                return
        time.sleep(0.05)


def wait_until(ready: Callable[[], bool]) -> None:
    """Wait for what another process does."""
    for _ in range(600):
        if ready():
            return
        time.sleep(0.05)
    raise TimeoutError


def token(welcome: str) -> str:
    """Return the token in the welcome of a demo's server."""
    found = re.search(r"ppt_\S+", welcome)
    assert found is not None
    return found[0]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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
