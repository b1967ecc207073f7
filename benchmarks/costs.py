"""`python -m benchmarks.costs`: what documents cost in points, beside what they take.

The documents are those of the documentation, of GraphiQL's tabs, of the workloads, and pages of many sizes with many
selections. The weights were fitted on these. Random documents, on which nothing was fitted, are held out. Each is sent
in this process, without a network. Its time is the least processor time of several requests in turns, its work what
`benchmarks.work` counts, its rows those that its statements return, and its steps those of SQLite. Documents that this
database has no answer for, and random ones that cost too much, are left out.
"""

import argparse
import asyncio
import gc
import os
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from random import Random
from statistics import median
from typing import NamedTuple

import orjson
from starlette.applications import Starlette

from benchmarks.data import SECRET
from benchmarks.profile import application, ask, set_environment, traced
from benchmarks.work import working
from benchmarks.written import Request, points_of, rank_correlation, written
from domain.costs import POINTS_MAX
from resolvers import ids
from tests.security import generator

_ROUNDS = 3
_HELD_OUT = "held out"
_HELD_OUT_DOCUMENTS = 100
_HELD_OUT_LENGTH_MAX = 4_000
_SEED = 15
_SPLITS = 101
_STEPS = 100
"""Steps of SQLite's virtual machine after which it calls the counter."""
_SHOWN = 12
_POINT_SECONDS = 0.000_1
_COMPARED = ("time", "rows", "steps", "work")
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


class Measured(NamedTuple):
    """Request with what was estimated, and what was spent."""

    request: Request
    points: int
    seconds: float
    rows: int
    steps: int
    work: int = 0

    @property
    def ratio(self) -> float:
        """Return how many times the time is what the points say."""
        return self.seconds / (self.points * _POINT_SECONDS)


def main() -> None:
    """Print the rank correlations, and the documents that are estimated worst."""
    argparse.ArgumentParser(prog="python -m benchmarks.costs", description=__doc__).parse_args()
    measured = _counted(asyncio.run(_measured(set_environment())))
    print(f"{len(measured)} documents, the least of {_ROUNDS} requests\n")
    for name, part in _parts(measured):
        points, *others = _columns(part)
        ranks = zip(_COMPARED, (rank_correlation(points, each) for each in others), strict=True)
        print(f"{name:16} {len(part):4}  points and", ", ".join(f"{kind} {rank:.3f}" for kind, rank in ranks))
    least, middle = _halves([each for each in measured if each.request.origin != _HELD_OUT])
    print(f"random halves of the fitted documents: median {middle:.3f}, least {least:.3f} of {_SPLITS}")
    by_ratio = sorted(measured, key=lambda each: each.ratio)
    for name, some in (("least", by_ratio[:_SHOWN]), ("most", by_ratio[-_SHOWN:])):
        print(f"\nThe {name} work for a point:\n")
        for each in some:
            print(f"  {each.points:6} {each.seconds * 1000:8.2f} ms {each.rows:6} rows {each.request.title}")


def requests(file: Path) -> Iterator[Request]:
    """Yield all requests."""
    yield from written()
    yield from _generated()
    yield from _held_out(file)


def _held_out(file: Path) -> Iterator[Request]:
    """Yield random documents of all types, on which no weight was fitted."""
    source = generator.Generator(Random(_SEED), _ids(file))  # noqa: S311 — the same documents each time.
    for number in range(_HELD_OUT_DOCUMENTS):
        document = source.document()
        for _ in range(number % 4):
            document = source.varied(document)
        written = generator.text(document)
        if len(written) <= _HELD_OUT_LENGTH_MAX:
            yield Request(_HELD_OUT, written, {})


def _ids(file: Path) -> Sequence[str]:
    """Return ids of some objects of the first partner."""
    connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    try:
        tables = {"Client": "clients", "Activation": "activations", "Order": "orders"}
        return [
            ids.encode(name, number)
            for name, table in tables.items()
            for (number,) in connection.execute(f"SELECT id FROM {table} WHERE partner_id = 1 LIMIT 3")  # noqa: S608 — ours.
        ]
    finally:
        connection.close()


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
    statements, sent = list[str](), list[bytes]()
    found = list[Measured]()
    with traced(statements.append):
        async with application() as app:
            gc.freeze()
            for each in requests(file):
                points = points_of(each)
                if points is None or points > POINTS_MAX:
                    continue
                body = orjson.dumps({"query": each.text, "variables": each.variables})
                try:
                    await ask(app, body)
                except LookupError:
                    continue
                statements.clear()
                await ask(app, body)
                rows, steps = _read(file, statements)
                sent.append(body)
                found.append(Measured(each, points, float("inf"), rows, steps))
            # In turns, so that other work on the machine makes no document look dear.
            for _ in range(_ROUNDS):
                found = [
                    each._replace(seconds=min(each.seconds, await _seconds(app, body)))
                    for each, body in zip(found, sent, strict=True)
                ]
                statements.clear()
    return found


def _counted(measured: Sequence[Measured]) -> Sequence[Measured]:
    """Return the same with their counted work, of documents that were sent before."""
    with working(os.environ, SECRET) as worker:
        for each in measured:
            worker.ask(*each.request[1:], counted=False)
        return [each._replace(work=worker.ask(*each.request[1:]).work.sum) for each in measured]


async def _seconds(app: Starlette, body: bytes) -> float:
    """Return the processor time of a request."""
    begun = time.process_time()
    await ask(app, body)
    return time.process_time() - begun


def _read(file: Path, statements: Sequence[str]) -> tuple[int, int]:
    """Return the number of rows that the reading statements return, and the steps that they take."""
    counted = 0

    def count() -> None:
        nonlocal counted
        counted += _STEPS

    connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    connection.set_progress_handler(count, _STEPS)
    try:
        reading = [each for each in statements if each.lstrip().startswith(("SELECT", "WITH"))]
        return sum(len(connection.execute(each).fetchall()) for each in reading), counted
    finally:
        connection.close()


def _columns(measured: Sequence[Measured]) -> tuple[Sequence[float], ...]:
    """Return points, time, rows, steps and work."""
    return tuple(zip(*(each[1:] for each in measured), strict=True))


def _halves(measured: Sequence[Measured]) -> tuple[float, float]:
    """Return the least and the median correlation of points and counted work in random halves."""
    random = Random(_SEED)  # noqa: S311 — the same halves each time.
    found = []
    for _ in range(_SPLITS):
        points, *_, work = _columns(random.sample(measured, len(measured) // 2))
        found.append(rank_correlation(points, work))
    return min(found), median(found)


def _parts(measured: Sequence[Measured]) -> Iterator[tuple[str, Sequence[Measured]]]:
    held_out = [each for each in measured if each.request.origin == _HELD_OUT]
    fitted = [each for each in measured if each.request.origin != _HELD_OUT]
    made = {"a page", "many lists", "many values"}
    yield "fitted", fitted
    yield "of them written", [each for each in fitted if each.request.origin not in made]
    yield "of them made", [each for each in fitted if each.request.origin in made]
    yield "held out", held_out
    yield "all", measured


if __name__ == "__main__":
    main()
