"""`python -m benchmarks.postgresql URL`: processor time per request on PostgreSQL, on SQLite, and of bare asyncpg.

The URL is one of an empty database, which is filled, or of one that was filled before. The servers get their requests
in turns, so that the load of the machine is the same for all. PostgreSQL's own work is not counted.
"""

import argparse
import asyncio
import http.client
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path
from statistics import median

from sqlalchemy.engine import make_url

from benchmarks import data
from benchmarks.contenders import CONTENDERS, Contender, Start, served
from benchmarks.paths import PEERS
from benchmarks.processes import FailedError, Server, ask, free_port, fresh_database, running
from benchmarks.results import OURS
from benchmarks.workloads import WORKLOADS, Workload
from db import partners
from db.engine import Database
from db.migrations import revisions
from db.migrations.revisions import State

READ = ("W1", "W2", "W3")
"""Workloads that bare asyncpg answers."""

_WARM_UP = 100
_COMPARED = 12
_PATIENCE_SECONDS = 120


def main() -> None:
    """Measure, and print the medians in milliseconds and their ratios."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.postgresql", description=__doc__)
    parser.add_argument("url", help="such as postgresql://portal@127.0.0.1/benchmark")
    parser.add_argument("workloads", nargs="*", default=READ, help=f"some of {' '.join(READ)}")
    parser.add_argument("--also", metavar="URL", help="another URL of the same database, such as a pooler's")
    parser.add_argument("--bound", metavar="URL", help="its URL for a role that row-level security binds")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--requests", type=int, default=100, help="of each server in a round")
    given = parser.parse_args()
    if unknown := set(given.workloads) - set(READ):
        parser.error(f"there is no workload {', '.join(sorted(unknown))} for bare asyncpg, only {' '.join(READ)}")
    asyncio.run(fill(given.url))
    file = fresh_database()
    (ours,) = (each for each in CONTENDERS if each.name == OURS)
    contenders = [floor(given.url), on(ours, "postgresql", given.url), ours]
    if given.also:
        contenders.append(on(ours, "also", given.also))
    if given.bound:
        contenders.append(on(ours, "bound", given.bound, DATABASE_ROW_SECURITY="true"))
    with ExitStack() as stack:
        servers = {
            each.name: stack.enter_context(
                running(each, Start(file, free_port(), "FULL"), patience_seconds=_PATIENCE_SECONDS)
            )
            for each in contenders
        }
        for workload in (each for each in WORKLOADS if each.name in given.workloads):
            _compare(workload, servers)
            _print(workload.name, _measured(workload, servers, given.rounds, given.requests))


def _of_driver(url: str) -> str:
    return make_url(url).set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)


async def fill(url: str) -> None:
    """Fill the database of this URL, if it is empty."""
    url = _of_driver(url)
    database = Database(url)
    try:
        found = await database.read(revisions.examined)
        is_filled = found.state is State.CURRENT and await database.read(partners.exists_any)
    finally:
        await database.close()
    if not is_filled:
        await data.make(url)


def floor(url: str) -> Contender:
    """Return bare asyncpg on the database of this URL."""
    return Contender(
        "floor",
        "Limit: the same statements by bare asyncpg, and orjson",
        lambda start: served("asyncpg_floor:app", PEERS / "python", Path(sys.executable), start),
        lambda _: {"POSTGRESQL": url},
        dict,
    )


def on(ours: Contender, name: str, url: str, **settings: str) -> Contender:
    """Return the portal on the database of this URL, by another name and with other settings."""
    changed = {"DATABASE_URL": url, **settings}
    return replace(ours, name=name, environment=lambda start: {**ours.environment(start), **changed})


def _compare(workload: Workload, servers: dict[str, Server]) -> None:
    bodies = workload.bodies()
    for body in bodies[:: len(bodies) // _COMPARED]:
        answers = {name: ask(server.port, body) for name, server in servers.items()}
        wanted = next(iter(answers.values()))
        for name, found in answers.items():
            if found != wanted:
                message = f"{name} answers {workload.name} otherwise: {found!r:.600}, not {wanted!r:.600}"
                raise FailedError(message)


def _measured(workload: Workload, servers: dict[str, Server], rounds: int, requests: int) -> dict[str, float]:
    found: dict[str, list[float]] = {name: [] for name in servers}
    bodies = {name: cycle(workload.bodies()) for name in servers}
    for name, server in servers.items():
        _send(server, list(islice(bodies[name], _WARM_UP)))
    for _ in range(rounds):
        for name, server in servers.items():
            worked = _worked(server)
            _send(server, list(islice(bodies[name], requests)))
            found[name].append((_worked(server) - worked) / requests)
    return {name: median(each) for name, each in found.items()}


def _send(server: Server, bodies: Sequence[bytes]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=_PATIENCE_SECONDS)
    headers = {
        "Content-Type": "application/json",
        "Accept": "application/json",
        "Authorization": f"Bearer {data.SECRET}",
    }
    try:
        for body in bodies:
            connection.request("POST", "/graphql", body, headers)
            answer = connection.getresponse().read()
            if b'"errors"' in answer:
                message = f"a request failed: {answer[:500]!r}"
                raise FailedError(message)
    finally:
        connection.close()


def _worked(server: Server) -> float:
    """Return the milliseconds that the threads of the process have worked, more exact than in ticks of the system."""
    threads = Path(f"/proc/{server.process.pid}/task")
    return sum(int((each / "schedstat").read_text().split()[0]) for each in threads.iterdir()) / 1e6


def _print(workload: str, found: dict[str, float]) -> None:
    figures = "  ".join(f"{name} {milliseconds:.3f} ms" for name, milliseconds in found.items())
    ours = found["postgresql"]
    ratios = "  ".join(f"{ours / found[name]:.2f} × {name}" for name in found if name != "postgresql")
    print(f"{workload}: {figures}; on PostgreSQL {ratios}", flush=True)


if __name__ == "__main__":
    main()
