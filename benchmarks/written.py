"""Requests that people wrote, what they cost in points, and how well two orders of them agree."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import correlation
from typing import Any, NamedTuple

import orjson
from graphql import OperationDefinitionNode, parse

from benchmarks.paths import PROJECT
from benchmarks.workloads import WORKLOADS
from schema.root import GRAPHQL_SCHEMA
from server.graphql.documents import prepare

_BLOCK = re.compile(r"^```graphql\n((?:.*\n)*?)```$", re.MULTILINE)
_TAB = re.compile(r"query: `([^`]+)`")


class Request(NamedTuple):
    """Document with values of its variables, and where it is from."""

    origin: str
    text: str
    variables: Mapping[str, Any]

    @property
    def title(self) -> str:
        """Return its beginning, on one line."""
        return f"{self.origin}: {' '.join(self.text.split())[:90]}"


def written(file: Path | None = None) -> Iterator[Request]:
    """Yield the requests of the workloads, the documentation and GraphiQL's tabs.

    Those of the workloads have values of the benchmarks' database, or of the one in a file.
    """
    for workload in WORKLOADS:
        if workload.name != "W4n":
            body = orjson.loads(workload.bodies(file)[0])
            yield Request(workload.name, body["query"], body["variables"])
    for page in sorted((PROJECT / "docs").rglob("*.md")):
        for text in _BLOCK.findall(page.read_text(encoding="utf-8")):
            yield Request(page.stem, text, {"first": 10})
    for screen in sorted((PROJECT / "server" / "graphiql" / "src").glob("*screens.ts")):
        for text in _TAB.findall(screen.read_text(encoding="utf-8")):
            yield Request("GraphiQL", text, {"first": 10, "filter": {}})


def points_of(request: Request) -> int | None:
    """Return the points of a query with one operation; None if it or its variables are refused."""
    operations = [node for node in parse(request.text).definitions if isinstance(node, OperationDefinitionNode)]
    if len(operations) != 1 or (operations[0].operation.value != "query" and request.origin != "W4"):
        return None
    prepared = prepare(GRAPHQL_SCHEMA, request.text)
    if prepared.errors:
        return None
    (operation,) = prepared.operations.values()
    variables = operation.prepared.coerced(dict(request.variables))
    return None if isinstance(variables, list) else operation.points(variables.coerced)


def rank_correlation(one: Sequence[float], other: Sequence[float]) -> float:
    """Return Spearman's rank correlation; equal values have the mean of their ranks."""
    return correlation(_ranks(one), _ranks(other))


def _ranks(values: Sequence[float]) -> list[float]:
    ordered = sorted(values)
    first = {value: index for index, value in reversed(list(enumerate(ordered)))}
    last = {value: index for index, value in enumerate(ordered)}
    return [(first[value] + last[value]) / 2 for value in values]
