"""Running contender: one process on one core, with a database of its own."""

import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self

import orjson

from benchmarks import data
from benchmarks.contenders import Contender, Start, environment
from benchmarks.paths import CACHE

SERVER_CORE, LOAD_CORE = 0, 1
_PATIENCE_SECONDS = 30


class FailedError(Exception):
    """A contender did not start, or did not answer; the message names it."""


@dataclass(frozen=True, slots=True)
class Server:
    """Contender that answers."""

    process: "subprocess.Popen[bytes]"
    port: int

    @property
    def url(self) -> str:
        """Return the URL for GraphQL requests."""
        return f"http://127.0.0.1:{self.port}/graphql"

    def memory(self) -> float:
        """Return the MiB that its process holds now."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        (held,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(held) / 1024

    def worked(self) -> float:
        """Return the seconds of work of its process, in all threads."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(int(ticks) for ticks in fields[11:13]) / os.sysconf("SC_CLK_TCK")


@contextmanager
def serving(
    contender: Contender,
    durability: str,
    *,
    under: Sequence[str] = ("taskset", "--cpu-list", str(SERVER_CORE)),
    patience_seconds: float = _PATIENCE_SECONDS,
) -> Iterator[Server]:
    """Start a contender on a fresh copy of the database, by the command `under`, and stop it at the end."""
    start = Start(fresh_database(), free_port(), durability)
    with running(contender, start, under=under, patience_seconds=patience_seconds) as server:
        yield server


def fresh_database() -> Path:
    """Return a copy of the database, in place of the last one."""
    (CACHE / "run").mkdir(parents=True, exist_ok=True)
    return data.copy(CACHE / "run" / "portal.db")


def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


@contextmanager
def running(
    contender: Contender, start: Start, *, under: Sequence[str] = (), patience_seconds: float = _PATIENCE_SECONDS
) -> Iterator[Server]:
    """Start a contender by the command `under`, and stop it at the end."""
    log = CACHE / "run" / f"{contender.name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*under, *contender.command(start)],
            env=environment(contender, start),
            # Not the project's own folder, whose modules a peer must not find.
            cwd=CACHE / "run",
            stdout=output,
            stderr=output,
        )
    try:
        _wait(contender, process, start.port, log, patience_seconds)
        yield Server(process, start.port)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(patience_seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(
    contender: Contender, process: "subprocess.Popen[bytes]", port: int, log: Path, patience_seconds: float
) -> None:
    until = time.monotonic() + patience_seconds
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            ask(port, orjson.dumps({"query": "{ __typename }"}))
        except OSError:
            time.sleep(0.05)
        else:
            return
    message = f"{contender.name} did not start: {log.read_text()[-1500:]}"
    raise FailedError(message)


def ask(port: int, body: bytes) -> Any:  # noqa: ANN401 — JSON.
    """Return the answer of the server on that port to one request."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_SECONDS)
    try:
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Authorization": f"Bearer {data.SECRET}",
        }
        connection.request("POST", "/graphql", body, headers)
        text = connection.getresponse().read()
    except http.client.HTTPException as error:
        raise OSError(str(error)) from error
    finally:
        connection.close()
    try:
        return orjson.loads(text)
    except ValueError:
        return text.decode(errors="replace")


def stay_off_the_servers_core() -> None:
    """Run this process, and the load generator that it starts, on the other core."""
    os.sched_setaffinity(0, {LOAD_CORE})


class Writing:
    """Writer of one order per second, during another measurement."""

    def __init__(self, server: Server, bodies: list[bytes]) -> None:
        """Take the server, and the orders that it gets in turn."""
        self._server, self._bodies = server, bodies
        self._enough = Event()
        self._thread = Thread(target=self._write, daemon=True)
        self.failed = 0

    def __enter__(self) -> Self:
        """Start writing."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop writing."""
        self._enough.set()
        self._thread.join()

    def _write(self) -> None:
        for body in self._bodies:
            if self._enough.wait(1):
                return
            try:
                answer = ask(self._server.port, body)
                self.failed += not isinstance(answer, dict) or answer["data"]["createOrder"]["order"] is None
            except (OSError, KeyError, TypeError):
                self.failed += 1
