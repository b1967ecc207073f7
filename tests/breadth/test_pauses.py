"""An executor with a pause answers as stock execution does, and lets others run while it works for many objects."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from graphql import (
    ExecutionResult,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    execute,
    parse,
)
from graphql.execution.values import VariableValues

from breadth import BatchExecutor, set_batch_resolver
from breadth.parts import OBJECTS_AT_ONCE
from tests.breadth.comparison import differences
from tests.breadth.prepared import prepared_of
from tests.breadth.row_batches import Columns

MANY = 2 * OBJECTS_AT_ONCE + 1
SDL = """
  type Row { id: Int!, name: String, must: Int!, owner: Owner, rows: [Row!] }
  type Owner { id: Int!, name: String }
  type Query { rows: [Row], must: [Row!]! }
"""
NO_VARIABLES = VariableValues({}, {})

Pause = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Encoded:
    """Part of an answer as text, as an encoder of JSON for bytes would return it."""

    text: str


def decoded(part: Encoded) -> object:
    """Return what the text says, of which the whole is made."""
    return json.loads(part.text)


def _row(number: int, *, below: int = 0) -> dict[str, Any]:
    return {
        "id": number,
        "name": ValueError("no name") if number % 400 == 7 else f"Row {number}",
        "must": None if number % 600 == 5 else number,
        "owner": {"id": number % 3, "name": "Ana"},
        "rows": [_row(inner) for inner in range(below)],
    }


@pytest.fixture
def asked() -> list[int]:
    """Numbers of objects that the batch resolver of the owners is called with."""
    return []


@pytest.fixture
def schema(asked: list[int]) -> GraphQLSchema:
    schema = build_schema(SDL)
    row = schema.type_map["Row"]
    assert isinstance(row, GraphQLObjectType)

    async def owners(rows: list[Any], _info: object) -> list[Any]:
        asked.append(len(rows))
        await asyncio.sleep(0)
        return [each["owner"] for each in rows]

    set_batch_resolver(row.fields["owner"], owners)
    return schema


@pytest.mark.parametrize(
    "document",
    [
        "{ rows { id name } }",
        "{ rows { id name must owner { id name } } }",
        "{ rows { must } must { id must } }",
        "{ rows { id rows { id name must owner { name } } } }",
    ],
)
async def test_pauses_change_no_answer(schema: GraphQLSchema, document: str) -> None:
    pauses = 0

    async def pause() -> None:
        nonlocal pauses
        pauses += 1
        await asyncio.sleep(0)

    root = {name: [_row(number, below=2) for number in range(MANY)] for name in ("rows", "must")}
    expected = execute(schema, parse(document), root)
    stock = expected if isinstance(expected, ExecutionResult) else await expected
    prepared = prepared_of(schema, document)
    # The second execution makes its objects by a compiled function.
    for _ in range(2):
        found = prepared.execute_with(NO_VARIABLES, root_value=root, pause=pause)

        assert not isinstance(found, ExecutionResult)
        assert differences(stock, await found) == []
    assert pauses > 2


async def test_a_batch_resolver_gets_all_objects_at_once(schema: GraphQLSchema, asked: list[int]) -> None:
    async def pause() -> None:
        await asyncio.sleep(0)

    root = {"rows": [_row(number) for number in range(MANY)]}
    found = prepared_of(schema, "{ rows { id owner { id } name } }").execute_with(
        NO_VARIABLES, root_value=root, pause=pause
    )
    assert not isinstance(found, ExecutionResult)
    await found

    assert asked == [MANY]


async def test_few_objects_are_executed_without_a_pause(schema: GraphQLSchema) -> None:
    async def pause() -> None:
        raise AssertionError

    root = {"rows": [_row(number) for number in range(OBJECTS_AT_ONCE)]}
    found = prepared_of(schema, "{ rows { id } }").execute_with(NO_VARIABLES, root_value=root, pause=pause)

    assert isinstance(found, ExecutionResult)
    assert found.data is not None
    assert len(found.data["rows"]) == OBJECTS_AT_ONCE


async def test_an_executor_class_may_have_the_pause(schema: GraphQLSchema) -> None:
    class Polite(BatchExecutor):
        paused = 0

        async def pause(self) -> None:
            Polite.paused += 1
            await asyncio.sleep(0)

    root = {"rows": [_row(number) for number in range(MANY)]}
    found = execute(schema, parse("{ rows { id } }"), root, executor_class=Polite)
    assert not isinstance(found, ExecutionResult)
    await found

    assert Polite.paused > 2


async def test_what_a_pause_raises_is_an_error_of_the_field(schema: GraphQLSchema) -> None:
    async def pause() -> None:
        message = "too late"
        raise TimeoutError(message)

    root = {"rows": [_row(number) for number in range(MANY)]}
    found = prepared_of(schema, "{ rows { owner { id } name } }").execute_with(
        NO_VARIABLES, root_value=root, pause=pause
    )
    assert not isinstance(found, ExecutionResult)
    answer = await found

    assert answer.data == {"rows": None}
    assert [(error.message, error.path) for error in answer.errors or ()] == [("too late", ["rows"])]


@pytest.mark.parametrize(
    "document",
    [
        "{ rows { id name must owner { id name } a: id b: id c: id d: id } }",
        "{ must { id name a: id b: id c: id d: id rows { id a: id b: id owner { id name } } } }",
    ],
)
async def test_parts_that_are_encoded_are_as_the_whole(schema: GraphQLSchema, document: str) -> None:
    encoded = list[Encoded]()

    async def pause() -> None:
        await asyncio.sleep(0)

    def encode(part: list[Any]) -> Encoded:
        encoded.append(Encoded(json.dumps(part, default=decoded)))
        return encoded[-1]

    root = {name: [_row(number, below=9) | {"must": number} for number in range(MANY)] for name in ("rows", "must")}
    expected = execute(schema, parse(document), root)
    stock = expected if isinstance(expected, ExecutionResult) else await expected
    found = prepared_of(schema, document).execute_with(NO_VARIABLES, root_value=root, pause=pause, encode=encode)
    assert not isinstance(found, ExecutionResult)
    answer = await found

    assert json.dumps(answer.data, default=decoded) == json.dumps(stock.data)
    assert sorted(map(str, answer.errors or ())) == sorted(map(str, stock.errors or ()))
    assert encoded


async def test_rows_are_read_and_encoded_in_parts_between_pauses(schema: GraphQLSchema) -> None:
    """Only the numbers of rows without a break tell how long the loop is held, on any machine."""
    at_once, longest = 0, 0

    class Rows(Columns):
        def parts(self, size: int) -> list["Rows"]:
            return [Rows(self.objects[at : at + size]) for at in range(0, len(self.objects), size)]

        def column(self, name: str) -> Any:  # noqa: ANN401 — as of any row batch.
            nonlocal at_once, longest
            at_once += len(self)
            longest = max(longest, at_once)
            return super().column(name)

    async def pause() -> None:
        nonlocal at_once
        at_once = 0
        await asyncio.sleep(0)

    def encode(part: list[Any]) -> int:
        nonlocal at_once, longest
        at_once += len(part)
        longest = max(longest, at_once)
        return len(part)

    lists = [Rows([{"id": number, "name": "Ana", "must": 1} for number in range(100)]) for _ in range(100)]
    root = {"rows": [{"rows": each} for each in lists]}
    document = "{ rows { rows { id name must a: id b: name } } }"
    found = prepared_of(schema, document).execute_with(NO_VARIABLES, root_value=root, pause=pause, encode=encode)
    assert not isinstance(found, ExecutionResult)
    answer = await found

    assert answer.data == {"rows": [{"rows": 100}] * 100}
    assert longest <= OBJECTS_AT_ONCE
