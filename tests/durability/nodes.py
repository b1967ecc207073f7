"""Server processes on one database, which are killed and started again on their ports."""

import os
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from uuid import uuid4

from tests.e2e.forks import Process
from tests.e2e.processes import kept_port

READY_SECONDS = 60


class Node:
    """One server process, whose successors have its port and its log."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        self.port = kept_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._environment, self._log = environment, log
        self._process = self._begin()

    def kill(self) -> None:
        """End the process at once, as a crash or the kernel does."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def start(self) -> None:
        """Start a successor of a killed process."""
        self._process = self._begin()

    def wait_until_ready(self) -> None:
        """Return when the process answers; raise AssertionError with its log if it does not."""
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
            try:
                connection.request("GET", "/readyz")
                if connection.getresponse().status == HTTPStatus.OK:
                    return
            except (OSError, HTTPException):
                time.sleep(0.05)
            finally:
                connection.close()
        raise AssertionError(self._log.read_text()[-2000:])

    def stop(self) -> None:
        """Stop the process as an operator does."""
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(READY_SECONDS)

    def _begin(self) -> Process:
        with self._log.open("ab") as output:
            return Process(["serve", "--port", str(self.port)], self._environment, output, output)


@contextmanager
def nodes(url: str, folder: Path, number: int, **settings: str) -> Iterator[Sequence[Node]]:
    """Yield ready server processes on the database."""
    given = {"DATABASE_URL": url.replace("+asyncpg", "").replace("+aiosqlite", ""), "SECRET_KEY": uuid4().hex}
    environment = {**os.environ, "DEMO": "false", "LOG_LEVEL": "WARNING", **given, **settings}
    started = [Node(environment, folder / f"node-{each}.log") for each in range(number)]
    try:
        for node in started:
            node.wait_until_ready()
        yield started
    finally:
        for node in started:
            node.stop()
