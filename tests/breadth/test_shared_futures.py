"""Futures that several resolvers or requests await: what ends one of them ends none of the others."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from graphql import ExecutionResult, GraphQLResolveInfo, GraphQLSchema, build_schema, execute, parse

from breadth import BatchExecutor

Info = GraphQLResolveInfo[Any]
EXECUTORS = (None, BatchExecutor)

SDL = """
  interface Thing { later: Int }
  type Row implements Thing { later: Int, must: Int!, list: [Int!], things: [Thing!] }
  type Query { x: Row, y: Row, both: [Row], written: Row }
"""


def is_bad(row: str) -> bool:
    return row == "x"


def must(row: str, _info: Info) -> int:
    if is_bad(row):
        raise ValueError(row)
    return 1


@pytest.fixture
def schema() -> GraphQLSchema:
    """Rows that await the future of the context; the required field of `x` fails at once."""
    schema = build_schema(SDL)
    query, row, thing = (schema.type_map[name] for name in ("Query", "Row", "Thing"))
    for name in ("x", "y"):
        query.fields[name].resolve = lambda _source, _info, name=name: name  # type: ignore[attr-defined]
    query.fields["both"].resolve = lambda _source, _info: ["x", "y"]  # type: ignore[attr-defined]
    row.fields["must"].resolve = must  # type: ignore[attr-defined]
    row.fields["later"].resolve = lambda _row, info: info.context()  # type: ignore[attr-defined]
    row.fields["list"].resolve = lambda row, info: [info.context(), None if is_bad(row) else 1]  # type: ignore[attr-defined]
    row.fields["things"].resolve = lambda row, _info: [row, None if is_bad(row) else row]  # type: ignore[attr-defined]
    thing.resolve_type = lambda _value, _info, _type: "Row"  # type: ignore[attr-defined]
    return schema


def once() -> Callable[[], asyncio.Future[int]]:
    """Return a resolver's access to one task, which takes longer than what is null waits for."""
    task = asyncio.ensure_future(asyncio.sleep(0.2, 7))
    return lambda: task


async def answered(schema: GraphQLSchema, text: str, context: object, executor: Any) -> ExecutionResult:  # noqa: ANN401
    async with asyncio.timeout(20):
        result: Any = execute(schema, parse(text), context_value=context, executor_class=executor)
        return result if isinstance(result, ExecutionResult) else await result


@pytest.mark.parametrize(
    "text",
    [
        "{ x { later must } y { later must } }",
        "{ y { later } x { later must } }",
        "{ both { later must } }",
        "{ x { list } y { later list } }",
        "{ x { things { later } } y { later } }",
    ],
)
async def test_an_object_that_is_null_cancels_no_future_of_another(schema: GraphQLSchema, text: str) -> None:
    stock, ours = [await answered(schema, text, once(), executor) for executor in EXECUTORS]

    assert ours == stock
    assert "7" in str(ours.data)


@pytest.mark.parametrize("executor", EXECUTORS)
async def test_a_request_that_fails_cancels_no_future_of_another_request(schema: GraphQLSchema, executor: Any) -> None:  # noqa: ANN401
    context = once()

    failed, other = await asyncio.gather(
        answered(schema, "{ x { later must } }", context, executor),
        answered(schema, "{ y { later } }", context, executor),
    )

    assert (failed.data, other.data) == ({"x": None}, {"y": {"later": 7}})


@pytest.mark.parametrize("executor", EXECUTORS)
async def test_what_an_object_that_is_null_has_begun_is_done(schema: GraphQLSchema, executor: Any) -> None:  # noqa: ANN401
    done = asyncio.Event()

    async def audit() -> int:
        await asyncio.sleep(0.1)
        done.set()
        return 1

    found = await answered(schema, "{ x { later must } }", audit, executor)

    assert found.data == {"x": None}
    assert not done.is_set()
    async with asyncio.timeout(20):
        await done.wait()


@pytest.mark.parametrize("executor", EXECUTORS)
async def test_a_cleanup_of_what_is_null_delays_no_answer(schema: GraphQLSchema, executor: Any) -> None:  # noqa: ANN401
    may_end = asyncio.Event()

    async def stubborn() -> int:
        try:
            await asyncio.sleep(0.2)
        finally:
            await may_end.wait()
        return 1

    found = await answered(schema, "{ x { later must } }", stubborn, executor)

    assert found.data == {"x": None}
    may_end.set()
