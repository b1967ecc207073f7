"""`python -m benchmarks.exports`: exports of the clients of a partner, beside what the database itself writes as CSV.

The limit is `.mode csv` of sqlite3, and COPY … TO STDOUT of PostgreSQL, with the same columns in the same order.
"""

import argparse
import asyncio
import http.client
import os
import resource
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from typing import IO, NamedTuple, Protocol

import orjson
import sqlalchemy as sa

from benchmarks.paths import CACHE, PROJECT
from db import access, users
from db.access import NewToken
from db.engine import Database, Transaction
from db.migrations import migrate
from db.tables import partner_counters, partners
from domain.access import Role, TokenKind

_PORT = 8755
_CHUNK = 1 << 20
_SECRET = "ppt_" + sha256(b"exports").hexdigest()[:43]
_NO_HASH = "!"
_NOW = datetime(2026, 11, 1, tzinfo=UTC)
_COLUMNS = ("NAME", "TRADE_NAME", "CNPJ", "CITY", "STATE", "STATUS", "REGISTERED_AT", "CANCELLED_AT")
_QUERY = """mutation ($input: CreateExportInput!) {
    createExport(input: $input) { export { url } userErrors { message } } }"""
_LIMIT = (
    "SELECT coalesce(name, 'Cliente removido'), trade_name, cnpj, city, state, status, registered_at, cancelled_at "
    "FROM clients WHERE partner_id = {partner} AND status = 'ACTIVE' ORDER BY name_folded, id"
)
# Names in another order than that of the rows, as those of a partner's clients are.
_FILL = """INSERT INTO clients (partner_id, cnpj, name, name_folded, trade_name, trade_name_folded, names_folded, city,
        city_folded, state, status, registered_at)
    SELECT {partner}, CAST(10000000000000 + i AS TEXT), 'Padaria São João ' || k || ' Ltda',
        'padaria sao joao ' || k || ' ltda', CASE WHEN i % 3 = 0 THEN 'Forno ' || k END,
        CASE WHEN i % 3 = 0 THEN 'forno ' || k ELSE '' END, 'padaria sao joao ' || k || ' ltda', 'São Paulo',
        'sao paulo', 'SP', 'ACTIVE', '2026-07-01T12:00:00.000000Z'
    FROM (WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
        SELECT i, (i * CAST(7919 AS BIGINT)) % 999983 AS k FROM n) AS numbers"""


class Measured(NamedTuple):
    """Measurement of one way to write a list."""

    seconds: float
    size: int
    worked: float
    """Seconds of work of the process that writes."""
    peak: float = 0
    """Most MiB that it held."""


class _Source(Protocol):
    def read(self, size: int, /) -> bytes: ...


def main() -> None:
    """Measure exports of two sizes, in each format, and the limit."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--postgresql", metavar="URL", help="an empty database, instead of a SQLite file")
    options.add_argument("--again", action="store_true", help="use the database of the run before, of the same size")
    given = options.parse_args()
    url = given.postgresql or f"sqlite+aiosqlite:///{CACHE / 'exports.db'}"
    sizes = {1: given.rows // 10, 2: given.rows}
    if not given.again:
        _make(url, sizes)
    for partner, rows in sizes.items():
        with _serving(url) as server:
            taken: dict[str, list[Measured]] = {"the limit": [], "CSV, plain": [], "CSV": []}
            for _ in range(given.rounds):
                taken["the limit"].append(_limit(url, partner))
                taken["CSV, plain"].append(_export(server, partner, "CSV", csvStyle="PLAIN"))
                taken["CSV"].append(_export(server, partner, "CSV"))
            for format_ in ("JSONL", "XLSX"):
                taken[format_] = [_export(server, partner, format_)]
        _print(rows, taken)


def _print(rows: int, taken: Mapping[str, list[Measured]]) -> None:
    limit = statistics.median(each.seconds for each in taken["the limit"])
    limit_worked = statistics.median(each.worked for each in taken["the limit"])
    for name, measured in taken.items():
        seconds = statistics.median(each.seconds for each in measured)
        worked = statistics.median(each.worked for each in measured)
        peak = max(each.peak for each in measured)
        rounds = " ".join(f"{each.seconds:.1f}" for each in measured)
        part = limit_worked / worked if worked else 0
        print(
            f"{rows:>9,} {name:10} {seconds:6.2f} s {rows / seconds:>9,.0f} rows/s  {limit / seconds:5.2f} of the limit"
            f"  work {worked:5.2f} s, {part:4.2f} of it  {measured[0].size / 1e6:6.1f} MB  peak {peak:6.1f} MiB"
            f"  ({rounds})",
            flush=True,
        )


def _make(url: str, sizes: Mapping[int, int]) -> None:
    made = sa.make_url(url)
    if made.get_backend_name() == "sqlite":
        Path(str(made.database)).unlink(missing_ok=True)
    migrate.upgrade(url)

    async def fill(tx: Transaction) -> None:
        def work(connection: sa.Connection) -> None:
            for partner, rows in sizes.items():
                own = {"id": partner, "name": "P", "name_folded": "p", "cnpj": str(partner)}
                counters = {"partner_id": partner, "order_number": 0, "event_number": 0, "event_hash": b""}
                connection.execute(sa.insert(partners).values(own))
                connection.execute(sa.insert(partner_counters).values(counters))
                connection.exec_driver_sql(_FILL.format(partner=partner, rows=rows))
            connection.exec_driver_sql("ANALYZE")

        await tx.inspect(work)
        for partner in sizes:
            user_id = await users.create(
                tx,
                partner,
                email=f"{partner}@a.example",
                name="Ana",
                role=Role.MANAGER,
                password_hash=_NO_HASH,
                proved_at=None,
            )
            if user_id is None:
                raise AssertionError
            digest = sha256(f"{_SECRET}{partner}".encode()).digest()
            token = NewToken(user_id, TokenKind.API, "exports", "ppt", digest, None, None)
            await access.add_token(tx, partner, token, at=_NOW)

    async def make() -> None:
        database = Database(url)
        await database.write(fill)
        await database.close()

    asyncio.run(make())


@contextmanager
def _serving(url: str) -> Iterator["subprocess.Popen[bytes]"]:
    environment = {**os.environ, "DATABASE_URL": url.replace("+aiosqlite", "").replace("+asyncpg", "")}
    environment |= {"SECRET_KEY": token_hex(32), "LOG_LEVEL": "WARNING", "EXPORT_SECONDS": "600"}
    command = [sys.executable, "-m", "server", "serve", "--port", str(_PORT)]
    process = subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=subprocess.DEVNULL)
    try:
        for _ in range(600):
            try:
                _ask("GET", "/readyz").close()
            except OSError:
                time.sleep(0.1)
            else:
                break
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def _ask(
    method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", _PORT, timeout=600)
    connection.request(method, path, body, dict(headers or {}))
    return connection.getresponse()


def _export(server: "subprocess.Popen[bytes]", partner: int, format_: str, **options: str) -> Measured:
    given = {"list": {"clients": {"columns": _COLUMNS}}, "format": format_, **options}
    headers = {"Authorization": f"Bearer {_SECRET}{partner}", "Content-Type": "application/json"}
    created = _ask("POST", "/graphql", orjson.dumps({"query": _QUERY, "variables": {"input": given}}), headers)
    url = orjson.loads(created.read())["data"]["createExport"]["export"]["url"]
    # The peak begins anew.
    Path(f"/proc/{server.pid}/clear_refs").write_text("5")
    worked, began = _worked(server), time.perf_counter()
    size = _drained(_ask("GET", url))
    return Measured(time.perf_counter() - began, size, _worked(server) - worked, _peak(server))


def _limit(url: str, partner: int) -> Measured:
    statement, made = _LIMIT.format(partner=partner), sa.make_url(url)
    if made.get_backend_name() == "sqlite":
        command = ["sqlite3", "-csv", "-readonly", str(made.database), statement]
    else:
        command = ["psql", "--host", str(made.query["host"]), "--username", str(made.username)]
        command += ["--command", f"COPY ({statement}) TO STDOUT WITH (FORMAT csv)", str(made.database)]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        size = _drained(_piped(process.stdout))
        process.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    worked = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Measured(time.perf_counter() - began, size, worked)


def _piped(output: IO[bytes] | None) -> IO[bytes]:
    if output is None:
        raise AssertionError
    return output


def _drained(source: _Source) -> int:
    size = 0
    while part := source.read(_CHUNK):
        size += len(part)
    return size


def _worked(process: "subprocess.Popen[bytes]") -> float:
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(ticks) for ticks in fields[11:13]) / os.sysconf("SC_CLK_TCK")


def _peak(process: "subprocess.Popen[bytes]") -> float:
    status = Path(f"/proc/{process.pid}/status").read_text()
    (held,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(held) / 1024


if __name__ == "__main__":
    main()
