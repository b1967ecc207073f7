"""Executions that end early, as stock execution does: nothing waits for what is null already, and none is cut short."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from graphql import ExecutionResult, GraphQLResolveInfo, GraphQLSchema, Source, build_schema, execute, parse

from breadth import BatchExecutor, wait_for
from breadth.completion.async_list import Part
from tests.breadth.comparison import differences

Info = GraphQLResolveInfo[Any]
EXECUTORS = (None, BatchExecutor)

SDL = """
  union Any = Row | Other
  type Row { bad: Int!, late: Int!, slow: Int, stream: [Int], row: Row!, rows: [Row!]!, id: Int }
  type Other { bad: Int!, slow: Int }
  type Query { rows: [Row!], lists: [[Row!]], any: [Any!], numbers: [Int!], errors: [[Int]] }
"""


def fields_of(schema: GraphQLSchema, name: str = "Query") -> dict[str, Any]:
    fields: dict[str, Any] = schema.type_map[name].fields  # type: ignore[attr-defined]  # It is an object type.
    return fields


async def both(schema: GraphQLSchema, text: str) -> tuple[ExecutionResult, ExecutionResult]:
    """Return the answers of stock execution and of ours, neither of which may hang."""
    answers = []
    for executor in EXECUTORS:
        async with asyncio.timeout(20):
            result: Any = execute(schema, parse(text), executor_class=executor)
            answers.append(result if isinstance(result, ExecutionResult) else await result)
    stock, ours = answers
    return stock, ours


@pytest.fixture
def hanging() -> Iterator[GraphQLSchema]:
    """Schema whose first row fails, and whose second one never ends before the test does."""
    schema, is_over = build_schema(SDL), asyncio.Event()

    def bad(row: int, _info: Info) -> int:
        if row == 1:
            raise ValueError(row)
        return row

    async def late(row: int, info: Info) -> int:
        await asyncio.sleep(0)
        return bad(row, info)

    async def slow(row: int, _info: Info) -> int | None:
        return await asyncio.Event().wait() if row == 2 else row

    async def stream(row: int, _info: Info) -> AsyncIterator[int]:
        # A list that is still read would keep the loop busy during all later tests.
        while row == 2 and not is_over.is_set():
            yield row
            await asyncio.sleep(0)

    for name, resolver in {"bad": bad, "late": late, "slow": slow, "stream": stream}.items():
        fields_of(schema, "Row")[name].resolve = resolver
    fields_of(schema, "Other")["bad"].resolve, fields_of(schema, "Other")["slow"].resolve = bad, slow
    fields_of(schema, "Row")["row"].resolve = lambda row, _info: row
    fields_of(schema, "Row")["rows"].resolve = lambda row, _info: [row]
    query = fields_of(schema)
    query["rows"].resolve = query["any"].resolve = lambda *_: [1, 2]
    query["lists"].resolve = lambda *_: [[1, 2]]
    schema.type_map["Any"].resolve_type = lambda row, *_: "Row" if row == 1 else "Other"  # type: ignore[attr-defined]  # It is a union.
    yield schema
    is_over.set()


@pytest.mark.parametrize("failing", ["bad", "late"])
@pytest.mark.parametrize(
    "document",
    [
        "{ rows { FAILING slow } }",
        "{ rows { slow FAILING } }",
        "{ rows { FAILING stream } }",
        "{ rows { row { FAILING slow } } }",
        "{ rows { rows { slow } FAILING } }",
        "{ rows { rows { FAILING slow } } }",
        "{ lists { FAILING slow } }",
        "{ any { ... on Row { FAILING slow } ... on Other { bad slow } } }",
    ],
)
async def test_a_list_that_is_null_waits_for_no_other_item(hanging: GraphQLSchema, document: str, failing: str) -> None:
    stock, ours = await both(hanging, document.replace("FAILING", failing))

    assert stock.errors
    assert differences(stock, ours) == []


@pytest.mark.parametrize("document", ["{ rows { id } }", "{ numbers }", "{ rows { slow } }"])
async def test_a_value_that_was_cancelled_ends_the_execution(document: str) -> None:
    schema = build_schema(SDL)

    async def cancelled(*_: object) -> object:
        raise asyncio.CancelledError

    async def there() -> dict[str, int]:
        return {"id": 1}

    async def numbers(*_: object) -> AsyncIterator[int]:
        yield 1
        raise asyncio.CancelledError

    fields_of(schema)["rows"].resolve = lambda *_: [cancelled() if "id" in document else there(), there()]
    fields_of(schema)["numbers"].resolve = numbers
    fields_of(schema, "Row")["slow"].resolve = cancelled

    for executor in EXECUTORS:
        result: Any = execute(schema, parse(document), executor_class=executor)
        with pytest.raises(asyncio.CancelledError):
            await result


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("document", ["{ rows { id } }", "{ rows { slow } }", "{ any { ... on Other { slow } } }"])
async def test_a_cancellation_that_is_returned_is_a_value(count: int, document: str) -> None:
    schema = build_schema(SDL)

    async def returned(*_: object) -> object:
        await asyncio.sleep(0)
        return asyncio.CancelledError("returned")

    async def there() -> dict[str, int]:
        return {"id": 1}

    def rows(*_: object) -> list[object]:
        return [returned() if "id" in document and index == 0 else there() for index in range(count)]

    fields_of(schema)["rows"].resolve = fields_of(schema)["any"].resolve = rows
    fields_of(schema, "Row")["slow"].resolve = fields_of(schema, "Other")["slow"].resolve = returned
    schema.type_map["Any"].resolve_type = returned if count == 2 else lambda *_: "Other"  # type: ignore[attr-defined]  # It is a union.

    stock, ours = await both(schema, document)

    assert differences(stock, ours) == []


async def test_what_a_generator_gave_before_it_raised_is_completed() -> None:
    schema = build_schema(SDL)

    def errors(*_: object) -> Iterator[object]:
        yield [ValueError("of an item")]
        message = "of the generator"
        raise ValueError(message)

    fields_of(schema)["errors"].resolve = errors

    stock, ours = await both(schema, "{ errors }")

    assert [each.message for each in ours.errors or ()] == ["of an item", "of the generator"]
    assert differences(stock, ours) == []


async def test_a_generator_is_read_up_to_a_wrong_null() -> None:
    schema = build_schema(SDL)

    def numbers(*_: object) -> Iterator[int | None]:
        yield 1
        yield None
        message = "read on"
        raise ValueError(message)

    fields_of(schema)["numbers"].resolve = numbers

    stock, ours = await both(schema, "{ numbers }")

    assert [each.path for each in ours.errors or ()] == [["numbers", 1]]
    assert differences(stock, ours) == []


async def test_proxies_of_mappings_are_read_as_mappings() -> None:
    class Lazy:
        """Object that says of itself to be what it wraps, as proxies do."""

        def __init__(self, wrapped: object) -> None:
            self.wrapped = wrapped

        @property
        def __class__(self) -> type:
            return type(self.wrapped)

        @__class__.setter
        def __class__(self, _kind: type) -> None: ...

        def __getattr__(self, name: str) -> object:
            return getattr(self.wrapped, name)

    schema = build_schema("type Row { id: Int, keys: String } type Query { rows: [Row] }")
    fields_of(schema)["rows"].resolve = lambda *_: [Lazy({"id": 1, "keys": "a"}), Lazy({"id": 2, "keys": "b"})]

    stock, ours = await both(schema, "{ rows { id keys } }")

    assert ours.data == stock.data == {"rows": [{"id": 1, "keys": "a"}, {"id": 2, "keys": "b"}]}


async def test_arguments_come_in_the_order_of_their_definition() -> None:
    schema = build_schema("type Query { given(a: Int, b: Int, c: Int): String }")
    fields_of(schema)["given"].resolve = lambda _source, _info, **given: str(list(given))

    for variables in ({"a": 1}, {}):
        answers = [
            execute(
                schema,
                parse("query ($a: Int) { given(c: 3, a: $a, b: 2) }"),
                variable_values=variables,
                executor_class=executor,
            )
            for executor in (None, *[BatchExecutor] * 3)
        ]
        assert len({str(answer.data) for answer in answers if isinstance(answer, ExecutionResult)}) == 1


async def test_an_error_names_the_source_that_was_executed() -> None:
    schema = build_schema("type Query { bad: Int }")
    fields_of(schema)["bad"].resolve = lambda *_: 1 // 0

    for name in ("one.graphql", "two.graphql"):
        answer = execute(schema, parse(Source("{ bad }", name)), executor_class=BatchExecutor)
        assert isinstance(answer, ExecutionResult)
        assert f"{name}:1:3" in str((answer.errors or [])[0])


async def test_each_part_of_a_list_is_looked_at_a_few_times(monkeypatch: pytest.MonkeyPatch) -> None:
    schema = build_schema("type Query { numbers(to: Int): [Int] }")
    looks = 0

    async def numbers(_source: object, _info: Info, *, to: int) -> AsyncIterator[int]:
        for number in range(to):
            await asyncio.sleep(0)
            yield number

    def is_done(part: Part) -> bool:
        nonlocal looks
        looks += 1
        return part.task is None or part.task.done()

    monkeypatch.setattr(Part, "is_done", property(is_done))
    fields_of(schema)["numbers"].resolve = numbers
    # So that there is a part for each item.
    wait_for(fields_of(schema)["numbers"], 0)
    found = []
    for to in (100, 400):
        looks = 0
        result: Any = execute(schema, parse(f"{{ numbers(to: {to}) }}"), executor_class=BatchExecutor)
        assert (await result).data == {"numbers": list(range(to))}
        found.append(looks)

    assert 100 <= found[1] <= 5 * found[0]
