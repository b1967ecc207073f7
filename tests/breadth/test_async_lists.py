"""Lists that are async iterables are completed while they are read, as stock execution does it."""

import asyncio
import gc
import warnings
from collections.abc import AsyncIterator
from functools import cache
from itertools import count, product
from typing import Any

import pytest
from graphql import ExecutionResult, GraphQLObjectType, GraphQLResolveInfo, GraphQLSchema, build_schema, execute, parse
from graphql.execution import Executor
from graphql.execution.incremental import IncrementalExecutor
from hypothesis import given
from hypothesis import strategies as st

from breadth import BatchExecutor, set_batch_resolver, wait_for
from tests.breadth.comparison import differences

Info = GraphQLResolveInfo[Any]
ExecutorClass = type[Executor[Any]]

EXECUTORS: list[ExecutorClass] = [IncrementalExecutor, BatchExecutor]
both = pytest.mark.parametrize("executor_class", EXECUTORS)

SDL = "type Row { id: Int!, name: String } type Query { rows: [Row!], may: [Row], numbers: [Int!], all: [[Int!]!] }"


def schema_with(seconds: float | None = None) -> GraphQLSchema:
    """Return the schema, in which lists wait so many seconds for their items."""
    schema = build_schema(SDL)
    if seconds is not None:
        for field in fields_of(schema, "Query").values():
            wait_for(field, seconds)
    return schema


def fields_of(schema: GraphQLSchema, name: str) -> dict[str, Any]:
    of_type = schema.type_map[name]
    assert isinstance(of_type, GraphQLObjectType)
    return dict(of_type.fields)


async def answer(
    schema: GraphQLSchema, document: str, root: object, executor_class: ExecutorClass = BatchExecutor
) -> ExecutionResult:
    result = execute(schema, parse(document), root, executor_class=executor_class)
    async with asyncio.timeout(60):
        return result if isinstance(result, ExecutionResult) else await result


class Endless:
    """Yields an item that can't be had, and others for ever."""

    def __init__(self, item: object, *, pauses: bool) -> None:
        """Name the first item, and whether the loop has a turn between two items."""
        self._item, self._pauses = item, pauses
        self.closed = False

    async def read(self) -> AsyncIterator[object]:
        """Yield the items."""
        try:
            yield self._item
            for number in count():
                if self._pauses:
                    await asyncio.sleep(0)
                yield {"id": number} if isinstance(self._item, dict) else number
        finally:
            self.closed = True


@both
@pytest.mark.parametrize("pauses", [True, False])
@pytest.mark.parametrize(("document", "item"), [("{ rows { id } }", {}), ("{ numbers }", "no"), ("{ numbers }", None)])
async def test_an_item_that_makes_the_list_null_ends_its_reading(
    executor_class: ExecutorClass, document: str, item: object, *, pauses: bool
) -> None:
    endless = Endless(item, pauses=pauses)
    name = document.split()[1]

    result = await answer(schema_with(), document, {name: endless.read()}, executor_class)

    assert result.data == {name: None}
    assert next((error.path or [])[:2] for error in result.errors or ()) == [name, 0]
    assert endless.closed


@both
@pytest.mark.parametrize("seconds", [None, 0])
async def test_an_item_may_be_read_after_a_field_of_another_one(
    executor_class: ExecutorClass, seconds: float | None
) -> None:
    schema = schema_with(seconds)
    asked = asyncio.Event()

    def named(_row: object, _info: Info) -> str:
        asked.set()
        return "name"

    async def rows() -> AsyncIterator[object]:
        yield {"id": 0}
        await asked.wait()
        yield {"id": 1}

    fields_of(schema, "Row")["name"].resolve = named

    result = await answer(schema, "{ rows { id name } }", {"rows": rows()}, executor_class)

    assert result == ExecutionResult({"rows": [{"id": 0, "name": "name"}, {"id": 1, "name": "name"}]}, None)


async def test_items_that_arrive_together_are_one_batch() -> None:
    schema = schema_with()
    batches: list[int] = []

    def names(rows: list[Any], _info: Info) -> list[str]:
        batches.append(len(rows))
        return ["name" for _ in rows]

    async def rows() -> AsyncIterator[object]:
        for number in range(3):
            await asyncio.sleep(0)
            yield {"id": number}

    set_batch_resolver(fields_of(schema, "Row")["name"], names)

    await answer(schema, "{ rows { name } may { name } }", {"rows": rows(), "may": rows()})

    assert batches == [3, 3]


async def later(item: object) -> object:
    await asyncio.sleep(0)
    if isinstance(item, Exception):
        raise item
    return item


async def iterated(items: list[tuple[object, bool]], end: Exception | None) -> AsyncIterator[object]:
    """Yield the items, those that are marked as awaitables, and raise at the end."""
    for item, is_awaitable in items:
        await asyncio.sleep(0)
        yield later(item) if is_awaitable else item
    if end is not None:
        raise end


NUMBERS = st.one_of(st.integers(0, 3), st.sampled_from(["no", None]), st.builds(ValueError, st.just("item")))
LISTS = st.tuples(
    st.lists(st.tuples(NUMBERS, st.booleans()), max_size=4), st.sampled_from([None, None, ValueError("end")])
)


@cache
def schema_of_list(of_type: str, seconds: float | None) -> GraphQLSchema:
    schema = build_schema(f"type Query {{ list: {of_type} }}")
    if seconds is not None:
        wait_for(fields_of(schema, "Query")["list"], seconds)
    return schema


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:Exception ignored in. <coroutine:pytest.PytestUnraisableExceptionWarning")
@given(LISTS)
async def test_any_items_are_answered_as_by_stock_execution(case: tuple[Any, Any]) -> None:
    for of_type, seconds in product(["[Int]", "[Int!]", "[Int!]!"], [None, 0]):
        schema = schema_of_list(of_type, seconds)

        stock, ours = [await answer(schema, "{ list }", {"list": iterated(*case)}, each) for each in EXECUTORS]

        assert not differences(stock, ours)


@both
@pytest.mark.parametrize("seconds", [None, 0])
async def test_items_before_an_error_of_the_iterable_are_awaited(
    executor_class: ExecutorClass, seconds: float | None
) -> None:
    # The collection does not look through what earlier tests made.
    gc.freeze()
    schema = schema_with(seconds)
    items: list[tuple[object, bool]] = [(1, True), (2, True)]

    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        result = await answer(schema, "{ numbers }", {"numbers": iterated(items, ValueError("end"))}, executor_class)
        for _ in range(5):
            await asyncio.sleep(0)
        gc.collect()

    assert [(error.path, error.message) for error in result.errors or ()] == [(["numbers"], "end")]
    assert not [each for each in warned if "never awaited" in str(each.message)]


@both
async def test_lists_of_async_lists_are_read(executor_class: ExecutorClass) -> None:
    lists = [[1], iterated([(2, False), ("no", False)], None)]

    result = await answer(schema_with(0), "{ all }", {"all": lists}, executor_class)

    assert result.data == {"all": None}
    assert [error.path for error in result.errors or ()] == [["all", 1, 1]]


class Next:
    """An iterator that is no iterable, of two numbers."""

    def __init__(self) -> None:
        """Begin at the first one."""
        self._numbers = iter((1, 2))

    async def __anext__(self) -> int:
        """Return the next one."""
        for number in self._numbers:
            return number
        raise StopAsyncIteration


class Iterable:
    """Something that says of itself to be an async iterable."""

    def __init__(self, iterator: object) -> None:
        """Name what it gives as an iterator."""
        self._iterator = iterator

    def __aiter__(self) -> Any:  # noqa: ANN401 — of any type.
        """Return it."""
        return self._iterator


@pytest.mark.parametrize("iterator", [Next, int, list])
async def test_an_iterator_is_asked_for_its_items_only(iterator: type) -> None:
    stock, ours = [
        await answer(schema_with(), "{ numbers }", {"numbers": Iterable(iterator())}, each) for each in EXECUTORS
    ]

    assert ours == stock
