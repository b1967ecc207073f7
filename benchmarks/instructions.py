"""`python -m benchmarks.instructions`: processor instructions of the portal per request.

Valgrind's callgrind counts them, so they hardly depend on the machine. Requests are sent one after the other and
counted in tens. The median excludes the periodic work of the process, but on a busy machine ten requests take so long
that there is some in most tens: only counts under the same load can then be compared.
"""

import argparse
import asyncio
import http.client
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from typing import Self

from benchmarks import data, postgresql
from benchmarks.contenders import CONTENDERS, Contender, Start
from benchmarks.processes import FailedError, Server, free_port, fresh_database, running
from benchmarks.results import OURS
from benchmarks.workloads import WORKLOADS, Workload

PATIENCE_SECONDS = 300
_DURABILITY = "FULL"
_WARM_UP = 100
_TOGETHER = 10
_COUNTS = 31


def main() -> None:
    """Count for each workload of the arguments, and print the thousands of instructions per request."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.instructions", description=__doc__)
    # The durability of a commit hardly changes the processor's instructions.
    known = {workload.name: workload for workload in WORKLOADS if workload.durability == _DURABILITY}
    parser.add_argument("workloads", nargs="*", help=f"some of {' '.join(known)}, all by default")
    parser.add_argument("--postgresql", metavar="URL", help="count on this database, and those of bare asyncpg there")
    given = parser.parse_args()
    if given.postgresql is not None:
        known = {name: known[name] for name in postgresql.READ}
    if unknown := set(given.workloads) - set(known):
        parser.error(f"there is no workload {', '.join(sorted(unknown))}, only {' '.join(known)}")
    workloads = [known[name] for name in given.workloads or known]
    (ours,) = (contender for contender in CONTENDERS if contender.name == OURS)
    if given.postgresql is None:
        for workload, instructions in zip(workloads, _counted_of(ours, workloads), strict=True):
            print(f"{workload.name:4} {instructions / 1000:10,.0f} thousand instructions a request", flush=True)
    else:
        _print_beside_floor(ours, given.postgresql, workloads)


def _print_beside_floor(ours: Contender, url: str, workloads: Sequence[Workload]) -> None:
    asyncio.run(postgresql.fill(url))
    print("thousands of instructions a request: bare asyncpg, the portal, and how many times as many that is")
    floor = list(_counted_of(postgresql.floor(url), workloads))
    portal = _counted_of(postgresql.on(ours, "postgresql", url), workloads)
    for workload, one, other in zip(workloads, floor, portal, strict=True):
        print(f"{workload.name:4} {one / 1000:10,.0f} {other / 1000:10,.0f} {other / one:6.2f}", flush=True)


def _counted_of(contender: Contender, workloads: Sequence[Workload]) -> Iterator[float]:
    """Yield the instructions per request of each workload."""
    start = Start(fresh_database(), free_port(), _DURABILITY)
    with tempfile.TemporaryDirectory() as folder:
        callgrind = Callgrind(Path(folder) / "counts")
        under = callgrind.command()
        if sys.executable in contender.command(start):
            under.remove(sys.executable)
        with running(contender, start, under=under, patience_seconds=PATIENCE_SECONDS) as server:
            for workload in workloads:
                yield counted(server, callgrind, workload)


def counted(
    server: Server, callgrind: "Callgrind", workload: Workload, *, chosen: Callable[[list[int]], float] = median
) -> float:
    """Return the instructions per request of a workload, by the chosen one of its counts of tens."""
    bodies = cycle(workload.bodies())
    with _Connection("127.0.0.1", server.port, timeout=PATIENCE_SECONDS) as connection:
        _ask(connection, islice(bodies, _WARM_UP))
        callgrind.begin(server)
        counts = []
        for _ in range(_COUNTS):
            _ask(connection, islice(bodies, _TOGETHER))
            counts.append(callgrind.take(server))
        callgrind.end(server)
    return chosen(counts) / _TOGETHER


@dataclass(slots=True)
class Callgrind:
    """Counter of the instructions of one process between two points in time."""

    output: Path
    taken: int = 0

    def command(self) -> list[str]:
        """Return the prefix of the command of the counted process."""
        return [
            "env",
            # Sets and dictionaries have the same layout in each run.
            "PYTHONHASHSEED=0",
            "valgrind",
            "--quiet",
            "--tool=callgrind",
            "--instr-atstart=no",
            f"--callgrind-out-file={self.output}",
            # A console script names its interpreter in its first line, which Valgrind does not read.
            sys.executable,
        ]

    def begin(self, server: Server) -> None:
        """Start counting."""
        self._control(server, "--instr=on")

    def end(self, server: Server) -> None:
        """Stop counting, which makes the process many times as fast."""
        self._control(server, "--instr=off")

    def take(self, server: Server) -> int:
        """Return the instructions since the last call, or since the start."""
        self._control(server, "--dump")
        self.taken += 1
        text = self.output.with_name(f"{self.output.name}.{self.taken}").read_text()
        return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("totals:"))

    def _control(self, server: Server, option: str) -> None:
        control = shutil.which("callgrind_control") or "callgrind_control"
        subprocess.run([control, option, str(server.process.pid)], check=True, capture_output=True)


class _Connection(http.client.HTTPConnection):
    """Connection that is kept alive, and closed at the end of a with statement."""

    def __enter__(self) -> Self:
        self.connect()
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


def _ask(connection: http.client.HTTPConnection, bodies: Iterator[bytes]) -> None:
    headers = {
        "Content-Type": "application/json",
        "Accept": "application/json",
        "Authorization": f"Bearer {data.SECRET}",
    }
    for body in bodies:
        connection.request("POST", "/graphql", body, headers)
        response = connection.getresponse()
        answer = response.read()
        if response.status != http.HTTPStatus.OK or b'"errors"' in answer:
            message = f"A request failed: {answer[:500]!r}"
            raise FailedError(message)


if __name__ == "__main__":
    main()
