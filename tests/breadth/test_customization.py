"""What a caller may give to an execution beside the document and its variables."""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

import pytest
from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLResolveInfo,
    GraphQLSchema,
    build_schema,
    execute,
    experimental_execute_incrementally,
    parse,
    specified_directives,
)
from graphql.execution import AbortedGraphQLExecutionError, ExecutionHooks, Executor
from graphql.pyutils import AbortController
from graphql.type import GraphQLDeferDirective, GraphQLStreamDirective

from breadth import BatchExecutor, set_batch_resolver

Info = GraphQLResolveInfo[Any]
ExecutorClass = type[Executor[Any]] | None

EXECUTORS: list[ExecutorClass] = [None, BatchExecutor]
"""What is said here is true of stock execution too."""

pytestmark = pytest.mark.parametrize("executor_class", EXECUTORS)

SDL = """
  type Query { int: Int, text: String, child: Child, children: [Child] }
  type Child { name: String, child: Child }
"""


@pytest.fixture
def schema() -> GraphQLSchema:
    return build_schema(SDL)


def field(schema: GraphQLSchema, of_type: str, name: str) -> Any:  # noqa: ANN401 — a GraphQLField, to be changed.
    return schema.type_map[of_type].fields[name]  # type: ignore[attr-defined]


async def test_middleware_sees_every_field_of_every_object(
    schema: GraphQLSchema, executor_class: ExecutorClass
) -> None:
    seen = []

    def watch(proceed: Callable[..., Any], source: object, info: Info, **given: Any) -> Any:  # noqa: ANN401
        seen.append(info.path.as_list())
        value = proceed(source, info, **given)
        return value.upper() if isinstance(value, str) else value

    set_batch_resolver(field(schema, "Child", "name"), lambda sources, _info: [each["name"] for each in sources])
    root = {"children": [{"name": "a"}, {"name": "b"}]}

    result = execute(schema, parse("{ children { name } }"), root, middleware=[watch], executor_class=executor_class)

    assert result == ExecutionResult({"children": [{"name": "A"}, {"name": "B"}]}, None)
    assert seen == [["children"], ["children", 0, "name"], ["children", 1, "name"]]


async def test_middleware_may_give_up_waiting_for_one_object(
    schema: GraphQLSchema, executor_class: ExecutorClass
) -> None:
    may_go_on = asyncio.Event()

    async def names(sources: list[dict[str, str]], _info: Info) -> list[str]:
        await may_go_on.wait()
        return [each["name"] for each in sources]

    async def watch(proceed: Callable[..., Any], source: object, info: Info, **given: Any) -> Any:  # noqa: ANN401
        value = proceed(source, info, **given)
        if not inspect.isawaitable(value):
            return value
        if info.path.as_list() != ["children", 1, "name"]:
            return await value
        try:
            return await asyncio.wait_for(value, 0.001)
        except TimeoutError:
            may_go_on.set()
            return "late"

    set_batch_resolver(field(schema, "Child", "name"), names)
    root = {"children": [{"name": "a"}, {"name": "b"}, {"name": "c"}]}

    async with asyncio.timeout(20):
        result: Any = execute(
            schema, parse("{ children { name } }"), root, middleware=[watch], executor_class=executor_class
        )
        result = await result

    assert result == ExecutionResult({"children": [{"name": "a"}, {"name": "late"}, {"name": "c"}]}, None)


async def test_a_batch_for_which_no_middleware_waits_any_more_is_cancelled(
    schema: GraphQLSchema, executor_class: ExecutorClass
) -> None:
    ended = []

    async def names(sources: list[dict[str, str]], _info: Info) -> list[str]:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(len(sources))
        return []

    async def watch(proceed: Callable[..., Any], source: object, info: Info, **given: Any) -> Any:  # noqa: ANN401
        value = proceed(source, info, **given)
        try:
            return await asyncio.wait_for(value, 0.001) if inspect.isawaitable(value) else value
        except TimeoutError:
            return "late"

    set_batch_resolver(field(schema, "Child", "name"), names)
    root = {"children": [{"name": "a"}, {"name": "b"}]}

    async with asyncio.timeout(20):
        result: Any = execute(
            schema, parse("{ children { name } }"), root, middleware=[watch], executor_class=executor_class
        )
        result = await result

    assert result == ExecutionResult({"children": [{"name": "late"}, {"name": "late"}]}, None)
    await asyncio.sleep(0)
    assert sum(ended) == 2


@pytest.mark.parametrize("of_children", [True, False])
async def test_an_error_that_is_false_is_an_error_of_its_object_alone(
    schema: GraphQLSchema, executor_class: ExecutorClass, *, of_children: bool
) -> None:
    class NothingError(Exception):
        """Error that is empty, and so is false."""

        def __len__(self) -> int:
            return 0

    async def name(source: dict[str, str], _info: Info) -> str:
        await asyncio.sleep(0)
        if source["name"] == "b":
            raise NothingError
        return source["name"]

    async def child(source: dict[str, str], info: Info) -> dict[str, str]:
        await name(source, info)
        return source

    field(schema, "Child", "child" if of_children else "name").resolve = child if of_children else name
    root = {"children": [{"name": "a"}, {"name": "b"}, {"name": "c"}]}
    document = "{ children { child { name } } }" if of_children else "{ children { name } }"

    result: Any = execute(schema, parse(document), root, executor_class=executor_class)
    found = await result

    found_of = [each["child" if of_children else "name"] for each in found.data["children"]]
    assert [each is not None for each in found_of] == [True, False, True]
    assert len(found.errors) == 1


def test_a_field_resolver_reads_what_has_no_resolver(schema: GraphQLSchema, executor_class: ExecutorClass) -> None:
    def read(source: Any, info: Info, **_given: object) -> object:  # noqa: ANN401 — the root, or what was read.
        return [*(source or []), info.field_name]

    field(schema, "Child", "name").resolve = lambda source, _info: "/".join(source)

    result = execute(schema, parse("{ child { child { name } } }"), field_resolver=read, executor_class=executor_class)

    assert result == ExecutionResult({"child": {"child": {"name": "child/child"}}}, None)


@pytest.mark.parametrize("later", [False, True])
async def test_a_type_resolver_names_types_that_name_none_themselves(
    executor_class: ExecutorClass, *, later: bool
) -> None:
    schema = build_schema("union Found = A | B type A { a: Int } type B { b: Int } type Query { found: [Found] }")

    def kind(value: dict[str, int], _info: Info, _of_type: object) -> Any:  # noqa: ANN401 — a name, or awaited.
        async def name() -> str:
            await asyncio.sleep(0)
            return next(iter(value)).upper()

        return name() if later else next(iter(value)).upper()

    result: Any = execute(
        schema,
        parse("{ found { ... on A { a } ... on B { b } } }"),
        {"found": [{"a": 1}, {"b": 2}, {"c": 3}]},
        type_resolver=kind,
        executor_class=executor_class,
    )

    answered = await result if later else result
    assert answered.data == {"found": [{"a": 1}, {"b": 2}, None]}
    assert [error.path for error in answered.errors] == [["found", 2]]


async def test_an_abort_signal_ends_a_request(schema: GraphQLSchema, executor_class: ExecutorClass) -> None:
    controller = AbortController()
    begun, cancelled = asyncio.Event(), asyncio.Event()

    async def hang(_source: object, _info: Info) -> str:
        begun.set()
        try:
            return str(await asyncio.Event().wait())
        finally:
            cancelled.set()

    field(schema, "Query", "text").resolve = hang
    result: Any = execute(schema, parse("{ text }"), abort_signal=controller.signal, executor_class=executor_class)
    task = asyncio.ensure_future(result)
    await begun.wait()
    controller.abort(ValueError("enough"))

    with pytest.raises(AbortedGraphQLExecutionError, match="enough"):
        await task
    async with asyncio.timeout(60):
        await cancelled.wait()


def test_a_signal_that_was_given_before_lets_nothing_begin(
    schema: GraphQLSchema, executor_class: ExecutorClass
) -> None:
    controller = AbortController()
    controller.abort(ValueError("enough"))

    with pytest.raises(ValueError, match="enough"):
        execute(schema, parse("{ text }"), abort_signal=controller.signal, executor_class=executor_class)


async def test_a_hook_is_called_when_all_work_is_done(schema: GraphQLSchema, executor_class: ExecutorClass) -> None:
    told: list[object] = []
    hooks = ExecutionHooks(async_work_finished=told.append)

    async def text(_source: object, _info: Info) -> str:
        await asyncio.sleep(0)
        return "text"

    execute(schema, parse("{ int }"), {"int": 1}, hooks=hooks, executor_class=executor_class)
    assert len(told) == 1

    field(schema, "Query", "text").resolve = text
    await execute(schema, parse("{ text }"), hooks=hooks, executor_class=executor_class)  # type: ignore[misc]
    assert len(told) == 2


def incremental_schema() -> GraphQLSchema:
    plain = build_schema("type Query { text: String, list: [Int] }")
    directives = (*specified_directives, GraphQLDeferDirective, GraphQLStreamDirective)
    return GraphQLSchema(query=plain.query_type, directives=directives)


def test_a_schema_with_defer_needs_incremental_execution(executor_class: ExecutorClass) -> None:
    with pytest.raises(GraphQLError, match="experimental directives"):
        execute(incremental_schema(), parse("{ text }"), executor_class=executor_class)


@pytest.mark.parametrize("document", ["{ ... @defer { text } list }", "{ text list @stream(initialCount: 1) }"])
async def test_incremental_execution_sends_the_rest_later(executor_class: ExecutorClass, document: str) -> None:
    result: Any = experimental_execute_incrementally(
        incremental_schema(), parse(document), {"text": "text", "list": [1, 2]}, executor_class=executor_class
    )

    later = [payload async for payload in result.subsequent_results]

    assert result.initial_result.has_next
    assert not later[-1].has_next


@pytest.mark.parametrize("document", ["{ text list }", "{ ... @defer(if: false) { text } list }"])
def test_incremental_execution_answers_at_once_where_nothing_is_deferred(
    executor_class: ExecutorClass, document: str
) -> None:
    result = experimental_execute_incrementally(
        incremental_schema(), parse(document), {"text": "text", "list": [1, 2]}, executor_class=executor_class
    )

    assert result == ExecutionResult({"text": "text", "list": [1, 2]}, None)
