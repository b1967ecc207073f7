"""`python -m benchmarks.fairness`: what one partner's dearest queries do to another partner, on both engines.

The other partner asks for a page of 50 activations (W2), one request after the other, first alone, and then beside 50
connections of the first partner, which send one of two documents:

- `objects` selects 100 activations of each of 100 clients, with their products, clients and users: 40,100 objects. The
  limits of rates are the portal's own, unless `--no-rates` turns them off.
- `scans` is 99 lists in an order whose index does not have their filter: for each, the database reads all activations
  of the partner, and finds none. Neither points nor rates limit it, since the other partner must not depend on the
  weights of filters.

Both programs of partners are on machines of their own in reality. So the attack gets only the processor time that the
measured programs leave, and the other partner's program runs as soon as its answer is there, if the system allows it.

With `--stretches` a probe in the server tells how much processor time each iteration of its loop takes beside the
attack, and what ran in the long ones: figures that other work of the machine hardly changes.
"""

import argparse
import asyncio
import contextlib
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path
from secrets import token_hex

import httpx

from benchmarks import loop_probe
from benchmarks.paths import PROJECT
from benchmarks.workloads import ACTIVATIONS
from db.engine import Database
from db.engine import statistics as engine_statistics
from db.tables import metadata
from domain.access import Role
from resolvers.portal import Portal
from tests.databases import ENGINES, Databases, PostgreSQL
from tests.factories import NOON, add_activations, add_client, add_product, add_token, add_user, new_partner
from tests.units import writing

_PROBED = "benchmarks.loop_probe"
_PATIENCE = {"REQUEST_TIMEOUT_SECONDS": "60"}
_CONNECTIONS = 50
_CLIENTS = 100
_SECRET_KEY = token_hex(32)
_OBJECTS = """{ clients(first: 100) { nodes { id name activations(first: 100) { nodes {
    id activationKey authorizationCode status activatedAt note seats
    product { id name } client { id name cnpj } activatedBy { id name } } } } } }"""
_SCAN = """activations(first: 1, sort: {by: CLIENT_NAME}, filter: {activatedAt: {from: "2099-01-01T00:00:00Z"}}) {
    nodes { id } }"""
_SCANS = "{ " + " ".join(f"a{number}: {_SCAN}" for number in range(99)) + " }"
_UNLIMITED = {"RATE_LIMIT_PARTNER": "0", "MAX_POINTS": str(10**6)}
_ATTACKS = {"objects": _OBJECTS, "scans": _SCANS}


def main() -> None:
    """Measure both engines, and print the figures of each."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=15)
    options.add_argument("--no-rates", action="store_true", help="measure without the limits of rates")
    options.add_argument("--stretches", action="store_true", help="print the loop's processor time by iteration")
    options.add_argument("--engine", choices=ENGINES, action="append", help="measure only this one")
    options.add_argument("--attack", choices=_ATTACKS, action="append", help="measure only this one")
    given = options.parse_args()
    limits = {"objects": {"RATE_LIMIT_PARTNER": "0"} if given.no_rates else {}, "scans": _UNLIMITED}
    program = _PROBED if given.stretches else "server"
    folder = Path(tempfile.mkdtemp(prefix="fairness-"))
    server = PostgreSQL(folder)
    databases = Databases(server, folder)
    try:
        for engine in given.engine or ENGINES:
            for attack in given.attack or _ATTACKS:
                url = databases.migrated(engine)
                print(f"{engine:10} {attack:7}", end=" ", flush=True)
                asyncio.run(_measure(url, given.seconds, program, attack, limits[attack]))
    finally:
        server.stop()
        shutil.rmtree(folder)


async def _measure(url: str, seconds: float, program: str, attack: str, limits: dict[str, str]) -> None:
    dear, other = await _fill(url)
    with _serving(program, url, limits) as (address, process):
        with contextlib.suppress(AttributeError, PermissionError):
            os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(1))
        async with _client(address, other) as http:
            await _latencies(http, seconds / 5)
            quiet = await _latencies(http, seconds)
            async with _attack(address, dear, _ATTACKS[attack]) as answers:
                await asyncio.sleep(seconds / 5)
                if program == _PROBED:
                    process.send_signal(signal.SIGUSR1)
                beside = await _latencies(http, seconds)
    before, after = _p99(quiet), _p99(beside)
    executed = sum(status == httpx.codes.OK for status in answers)
    print(
        f"W2 p50 {statistics.median(quiet) * 1000:6.1f} → {statistics.median(beside) * 1000:6.1f} ms, "
        f"p99 {before * 1000:6.1f} → {after * 1000:6.1f} ms, {after / before:5.1f} times; "
        f"{executed} of its queries executed, {len(answers) - executed} refused",
        flush=True,
    )


async def _latencies(http: httpx.AsyncClient, seconds: float) -> list[float]:
    """Return the seconds of each of the other partner's requests."""
    taken, until = [], time.monotonic() + seconds
    while time.monotonic() < until:
        began = time.perf_counter()
        await _ask(http, {"query": ACTIVATIONS, "variables": {"first": 50}})
        taken.append(time.perf_counter() - began)
    return taken


@asynccontextmanager
async def _attack(address: str, token: str, query: str) -> AsyncIterator[list[int]]:
    """Send a query over and over on all connections, and yield the statuses of the answers."""
    program = [sys.executable, "-m", "benchmarks.fairness_load", address, token, str(_CONNECTIONS), query]
    load = await asyncio.create_subprocess_exec(*program, cwd=PROJECT, stdout=subprocess.PIPE)
    statuses: list[int] = []
    try:
        yield statuses
    finally:
        load.send_signal(signal.SIGTERM)
        written, _ = await load.communicate()
        statuses += map(int, written.split())


async def _ask(http: httpx.AsyncClient, body: object) -> None:
    answer = await http.post("/graphql", json=body)
    if answer.status_code != httpx.codes.OK or "errors" in answer.json():
        raise RuntimeError(answer.text[:500])


def _client(address: str, token: str) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {token}", "X-Request-Id": loop_probe.OTHER.decode()}
    return httpx.AsyncClient(base_url=address, headers=headers, timeout=120)


def _p99(taken: list[float]) -> float:
    return statistics.quantiles(taken, n=100)[98]


async def _fill(url: str) -> tuple[str, str]:
    """Give two partners clients and activations, and return a token of each."""
    portal = Portal(Database(url), _SECRET_KEY.encode())
    tokens = []
    try:
        for name in ("Alfa", "Beta"):
            partner_id = await new_partner(portal, name=name)
            tokens.append(await _partner(portal, partner_id))
        async with writing(portal.database) as tx:
            # As autovacuum does: the first plans of each connection would be those of almost empty tables.
            await engine_statistics.analyze(tx, *metadata.sorted_tables)
    finally:
        await portal.database.close()
    return tokens[0], tokens[1]


@contextmanager
def _serving(program: str, url: str, limits: dict[str, str]) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = {"DATABASE_URL": url, "SECRET_KEY": _SECRET_KEY, "LOG_LEVEL": "WARNING", **_PATIENCE, **limits}
    command = [sys.executable, "-m", program, "serve", "--port", str(port)]
    with subprocess.Popen(command, cwd=PROJECT, env={**os.environ, **settings}) as process:
        try:
            _wait(port)
            yield f"http://127.0.0.1:{port}", process
        finally:
            process.send_signal(signal.SIGINT)


def _wait(port: int) -> None:
    for _ in range(600):
        try:
            if httpx.get(f"http://127.0.0.1:{port}/readyz").is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)


async def _partner(portal: Portal, partner_id: int) -> str:
    async with writing(portal.database) as tx:
        user_id = await add_user(tx, partner_id, role=Role.MANAGER)
        product_id = await add_product(tx)
        for number in range(_CLIENTS):
            client_id = await add_client(tx, partner_id, name=f"Padaria {number}")
            wanted = [(client_id, NOON + timedelta(seconds=second)) for second in range(_CLIENTS)]
            await add_activations(tx, partner_id, user_id=user_id, product_id=product_id, wanted=wanted)
        token = await add_token(tx, partner_id, user_id, at=portal.now())
    return token.secret


if __name__ == "__main__":
    main()
