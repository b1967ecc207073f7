"""Futures that several resolvers or requests await: what ends one of them ends none of the others."""

import asyncio
import gc
import sys
import warnings
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from graphql import ExecutionResult, GraphQLResolveInfo, GraphQLSchema, build_schema, execute, parse

from breadth import BatchExecutor, set_batch_resolver

Info = GraphQLResolveInfo[Any]
EXECUTORS = (None, BatchExecutor)

SDL = """
  interface Thing { later: Int }
  type Row implements Thing {
    later: Int, must: Int!, lateMust: Int!, list: [Int!], things: [Thing!], stream: [Row!], batch: Int
  }
  type Query { x: Row, y: Row, both: [Row], all: [Row!] }
"""


def is_bad(row: str) -> bool:
    return row == "x"


def must(row: str, _info: Info) -> int:
    if is_bad(row):
        raise ValueError(row)
    return 1


async def late_must(row: str, info: Info) -> int:
    await asyncio.sleep(0.01)
    return must(row, info)


async def stream(row: str, info: Info) -> AsyncIterator[str]:
    yield "y"
    yield row
    await info.context()


@pytest.fixture
def schema() -> GraphQLSchema:
    """Rows that await the future of the context; the required field of `x` fails at once."""
    schema = build_schema(SDL)
    query, row, thing = (schema.type_map[name] for name in ("Query", "Row", "Thing"))
    for name in ("x", "y"):
        query.fields[name].resolve = lambda _source, _info, name=name: name  # type: ignore[attr-defined]
    query.fields["both"].resolve = query.fields["all"].resolve = lambda _source, _info: ["x", "y"]  # type: ignore[attr-defined]
    row.fields["must"].resolve, row.fields["lateMust"].resolve = must, late_must  # type: ignore[attr-defined]
    row.fields["stream"].resolve = stream  # type: ignore[attr-defined]
    set_batch_resolver(row.fields["batch"], lambda _rows, info: info.context())  # type: ignore[attr-defined]
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
    may_end, done = asyncio.Event(), asyncio.Event()

    async def audit() -> int:
        await may_end.wait()
        done.set()
        return 1

    found = await answered(schema, "{ x { later must } }", audit, executor)

    assert found.data == {"x": None}
    assert not done.is_set()
    may_end.set()
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


@pytest.mark.parametrize("middleware", [None, [lambda proceed, source, info: proceed(source, info)]])
@pytest.mark.parametrize("name", ["later", "batch"])
async def test_a_late_error_cancels_no_future_of_another(schema: GraphQLSchema, name: str, middleware: Any) -> None:  # noqa: ANN401
    task = asyncio.ensure_future(asyncio.sleep(0.2, [7]))

    result: Any = execute(
        schema,
        parse(f"{{ x {{ {name} lateMust }} }}"),
        context_value=lambda: task,
        executor_class=BatchExecutor,
        middleware=middleware,
    )
    await result

    assert await task == [7]


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("text", ["{ x { later } }", "{ both { later } }", "{ both { batch } }"])
async def test_a_request_that_is_cancelled_cancels_what_resolvers_returned(
    schema: GraphQLSchema,
    text: str,
    executor: Any,  # noqa: ANN401
) -> None:
    begun: list[asyncio.Task[Any]] = []

    def begin() -> asyncio.Future[Any]:
        begun.append(asyncio.ensure_future(asyncio.Event().wait()))
        return asyncio.gather(begun[-1])

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(answered(schema, text, begin, executor), 0.1)
    done, pending = await asyncio.wait(begun, timeout=20)

    assert not pending
    assert all(task.cancelled() for task in done)


class Forgotten:
    """Awaitable of something that never happens, and that nothing else knows."""

    def __await__(self) -> Any:  # noqa: ANN401
        """Wait."""
        return asyncio.get_running_loop().create_future().__await__()


@pytest.mark.parametrize(
    "text",
    [
        "{ all { later must } }",
        "{ all { batch later must } }",
        "{ x { list } }",
        "{ x { things { later } must } }",
        "{ all { things { later } batch list must } }",
        "{ x { stream { later must } } }",
        "{ x { stream { later } must } }",
        "{ all { stream { later batch } lateMust } }",
    ],
)
async def test_what_never_ends_is_garbage_without_a_warning(
    schema: GraphQLSchema, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The collection does not look through what earlier tests made.
    gc.freeze()
    problems: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda problem: problems.append(problem.exc_value))

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for awaitable in (Forgotten, asyncio.get_running_loop().create_future):
            await answered(schema, text, awaitable, BatchExecutor)
            gc.collect()

    assert problems == []


async def test_what_is_executed_while_a_generator_is_closed_is_cancelled(schema: GraphQLSchema) -> None:
    cancelled = asyncio.Event()

    async def hang() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    async def events() -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            await answered(schema, "{ x { later lateMust } }", hang, BatchExecutor)

    generator = events()
    await anext(generator)
    await generator.aclose()  # type: ignore[attr-defined]

    assert cancelled.is_set()
