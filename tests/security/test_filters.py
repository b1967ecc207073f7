"""No filter in any order of a list takes more than its points say, of a partner of the largest size expected.

Steps of SQLite are counted on a small database, and what they would be of a large one follows from the number of rows.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from functools import cache
from pathlib import Path

import pytest

from benchmarks.work import STEP, Worker, working
from benchmarks.written import points_of, rank_correlation, written
from domain.costs import POINTS_MAX
from schema.root import GRAPHQL_SCHEMA
from server.graphql.documents import prepare
from server.graphql.operation_facts import Operation
from tests.e2e import data
from tests.e2e.processes import portal
from tests.security.filter_values import VALUES, Read, filters_of, pages_of_all_partners, reads
from tests.security.test_dearest import POINT, RATIO_MAX, WORK_MAX

ROWS = {"activations": 60_000, "clients": 10_000, "orders": 12_000, "events": 103_000}
"""Rows of the partner by which the weights were made, that of the benchmarks."""

COPIES = int(os.environ.get("ATTACK_COPIES", "10"))
"""How many times the database has what the demonstration makes for the partner."""

SIZES = ("--clients", "500", "--activations", "3000", "--orders", "600")

MORE = 10_000_000
"""What the ids and numbers of a copy have more than those of the one before."""

COPIED: Mapping[str, Mapping[str, str]] = {
    "clients": {"id": "id + :more", "cnpj": "cnpj || :more"},
    "activations": {
        "id": "id + :more",
        "client_id": "client_id + :more",
        "authorization_code": "authorization_code || :more",
        "moved_to_id": "moved_to_id + :more",
    },
    "orders": {"id": "id + :more", "number": "number + :more"},
    "events": {"id": "id + :more", "number": "number + :more"},
}
"""Values of a copy of a row, where they differ."""

ALIASES_MAX = 99
"""How often one document can select a list (docs/api/limits.md)."""

CORRELATION_MIN = 0.88
"""Least rank correlation of points and work on this database; on the larger one of the benchmarks it is 0.91."""

WRITTEN = 25
"""Least number of requests that are compared."""

SCANNED = 4
"""A step of a statement that reads rows in turn takes this part of what one does on average."""


def copy_rows(file: Path) -> None:
    """Copy the rows of the first partner, and count what the planner has to know of them."""
    with closing(sqlite3.connect(file)) as driver:
        for table, values in COPIED.items():
            columns = [name for _, name, *_ in driver.execute(f"PRAGMA table_info({table})")]
            copied = ", ".join(values.get(name, name) for name in columns)
            rows = f"SELECT {copied} FROM {table} WHERE partner_id = 1 AND id < {MORE}"  # noqa: S608 — our own.
            for number in range(1, COPIES):
                driver.execute(f"INSERT INTO {table} ({', '.join(columns)}) {rows}", {"more": number * MORE})
        driver.execute("ANALYZE")
        driver.commit()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Database of a partner with some ten thousand activations."""
    folder = tmp_path_factory.mktemp("filtered")
    portal(data.migrated(folder, DEMO="true"), "demo", *SIZES)
    copy_rows(folder / "portal.db")
    return folder / "portal.db"


@pytest.fixture(scope="module")
def worker(file: Path) -> Iterator[Worker]:
    """Process that counts the steps of requests of the partner's manager, with rates that refuse nothing."""
    limits = dict.fromkeys(("RATE_LIMIT_ADDRESS", "RATE_LIMIT_PARTNER", "RATE_LIMIT_VENDOR"), "0")
    environment = {**os.environ, "DATABASE_URL": f"sqlite:///{file}", "DEMO": "true", **limits}
    with working(environment, _token("gerente@alfa.example", file)) as found:
        yield found


def _token(email: str, file: Path) -> str:
    """Return a new token of a user, with all permissions."""
    environment = {**os.environ, "DATABASE_URL": f"sqlite:///{file}", "DEMO": "true"}
    return portal(environment, "create-token", "--email", email, "--permissions", "all").strip()


def _times(file: Path, of: str) -> Mapping[str, float]:
    """Return how many times the rows of each list the partner by which the weights were made has."""
    with closing(sqlite3.connect(file)) as driver:
        found = {table: driver.execute(f"SELECT count(*) FROM {table} WHERE {of}").fetchone() for table in ROWS}  # noqa: S608 — our own.
    return {table: rows / found[table][0] for table, rows in ROWS.items()}


def _dear(worker: Worker, times: Mapping[str, float], documents: Iterable[Read]) -> list[tuple[float, float, int, str]]:
    """Return the documents that take more than their points say, and how many times that, the dearest first."""
    dear = list[tuple[float, float, int, str]]()
    for read in documents:
        found = worker.ask(read.text, read.variables, counted=False)
        assert "errors" not in found.response, read
        cost = _points(read)
        work = STEP * found.work.steps * times[read.list]
        ratio, worst = work / cost / POINT, min(ALIASES_MAX, POINTS_MAX // cost) * work / SCANNED / WORK_MAX
        if ratio > RATIO_MAX or worst > 1:
            dear.append((ratio, worst, cost, f"{read.text} {read.variables}"))
    return sorted(dear, reverse=True)


def _points(read: Read) -> int:
    """Return what a request with the document costs, if it was prepared before."""
    operation = _operation(read.text)
    variables = operation.prepared.coerced(dict(read.variables))
    assert not isinstance(variables, list), read
    return operation.points(variables.coerced)


@cache
def _operation(text: str) -> Operation:
    (operation,) = prepare(GRAPHQL_SCHEMA, text).operations.values()
    return operation


@pytest.mark.timeout(1_800)
def test_every_filter_keeps_to_its_points_in_every_order(worker: Worker, file: Path) -> None:
    assert _dear(worker, _times(file, "partner_id = 1"), reads()) == []


@pytest.mark.timeout(1_800)
def test_every_filter_of_all_partners_keeps_to_its_points(worker: Worker, file: Path) -> None:
    vendor = worker.with_token(_token("admin@moderniza.example", file))
    assert _dear(vendor, _times(file, "true"), pages_of_all_partners()) == []


@pytest.mark.parametrize("name", VALUES)
def test_every_filter_of_the_large_lists_has_values(name: str) -> None:
    assert set(VALUES[name]) == filters_of(name)


def test_points_rank_requests_that_people_wrote_as_their_work_does(worker: Worker, file: Path) -> None:
    found = list[tuple[int, int]]()
    for each in written(file):
        cost = points_of(each)
        # Some name an object that another database has.
        if cost is None or "errors" in worker.ask(each.text, each.variables, counted=False).response:
            continue
        found.append((cost, worker.ask(each.text, each.variables).work.sum))

    assert len(found) > WRITTEN
    assert rank_correlation(*zip(*found, strict=True)) >= CORRELATION_MIN
