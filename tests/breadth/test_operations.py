"""Operations of each kind, and requests that can't be executed."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from graphql import (
    ExecutionResult,
    GraphQLResolveInfo,
    GraphQLSchema,
    build_schema,
    execute,
    parse,
    subscribe,
)
from graphql.execution import Executor

from breadth import BatchExecutor, set_batch_resolver

Info = GraphQLResolveInfo[Any]

ExecutorClass = type[Executor[Any]] | None

EXECUTORS: list[ExecutorClass] = [None, BatchExecutor]
"""What is said here is true of stock execution too."""

pytestmark = pytest.mark.parametrize("executor_class", EXECUTORS)

SDL = """
  type Query { int(of: Int! = 1): Int, text: String, child: Child, children: [Child] }
  type Child { name: String, child: Child }
  type Mutation { first(to: Int): Int, second(to: Int): Int!, third(to: Int): Int }
  type Subscription { event: Event, counted(to: Int!): Int }
  type Event { number: Int!, child: Child }
"""


@pytest.fixture
def schema() -> GraphQLSchema:
    return build_schema(SDL)


def field(schema: GraphQLSchema, of_type: str, name: str) -> Any:  # noqa: ANN401 — a GraphQLField, to be changed.
    return schema.type_map[of_type].fields[name]  # type: ignore[attr-defined]


class Counter:
    """A number that mutations change, slowly."""

    def __init__(self) -> None:
        """Begin at 0."""
        self.log: list[int] = []

    async def first(self, _info: Info, to: int) -> int:
        """Change the number after a while."""
        await asyncio.sleep(0.001)
        self.log.append(to)
        return to

    def second(self, _info: Info, to: int | None = None) -> int | None:
        """Change the number at once; null is an error."""
        self.log.append(to or 0)
        return to

    async def third(self, _info: Info, to: int) -> int:
        """Change the number a little later."""
        await asyncio.sleep(0)
        self.log.append(to)
        return to


async def test_mutations_run_one_after_the_other(schema: GraphQLSchema, executor_class: ExecutorClass) -> None:
    counter = Counter()
    document = parse("mutation { first(to: 1) second(to: 2) third(to: 3) again: first(to: 4) }")

    result: Any = await execute(schema, document, counter, executor_class=executor_class)  # type: ignore[misc]

    assert counter.log == [1, 2, 3, 4]
    assert list(result.data.items()) == [("first", 1), ("second", 2), ("third", 3), ("again", 4)]


async def test_a_mutation_that_nulls_all_data_is_the_last_that_runs(
    schema: GraphQLSchema, executor_class: ExecutorClass
) -> None:
    counter = Counter()
    document = parse("mutation { first(to: 1) second third(to: 3) }")

    result: Any = await execute(schema, document, counter, executor_class=executor_class)  # type: ignore[misc]

    assert result.data is None
    assert [error.path for error in result.errors] == [["second"]]
    assert counter.log == [1, 0]


async def test_the_payload_of_a_mutation_is_done_before_the_next_begins(executor_class: ExecutorClass) -> None:
    schema = build_schema("type Query { a: Int } type Mutation { set(to: Int): Set } type Set { slow: Int }")
    log: list[str] = []

    async def slow(sources: list[Any], _info: Info) -> list[Any]:
        await asyncio.sleep(0)
        log.append(f"read {sources[0]}")
        return sources

    def begin(_source: object, _info: Info, to: int) -> int:
        log.append(f"set {to}")
        return to

    set_batch_resolver(field(schema, "Set", "slow"), slow)
    field(schema, "Mutation", "set").resolve = begin

    await execute(  # type: ignore[misc]
        schema, parse("mutation { a: set(to: 1) { slow } b: set(to: 2) { slow } }"), executor_class=executor_class
    )

    assert log == ["set 1", "read 1", "set 2", "read 2"]


async def test_each_event_has_a_payload_and_errors_of_its_own(
    schema: GraphQLSchema, executor_class: ExecutorClass
) -> None:
    async def events(_source: object, _info: Info) -> AsyncIterator[dict[str, Any]]:
        for number in (1, None, 3):
            await asyncio.sleep(0)
            yield {"event": {"number": number, "child": {"name": f"child {number}"}}}

    field(schema, "Subscription", "event").subscribe = events
    document = parse("subscription { event { number child { name } } }")

    stream: Any = subscribe(schema, document, executor_class=executor_class)
    payloads = [payload async for payload in stream]

    assert [payload.data for payload in payloads] == [
        {"event": {"number": 1, "child": {"name": "child 1"}}},
        {"event": None},
        {"event": {"number": 3, "child": {"name": "child 3"}}},
    ]
    assert [[error.path for error in payload.errors or ()] for payload in payloads] == [[], [["event", "number"]], []]


async def test_a_subscription_that_can_not_begin_is_one_error(
    schema: GraphQLSchema, executor_class: ExecutorClass
) -> None:
    def refuse(_source: object, _info: Info, **_given: object) -> None:
        message = "no"
        raise ValueError(message)

    field(schema, "Subscription", "counted").subscribe = refuse

    results = [
        subscribe(schema, parse(f"subscription {{ counted(to: {to}) }}"), executor_class=executor_class)
        for to in ("1", '"a"')
    ]

    assert [result.errors[0].path for result in results if isinstance(result, ExecutionResult) and result.errors] == [
        ["counted"],
        ["counted"],
    ]


@pytest.mark.parametrize(
    ("document", "variables", "name"),
    [
        ("query ($of: Int!) { int(of: $of) }", {"of": "a"}, None),
        ("query ($of: Int!) { int(of: $of) }", {}, None),
        ("query ($of: Int!) { int(of: $of) }", {"of": None}, None),
        ("query ($of: Missing!) { int(of: $of) }", {"of": 1}, None),
        ("query ($of: Int) { text int(of: $of) }", {"of": None}, None),
        ('{ text int(of: "a") }', {}, None),
        ("{ text int(of: null) }", {}, None),
        ("query A { int } query B { int }", {}, None),
        ("query A { int } query B { text }", {}, "B"),
        ("query A { int }", {}, "C"),
        ("fragment F on Query { int }", {}, None),
        ("query { missing text }", {}, None),
        ("query ($s: Boolean = true) { int @skip(if: $s) text }", {"s": None}, None),
        ("query ($s: Boolean = true) { children { name @skip(if: $s) } text }", {"s": None}, None),
        ("query ($s: Boolean = true) { children { child { name @skip(if: $s) } } text }", {"s": None}, None),
        ("query @experimental_disableErrorPropagation { text }", {}, None),
    ],
)
def test_errors_of_a_request_are_those_of_stock_execution(
    schema: GraphQLSchema, executor_class: ExecutorClass, document: str, variables: dict[str, Any], name: str | None
) -> None:
    root = {"int": lambda _info, of: of, "text": "text", "children": [{"name": "a"}, {"child": {"name": "b"}}]}

    expected, actual = (
        execute(schema, parse(document), root, None, variables, name, executor_class=each)
        for each in (None, executor_class)
    )

    assert actual == expected


def test_a_schema_without_mutations_says_so(executor_class: ExecutorClass) -> None:
    result = execute(build_schema("type Query { a: Int }"), parse("mutation { a }"), executor_class=executor_class)

    assert isinstance(result, ExecutionResult)
    assert [error.message for error in result.errors or ()] == [
        "Schema is not configured to execute mutation operation."
    ]
