"""Values of a batch that arrive at different times, and middleware around batch resolvers."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
from graphql import ExecutionResult, GraphQLObjectType, GraphQLResolveInfo, GraphQLSchema, build_schema, execute, parse
from graphql.execution import Executor
from graphql.execution.incremental import IncrementalExecutor

from breadth import BatchExecutor, set_batch_resolver, wait_for

Info = GraphQLResolveInfo[Any]
ExecutorClass = type[Executor[Any]]

EXECUTORS: list[ExecutorClass] = [IncrementalExecutor, BatchExecutor]
both = pytest.mark.parametrize("executor_class", EXECUTORS)

SDL = """
  type Row { id: Int, next: Row, own: [Row], wait: Int, set: Int, name: String }
  type Query { rows: [Row], must: [Row!]! }
"""


def fields_of(schema: GraphQLSchema, name: str = "Row") -> dict[str, Any]:
    of_type = schema.type_map[name]
    assert isinstance(of_type, GraphQLObjectType)
    return dict(of_type.fields)


async def answer(schema: GraphQLSchema, document: str, root: object, **named: Any) -> ExecutionResult:  # noqa: ANN401
    result = execute(schema, parse(document), root, **{"executor_class": BatchExecutor, **named})
    async with asyncio.timeout(60):
        return result if isinstance(result, ExecutionResult) else await result


def waiting_schema(there: asyncio.Event) -> GraphQLSchema:
    """A schema in which `next` of every row but the first waits for `set` of another one."""
    schema = build_schema(SDL)

    async def following(row: dict[str, int], _info: Info) -> dict[str, int]:
        if row["id"]:
            await there.wait()
        return row

    def set_(row: dict[str, int], _info: Info) -> int:
        there.set()
        return row["id"]

    fields_of(schema)["next"].resolve = following
    fields_of(schema)["set"].resolve = set_
    return schema


ROWS = {"rows": [{"id": 0}, {"id": 1}, {"id": 2}]}


@both
@pytest.mark.parametrize("seconds", [None, 0])
async def test_an_object_may_wait_for_what_is_below_another_one(
    executor_class: ExecutorClass, seconds: float | None
) -> None:
    schema = waiting_schema(asyncio.Event())
    if seconds is not None:
        wait_for(fields_of(schema)["next"], seconds)

    result = await answer(schema, "{ rows { next { set } } }", ROWS, executor_class=executor_class)

    assert result == ExecutionResult({"rows": [{"next": {"set": number}} for number in range(3)]}, None)


@both
@pytest.mark.parametrize("name", ["rows", "must"])
async def test_an_item_may_wait_for_what_is_below_another_one(executor_class: ExecutorClass, name: str) -> None:
    there = asyncio.Event()
    schema = waiting_schema(there)

    async def late() -> dict[str, int]:
        await there.wait()
        return {"id": 1}

    result = await answer(schema, f"{{ {name} {{ set }} }}", {name: [{"id": 0}, late()]}, executor_class=executor_class)

    assert result == ExecutionResult({name: [{"set": 0}, {"set": 1}]}, None)


@both
async def test_an_error_does_not_wait_for_a_sibling_that_hangs(executor_class: ExecutorClass) -> None:
    schema = build_schema("type Query { a: Int, b: Int!, c: Int! }")

    async def hang(_source: object, _info: Info) -> int:
        await asyncio.Event().wait()
        return 1

    async def fail(_source: object, _info: Info) -> int:
        message = "no"
        raise ValueError(message)

    fields_of(schema, "Query")["a"].resolve = hang
    fields_of(schema, "Query")["b"].resolve = fail

    result = await answer(schema, "{ a b }", None, executor_class=executor_class)

    assert result.data is None
    assert [error.path for error in result.errors or ()] == [["b"]]


async def test_values_that_arrive_together_are_one_batch_below() -> None:
    schema = build_schema(SDL)
    batches: list[int] = []

    async def following(row: dict[str, int], _info: Info) -> dict[str, int]:
        for _ in range(row["id"]):
            await asyncio.sleep(0)
        return row

    def names(rows: list[Any], _info: Info) -> list[str]:
        batches.append(len(rows))
        return [f"row {row['id']}" for row in rows]

    fields_of(schema)["next"].resolve = following
    set_batch_resolver(fields_of(schema)["name"], names)

    await answer(schema, "{ rows { next { name } } }", ROWS)

    assert batches == [3]


def named(rows: list[Any], _info: Info, **_given: object) -> list[Any]:
    return [ValueError("no name") if row["id"] == 2 else f"row {row['id']}" for row in rows]


async def named_later(rows: list[Any], info: Info, **given: object) -> list[Any]:
    await asyncio.sleep(0)
    return named(rows, info, **given)


@pytest.mark.parametrize("resolver", [named, named_later])
async def test_middleware_keeps_a_batch_resolver_batched(resolver: Callable[..., Any]) -> None:
    schema = build_schema(SDL)
    batches: list[int] = []
    seen: list[object] = []

    def counted(rows: list[Any], info: Info) -> Any:  # noqa: ANN401 — a list, or awaited.
        batches.append(len(rows))
        return resolver(rows, info)

    def watch(proceed: Callable[..., Any], source: object, info: Info, **given: Any) -> Any:  # noqa: ANN401
        seen.append(info.path.as_list())
        return proceed(source, info, **given)

    set_batch_resolver(fields_of(schema)["name"], counted)
    stock = await answer(schema, "{ rows { name } }", ROWS, middleware=[watch], executor_class=IncrementalExecutor)
    seen_by_stock, seen[:] = list(seen), []
    batches.clear()

    result = await answer(schema, "{ rows { name } }", ROWS, middleware=[watch])

    assert result == stock
    assert seen == seen_by_stock
    assert batches == [3]


async def test_middleware_may_answer_itself_or_ask_of_another_object() -> None:
    schema = build_schema(SDL)

    def change(proceed: Callable[..., Any], source: Any, info: Info, **given: Any) -> Any:  # noqa: ANN401
        if info.field_name != "name" or source["id"] == 1:
            return proceed(source, info, **given)
        return "own" if source["id"] == 0 else proceed({"id": 7}, info, **given)

    set_batch_resolver(fields_of(schema)["name"], named)

    stock, ours = [
        await answer(schema, "{ rows { name } }", ROWS, middleware=[change], executor_class=each) for each in EXECUTORS
    ]

    assert ours == stock
    assert ours.data == {"rows": [{"name": "own"}, {"name": "row 1"}, {"name": "row 7"}]}


async def test_a_field_resolver_of_the_caller_keeps_batch_resolvers_batched() -> None:
    schema = build_schema(SDL)
    batches: list[int] = []

    def names(rows: list[Any], _info: Info) -> list[str]:
        batches.append(len(rows))
        return ["" for _ in rows]

    set_batch_resolver(fields_of(schema)["name"], names)

    await answer(schema, "{ rows { name } }", ROWS, field_resolver=lambda source, info: source[info.field_name])

    assert batches == [3]


async def test_a_busy_machine_leaves_no_ready_error_out() -> None:
    schema = build_schema("type Query { first: Int!, second: Int! }")
    query = fields_of(schema, "Query")

    async def at_once(_root: object, _info: Info) -> int:
        await asyncio.sleep(0)
        message = "at once"
        raise ValueError(message)

    async def in_steps(_root: object, _info: Info) -> int:
        for _ in range(20):
            await asyncio.sleep(0)
            # The loop is busy for longer than a batch waits.
            time.sleep(0.02)  # noqa: ASYNC251
        message = "in steps"
        raise ValueError(message)

    query["first"].resolve, query["second"].resolve = at_once, in_steps

    result = await answer(schema, "{ first second }", None)

    assert sorted(error.message for error in result.errors or ()) == ["at once", "in steps"]


@pytest.mark.parametrize("document", ["{ rows { id } }", "{ rows { name } }"])
async def test_one_coroutine_for_several_objects_is_awaited_once(document: str) -> None:
    schema = build_schema(SDL)
    awaited = 0

    async def value() -> object:
        nonlocal awaited
        awaited += 1
        await asyncio.sleep(0)
        return {"id": 1} if "id" in document else "a"

    one = value()
    rows = [one, one] if "id" in document else [{"name": one}, {"name": one}]

    ours = await answer(schema, document, {"rows": rows})

    assert ours == ExecutionResult({"rows": [{"id": 1} if "id" in document else {"name": "a"}] * 2}, None)
    assert awaited == 1
