"""`python -m benchmarks.scale`: what more processes give on PostgreSQL, beside PostGraphile 5 on the same data.

W1 to W6 are sent to 1, 2 and 4 processes that share a port, and the processor time of a request is split: that
of the API's processes, and that of PostgreSQL's. The servers, PostgreSQL and the load share the machine's cores.
PostgreSQL does not wait for the disk (`fsync=off`, `synchronous_commit=off`).
"""

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from sqlalchemy.engine import make_url

from benchmarks import data, installation, postgraphile
from benchmarks.contenders import CONTENDERS, Contender, Start
from benchmarks.installation import MissingError
from benchmarks.load import load
from benchmarks.paths import CACHE
from benchmarks.processes import FailedError, Server, free_port, fresh_database, running
from benchmarks.results import OURS
from benchmarks.workloads import REQUESTS, WORKLOADS, Workload
from tests.databases import Databases, PostgreSQL

_PATIENCE_SECONDS = 120
_LEFT_OUT = "W4n"
"""Workload whose durability is SQLite's."""

_HEAD = ("", "server", "processes", "requests/s", "p50 ms", "API ms", "PostgreSQL ms", "both ms")


class Bench(NamedTuple):
    """Process of the database's server, and the requests by contender and workload."""

    postmaster: int
    requests: Mapping[str, Mapping[str, Path]]


def main() -> None:
    """Measure, and print a table."""
    known = [each.name for each in WORKLOADS if each.name != _LEFT_OUT]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("workloads", nargs="*", default=known, help=f"some of {' '.join(known)}")
    parser.add_argument("--seconds", type=int, default=5, help="of each measurement, after as many of warming up")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--processes", type=int, nargs="*", default=[1, 2, 4])
    given = parser.parse_args()
    chosen = [each for each in WORKLOADS if each.name in given.workloads and each.name != _LEFT_OUT]
    folder = Path(tempfile.mkdtemp(prefix="scale-"))
    server = PostgreSQL(folder)
    try:
        installation.check_tools()
        installation.postgraphile()
        print("Filling PostgreSQL …", flush=True)
        url = Databases(server, folder).empty("postgresql")
        asyncio.run(data.make(url))
        bench = _prepared(url, chosen)
        print(f"\n| {' | '.join(_HEAD)} |\n| --- | --- |{' ---: |' * (len(_HEAD) - 2)}")
        for processes in given.processes:
            for contender in (_ours(url, processes), postgraphile.contender(_plain(url), processes)):
                _measure(bench, contender, processes, connections=given.connections, seconds=given.seconds)
        print(f"\nLoad of the machine in the last 1, 5 and 15 minutes: {os.getloadavg()}", flush=True)
    except (MissingError, FailedError) as error:
        sys.exit(str(error))
    finally:
        server.stop()
        shutil.rmtree(folder)


def _prepared(url: str, workloads: Sequence[Workload]) -> Bench:
    """Write the requests of both contenders, whose answers to a sample of them have to be the same."""
    with _serving(_ours(url, 1)) as ours, _serving(postgraphile.contender(_plain(url), 1)) as theirs:
        requests = {OURS: {each.name: each.bodies() for each in workloads}}
        requests[postgraphile.NAME] = dict(postgraphile.bodies(theirs, workloads))
        for name, found in requests[postgraphile.NAME].items():
            postgraphile.compare(name, ours, theirs, (requests[OURS][name], found))
    files: dict[str, dict[str, Path]] = {}
    for contender, of_contender in requests.items():
        files[contender] = {}
        for name, bodies in of_contender.items():
            file = CACHE / "run" / f"{contender}-{name}"
            file.write_bytes(b"\n".join(bodies) + b"\n")
            files[contender][name] = file
    return Bench(_postmaster(url), files)


def _measure(bench: Bench, contender: Contender, processes: int, *, connections: int, seconds: int) -> None:
    """Measure the workloads that a contender can say, and print a line for each."""
    with _serving(contender) as server:
        for workload, file in bench.requests[contender.name].items():
            load(server, file, connections=connections, seconds=seconds, begin=0)
            api, database = _worked(server.process.pid), _worked(bench.postmaster)
            found = load(server, file, connections=connections, seconds=seconds, begin=REQUESTS // 2)
            api, database = _worked(server.process.pid) - api, _worked(bench.postmaster) - database
            if found.faults or not found.requests:
                message = f"{contender.name} answered {workload} {found.requests} times, with {found.faults} faults"
                raise FailedError(message)
            each = [1000 * spent / found.requests for spent in (api, database, api + database)]
            figures = (f"{found.rps:,.0f}", f"{found.p50:.1f}", *(f"{spent:.2f}" for spent in each))
            print(f"| {workload} | {contender.title} | {processes} | {' | '.join(figures)} |", flush=True)


@contextmanager
def _serving(contender: Contender) -> Iterator[Server]:
    # The portal's environment is made for a file, and then gets another URL.
    start = Start(fresh_database(), free_port(), "FULL")
    with running(contender, start, patience_seconds=_PATIENCE_SECONDS) as server:
        yield server


def _ours(url: str, processes: int) -> Contender:
    (ours,) = (each for each in CONTENDERS if each.name == OURS)
    more = {"DATABASE_URL": _plain(url), "WORKERS": str(processes)}
    return replace(ours, title="Portal", environment=lambda start: {**ours.environment(start), **more})


def _plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _postmaster(url: str) -> int:
    """Return the process that started all others of the database's server."""
    directory = Path(str(make_url(url).query["host"]))
    return int((directory / "postmaster.pid").read_text().split()[0])


def _worked(process: int) -> float:
    """Return the seconds that a process and all that it started have worked, also those that have ended."""
    found = 0.0
    for each in _tree(process):
        try:
            fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        except FileNotFoundError:
            continue
        found += sum(int(ticks) for ticks in fields[11:15]) / os.sysconf("SC_CLK_TCK")
    return found


def _tree(process: int) -> Iterator[int]:
    yield process
    try:
        threads = list(Path(f"/proc/{process}/task").iterdir())
        children = [each for thread in threads for each in (thread / "children").read_text().split()]
    except FileNotFoundError:
        return
    for each in children:
        yield from _tree(int(each))


if __name__ == "__main__":
    main()
