"""Scalars that give the JSON form of a value later are awaited."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from graphql import ExecutionResult, GraphQLScalarType, GraphQLSchema, build_schema, execute, parse

from breadth import BatchExecutor
from tests.breadth.comparison import differences

EXECUTORS = (None, BatchExecutor)

SDL = """
  scalar Later
  type Row { may: Later, must: Later!, list: [Later!], lists: [[Later]!] }
  type Query { rows: [Row], all: [Row!], row: Row }
"""


async def later(value: Any) -> Any:  # noqa: ANN401 — JSON of any kind.
    await asyncio.sleep(0)
    if value == "bad":
        raise ValueError(value)
    if value == "never":
        await asyncio.Event().wait()
    return None if value == "none" else f"later {value}"


def serialize(value: object) -> object:
    """Integers are their own form, and texts have one that is awaited."""
    if value == "wrong":
        raise ValueError(value)
    return value if isinstance(value, int) else later(value)


def schema(serialize: Callable[[Any], object]) -> GraphQLSchema:
    schema = build_schema(SDL)
    scalar = schema.type_map["Later"]
    assert isinstance(scalar, GraphQLScalarType)
    scalar.coerce_output_value = serialize
    return schema


async def answers(text: str, values: list[object]) -> list[ExecutionResult]:
    """Return the answers of both executors, of which neither may hang."""
    rows = [{"may": value, "must": value, "list": [value, 1], "lists": [[value], []]} for value in values]
    found = []
    for executor in EXECUTORS:
        root = {"rows": rows, "all": rows, "row": rows[0]}
        result = execute(schema(serialize), parse(text), root, executor_class=executor)
        async with asyncio.timeout(20):
            found.append(result if isinstance(result, ExecutionResult) else await result)
    return found


@pytest.mark.parametrize(
    "text", ["{ rows { may must list lists } }", "{ row { may } }", "{ all { list } row { may must } }"]
)
@pytest.mark.parametrize(
    "values",
    [["a"], ["a", "b", 1], [1, "bad"], ["bad", "wrong", "a"], ["none", "a"], ["wrong"], ["bad"], [None, "a"]],
)
async def test_a_form_that_comes_later_is_in_the_response(text: str, values: list[object]) -> None:
    stock, ours = await answers(text, values)

    assert differences(stock, ours) == []


@pytest.mark.parametrize("values", [["bad", "never"], ["wrong", "never"], ["never", "bad"]])
async def test_a_form_is_not_awaited_beside_a_null_of_all(values: list[object]) -> None:
    stock, ours = await answers("{ all { must } }", values)

    assert ours.data == {"all": None}
    assert differences(stock, ours) == []


async def test_forms_of_a_batch_are_awaited_together() -> None:
    both = asyncio.Barrier(2)

    def serialize(value: str) -> Awaitable[str]:
        async def awaited() -> str:
            await both.wait()
            return value

        return awaited()

    root = {"rows": [{"may": "a"}, {"may": "b"}]}
    async with asyncio.timeout(20):
        result: Any = await execute(schema(serialize), parse("{ rows { may } }"), root, executor_class=BatchExecutor)  # type: ignore[misc]

    assert result.data == {"rows": [{"may": "a"}, {"may": "b"}]}
