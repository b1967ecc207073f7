"""`python -m benchmarks.new_documents`: what the first execution of a document takes, by batch and by stock.

Both executors take turns in one process, each with a document of a text that neither has seen. The tenth percentile
excludes what the machine did besides.
"""

import gc
from collections.abc import Mapping
from itertools import count
from statistics import quantiles
from time import perf_counter
from typing import Any

from graphql import ExecutionResult, GraphQLSchema, build_schema, execute, parse
from graphql.execution import Executor
from graphql.execution.incremental import IncrementalExecutor

from breadth import BatchExecutor

_TIMES = 300
_VARIABLES = {"first": 3}
_OBJECTS = (1, 10)

_SDL = """
  type Owner { id: ID!, name: String!, email: String }
  type Item {
    id: ID!, name: String!, count: Int!, price: Float, tags: [String!]!, note: String, owner: Owner!
    items(first: Int): [Item!]!
  }
  type Query { one: Int, two: String, three: Boolean, item(id: ID!): Item, items(first: Int, after: String): [Item!]! }
"""
_ITEM = "id name count price tags note owner { id name email } items { id name count owner { id name } }"
_DOCUMENTS = {
    "1 field": "{ one }",
    "3 fields": "{ one two three }",
    "1 object, 4 fields": '{ item(id: "1") { id name count } }',
    "2 objects, 11 fields": '{ item(id: "1") { id name count price tags note owner { id name email } } }',
    "a list, 7 fields": "{ items(first: 1) { id name count owner { id name } } }",
    "a page, 17 fields, a fragment": """
      query ($first: Int) {
        items(first: $first, after: null) { id name count price note owner { ...O } items { id name owner { ...O } } }
      }
      fragment O on Owner { id name email }
    """,
    "48 objects, 204 fields": " ".join(
        ["{", *(f'i{number}: item(id: "1") {{ {_ITEM} }}' for number in range(12)), "}"]
    ),
}


def main() -> None:
    """Print a line for each document and number of objects in its lists."""
    schema = build_schema(_SDL)
    for name, document in _DOCUMENTS.items():
        for number in _OBJECTS if "items(first" in document else (1,):
            stock, ours = _measured(schema, document, _root(number))
            described = f"{name}, {number} in a list" if "items(first" in document else name
            print(f"{described:45} stock {stock:7.1f} µs, by batch {ours:7.1f} µs: {ours / stock:.2f} times")


def _root(number: int) -> Mapping[str, object]:
    owner = {"id": "1", "name": "name", "email": None}

    def item(depth: int) -> dict[str, object]:
        below = [item(depth - 1)] if depth else []
        leaves: dict[str, object] = {"id": "1", "name": "name", "count": 1, "price": 1.5, "tags": ["tag"], "note": None}
        return leaves | {"owner": owner, "items": below}

    return {"one": 1, "two": "2", "three": True, "item": item(2), "items": [item(2) for _ in range(number)]}


def _measured(schema: GraphQLSchema, document: str, root: object) -> tuple[float, float]:
    """Return the microseconds of both executors."""
    numbers = count()
    executors: tuple[type[Executor[Any]], ...] = (IncrementalExecutor, BatchExecutor)
    taken: tuple[list[float], ...] = ([], [])
    gc.disable()
    for turn in range(_TIMES):
        for executor_class, seconds in zip(executors, taken, strict=True):
            parsed = parse(f"{document} # {next(numbers)}")
            begun = perf_counter()
            result = execute(schema, parsed, root, variable_values=_VARIABLES, executor_class=executor_class)
            seconds.append(perf_counter() - begun)
            assert isinstance(result, ExecutionResult)  # noqa: S101 — nothing in it is awaited.
        if turn % 20 == 0:
            gc.collect()
    gc.enable()
    stock, ours = (quantiles(seconds, n=10)[0] * 1_000_000 for seconds in taken)
    return stock, ours


if __name__ == "__main__":
    main()
