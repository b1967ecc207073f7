"""Server of several workers, with its port and log."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests import plain
from tests.e2e.processes import Server, serving
from tests.e2e.sockets import PATIENCE_SECONDS

_STARTED = re.compile(r"Started server process \[(\d+)\]")


class Served(NamedTuple):
    """Server, with its port and log."""

    process: Server
    port: int
    log: Path

    def workers(self) -> list[int]:
        """Return the processes that have served, in the order of their start."""
        return [int(pid) for pid in _STARTED.findall(self.log.read_text())]

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
