"""`python -m benchmarks.costs`: what documents cost in points, beside what they take.

The documents are those of the documentation, of GraphiQL's tabs, of the workloads, and pages of many sizes with many
selections. Each is sent in this process, without a network; its work is the least processor time of several requests,
and its rows are those that its statements return. Documents that this database has no answer for are left out.
"""

import argparse
import asyncio
import gc
import re
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from statistics import correlation
from typing import Any, NamedTuple

import orjson
from graphql import OperationDefinitionNode, parse
from starlette.applications import Starlette

from benchmarks.paths import PROJECT
from benchmarks.profile import application, ask, set_environment, traced
from benchmarks.workloads import WORKLOADS
from schema.root import GRAPHQL_SCHEMA
from server.graphql.documents import prepare

_TIMES = 5
_SHOWN = 12
_POINT_SECONDS = 0.000_1
_BLOCK = re.compile(r"^```graphql\n((?:.*\n)*?)```$", re.MULTILINE)
_TAB = re.compile(r"query: `([^`]+)`")
_ACTIVATION = "id activationKey status activatedAt"
_SELECTIONS: Mapping[str, Sequence[str]] = {
    "clients": (
        "id",
        "id name cnpj city state status registeredAt",
        "id name activations(first: 5) { nodes { id status } }",
        "id name activations(first: 25) { nodes { id product { name } client { id } } }",
        "id activations(first: 1) { totalCount }",
    ),
    "activations": (
        "id",
        _ACTIVATION,
        f"{_ACTIVATION} client {{ id name }}",
        f"{_ACTIVATION} client {{ id name }} product {{ id name }} activatedBy {{ id name }}",
        "id client { id activations(first: 10) { nodes { id } } }",
    ),
    "orders": (
        "id number status createdAt",
        "id number items { quantity product { name } } createdBy { name }",
    ),
    "events": ("id type number", "id type message client { id name } activation { id } order { id number }"),
}
# What finds nothing reads most: points are of the worst case.
_FILTERS: Mapping[str, Sequence[str]] = {
    "clients": ('search: "qzx"', 'name: "qzx"'),
    "activations": ('search: "qzx"', 'clientName: "qzx"', 'note: "qzx"'),
}


class Request(NamedTuple):
    """Document with values of its variables, and where it is from."""

    origin: str
    text: str
    variables: Mapping[str, Any]

    @property
    def title(self) -> str:
        """Return its beginning, on one line."""
        return f"{self.origin}: {' '.join(self.text.split())[:90]}"


class Measured(NamedTuple):
    """Request with what was estimated, and what was spent."""

    request: Request
    points: int
    seconds: float
    rows: int

    @property
    def ratio(self) -> float:
        """Return how many times the work is what the points say."""
        return self.seconds / (self.points * _POINT_SECONDS)


def main() -> None:
    """Print the rank correlations, and the documents that are estimated worst."""
    argparse.ArgumentParser(prog="python -m benchmarks.costs", description=__doc__).parse_args()
    measured = asyncio.run(_measured(set_environment()))
    print(f"{len(measured)} documents, the least of {_TIMES} requests\n")
    for name, part in _parts(measured):
        points, work, rows = zip(*((each.points, each.seconds, each.rows) for each in part), strict=True)
        print(f"{name:14} {len(part):4}  points and work {rank_correlation(points, work):.3f}", end="  ")
        print(f"points and rows {rank_correlation(points, rows):.3f}  rows and work {rank_correlation(rows, work):.3f}")
    by_ratio = sorted(measured, key=lambda each: each.ratio)
    for name, some in (("least", by_ratio[:_SHOWN]), ("most", by_ratio[-_SHOWN:])):
        print(f"\nThe {name} work for a point:\n")
        for each in some:
            print(f"  {each.points:6} {each.seconds * 1000:8.2f} ms {each.rows:6} rows {each.request.title}")


def rank_correlation(one: Sequence[float], other: Sequence[float]) -> float:
    """Return Spearman's rank correlation; equal values have the mean of their ranks."""
    return correlation(_ranks(one), _ranks(other))


def requests() -> Iterator[Request]:
    """Yield all requests."""
    for workload in WORKLOADS:
        if workload.name != "W4n":
            body = orjson.loads(workload.bodies()[0])
            yield Request(workload.name, body["query"], body["variables"])
    for page in sorted((PROJECT / "docs").rglob("*.md")):
        for text in _BLOCK.findall(page.read_text(encoding="utf-8")):
            yield Request(page.stem, text, {"first": 10})
    for file in sorted((PROJECT / "server" / "graphiql" / "src").glob("*screens.ts")):
        for text in _TAB.findall(file.read_text(encoding="utf-8")):
            yield Request("GraphiQL", text, {"first": 10, "filter": {}})
    yield from _generated()


def _generated() -> Iterator[Request]:
    """Yield pages of many sizes, with many selections."""
    for (name, selections), first in product(_SELECTIONS.items(), (1, 10, 50, 100)):
        for selection in selections:
            yield Request("a page", f"{{ {name}(first: {first}) {{ nodes {{ {selection} }} }} }}", {})
        for given in _FILTERS.get(name, ()):
            yield Request("a page", f"{{ {name}(first: {first}, filter: {{{given}}}) {{ nodes {{ id }} }} }}", {})
        yield Request("a page", f"{{ {name}(first: {first}) {{ totalCount nodes {{ id }} }} }}", {})
    for name, times in product(_SELECTIONS, (2, 5, 15)):
        lists = " ".join(f"a{n}: {name}(first: 20) {{ nodes {{ id }} }}" for n in range(times))
        yield Request("many lists", f"{{ {lists} }}", {})
    for fields in (10, 100, 400):
        values = " ".join(f"a{n}: registeredAt b{n}: name" for n in range(fields))
        yield Request("many values", f"{{ clients(first: 100) {{ nodes {{ {values} }} }} }}", {})


async def _measured(file: Path) -> list[Measured]:
    statements = list[str]()
    found = []
    with traced(statements.append):
        async with application() as app:
            gc.freeze()
            for each in requests():
                points = _points(each)
                if points is None:
                    continue
                body = orjson.dumps({"query": each.text, "variables": each.variables})
                try:
                    await ask(app, body)
                except LookupError:
                    continue
                statements.clear()
                await ask(app, body)
                rows = _rows(file, statements)
                found.append(Measured(each, points, await _work(app, body), rows))
    return found


async def _work(app: Starlette, body: bytes) -> float:
    """Return the least processor time of a request."""
    least = float("inf")
    gc.collect()
    for _ in range(_TIMES):
        begun = time.process_time()
        await ask(app, body)
        least = min(least, time.process_time() - begun)
    return least


def _points(request: Request) -> int | None:
    """Return the points of a query with one operation; None if the variables are not those that it needs."""
    operations = [node for node in parse(request.text).definitions if isinstance(node, OperationDefinitionNode)]
    if len(operations) != 1 or (operations[0].operation.value != "query" and request.origin != "W4"):
        return None
    (operation,) = prepare(GRAPHQL_SCHEMA, request.text).operations.values()
    variables = operation.prepared.coerced(dict(request.variables))
    return None if isinstance(variables, list) else operation.points(variables.coerced)


def _rows(file: Path, statements: Sequence[str]) -> int:
    """Return the number of rows that the reading statements return."""
    connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    try:
        reading = [each for each in statements if each.lstrip().startswith(("SELECT", "WITH"))]
        return sum(len(connection.execute(each).fetchall()) for each in reading)
    finally:
        connection.close()


def _parts(measured: Sequence[Measured]) -> Iterator[tuple[str, Sequence[Measured]]]:
    written = [each for each in measured if each.request.origin not in {"a page", "many lists", "many values"}]
    yield "all", measured
    yield "written", written
    yield "generated", [each for each in measured if each not in written]


def _ranks(values: Sequence[float]) -> list[float]:
    ordered = sorted(values)
    first = {value: index for index, value in reversed(list(enumerate(ordered)))}
    last = {value: index for index, value in enumerate(ordered)}
    return [(first[value] + last[value]) / 2 for value in values]


if __name__ == "__main__":
    main()
