"""What is waited for, and what it costs: tasks, batches, and work that is given up."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from graphql import ExecutionResult, GraphQLObjectType, GraphQLResolveInfo, GraphQLSchema, build_schema, execute, parse

from breadth import BatchExecutor, set_batch_resolver

Info = GraphQLResolveInfo[Any]

MANY = 100

SDL = """
  type Row { id: Int!, owner: Owner, slow: Int, parts: [Row!] }
  type Owner { id: Int! }
  type Query { rows: [Row!], a: Int, b: Int, c: Int, must: Int! }
"""


@pytest.fixture
async def tasks() -> AsyncIterator[list[asyncio.Task[Any]]]:
    """The tasks that the test begins."""
    loop = asyncio.get_running_loop()
    begun: list[asyncio.Task[Any]] = []

    def begin(loop: asyncio.AbstractEventLoop, coroutine: Any, **named: Any) -> asyncio.Task[Any]:  # noqa: ANN401
        begun.append(asyncio.Task(coroutine, loop=loop, **named))
        return begun[-1]

    loop.set_task_factory(begin)
    yield begun
    loop.set_task_factory(None)


def schema_with(**resolvers: Any) -> GraphQLSchema:  # noqa: ANN401 — ordinary resolvers of rows.
    schema = build_schema(SDL)
    for name, resolver in resolvers.items():
        fields_of(schema, "Row")[name].resolve = resolver
    return schema


def fields_of(schema: GraphQLSchema, name: str) -> dict[str, Any]:
    of_type = schema.type_map[name]
    assert isinstance(of_type, GraphQLObjectType)
    return dict(of_type.fields)


def rows(count: int = MANY) -> dict[str, Any]:
    return {"rows": [{"id": number, "owner": {"id": number}, "parts": [{"id": number}]} for number in range(count)]}


class Loader:
    """A dataloader: it collects keys until the loop is free, and asks for them in one batch."""

    def __init__(self) -> None:
        """Begin with no keys."""
        self.batches: list[list[int]] = []
        self._waiting: dict[int, asyncio.Future[dict[str, int]]] = {}

    def load(self, key: int) -> asyncio.Future[dict[str, int]]:
        """Load the key's value with the next batch."""
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._send)
        return self._waiting.setdefault(key, loop.create_future())

    def _send(self) -> None:
        waiting, self._waiting = self._waiting, {}
        self.batches.append(list(waiting))
        for key, future in waiting.items():
            future.set_result({"id": key})


async def test_what_needs_no_waiting_begins_no_task(tasks: list[asyncio.Task[Any]]) -> None:
    begun = len(tasks)

    result = execute(schema_with(), parse("{ rows { id owner { id } } }"), rows(), executor_class=BatchExecutor)

    assert isinstance(result, ExecutionResult)
    assert len(tasks) == begun


async def test_one_batch_that_is_awaited_begins_no_task(tasks: list[asyncio.Task[Any]]) -> None:
    schema = schema_with()

    async def owners(sources: list[Any], _info: Info) -> list[Any]:
        await asyncio.sleep(0)
        return [source["owner"] for source in sources]

    set_batch_resolver(fields_of(schema, "Row")["owner"], owners)
    begun = len(tasks)

    result: Any = await execute(  # type: ignore[misc]
        schema, parse("{ rows { id owner { id } } }"), rows(), executor_class=BatchExecutor
    )

    assert len(result.data["rows"]) == MANY
    assert len(tasks) == begun


async def test_several_batches_that_are_awaited_begin_a_task_each(tasks: list[asyncio.Task[Any]]) -> None:
    schema = schema_with()

    async def owners(sources: list[Any], _info: Info) -> list[Any]:
        await asyncio.sleep(0)
        return [source["owner"] for source in sources]

    set_batch_resolver(fields_of(schema, "Row")["owner"], owners)
    set_batch_resolver(fields_of(schema, "Row")["slow"], owners)
    begun = len(tasks)

    await execute(  # type: ignore[misc]
        schema, parse("{ rows { a: owner { id } b: owner { id } } }"), rows(), executor_class=BatchExecutor
    )

    assert len(tasks) - begun == 2


async def test_a_dataloader_sees_the_keys_of_a_batch_in_one_batch() -> None:
    loader = Loader()
    schema = schema_with(owner=lambda row, _info: loader.load(row["id"] % 7))

    result: Any = await execute(  # type: ignore[misc]
        schema, parse("{ rows { owner { id } parts { owner { id } } } }"), rows(), executor_class=BatchExecutor
    )

    assert result.data["rows"][8] == {"owner": {"id": 1}, "parts": [{"owner": {"id": 1}}]}
    assert loader.batches == [[0, 1, 2, 3, 4, 5, 6]]


async def test_batches_of_sibling_fields_wait_at_the_same_time() -> None:
    both = asyncio.Barrier(2)

    async def wait(_source: object, _info: Info) -> int:
        await both.wait()
        return 1

    schema = build_schema(SDL)
    fields_of(schema, "Query")["a"].resolve = fields_of(schema, "Query")["b"].resolve = wait

    async with asyncio.timeout(60):
        result: Any = await execute(schema, parse("{ a b }"), executor_class=BatchExecutor)  # type: ignore[misc]

    assert result.data == {"a": 1, "b": 1}


async def test_the_objects_of_a_batch_wait_at_the_same_time() -> None:
    all_of_them = asyncio.Barrier(MANY)

    async def wait(row: dict[str, int], _info: Info) -> int:
        await all_of_them.wait()
        return row["id"]

    async with asyncio.timeout(60):
        result: Any = await execute(  # type: ignore[misc]
            schema_with(slow=wait), parse("{ rows { slow } }"), rows(), executor_class=BatchExecutor
        )

    assert result.data["rows"] == [{"slow": number} for number in range(MANY)]


async def test_a_request_that_is_cancelled_cancels_its_resolvers() -> None:
    cancelled = []
    everybody_began = asyncio.Barrier(7)

    async def hang(row: dict[str, int], _info: Info) -> int:
        await everybody_began.wait()
        try:
            return await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(row["id"])
            raise

    result: Any = execute(
        schema_with(slow=hang), parse("{ rows { slow again: slow } }"), rows(3), executor_class=BatchExecutor
    )
    task = asyncio.ensure_future(result)
    await everybody_began.wait()
    await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert sorted(cancelled) == [0, 0, 1, 1, 2, 2]


async def test_an_error_beside_work_leaves_no_coroutine_behind() -> None:
    finished = []

    async def slow(_source: object, _info: Info) -> int:
        await asyncio.sleep(0)
        finished.append(True)
        return 1

    async def fail(_source: object, _info: Info) -> int:
        message = "no"
        raise ValueError(message)

    schema = build_schema(SDL)
    fields_of(schema, "Query")["a"].resolve = slow
    fields_of(schema, "Query")["must"].resolve = fail

    result: Any = await execute(schema, parse("{ a must }"), executor_class=BatchExecutor)  # type: ignore[misc]

    assert result.data is None
    assert [error.message for error in result.errors] == ["no"]


async def test_an_async_iterable_is_closed_when_the_request_is_cancelled() -> None:
    closed = asyncio.Event()

    async def endless() -> AsyncIterator[dict[str, int]]:
        try:
            yield {"id": 0}
            await asyncio.Event().wait()
        finally:
            closed.set()

    result: Any = execute(
        build_schema(SDL), parse("{ rows { id } }"), {"rows": endless()}, executor_class=BatchExecutor
    )
    task = asyncio.ensure_future(result)
    await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert closed.is_set()


async def test_errors_below_are_kept_when_all_above_is_null_too() -> None:
    schema = build_schema("type Row { never: Int!, wrong: [Int!]! }, type Query { row: Row!, later: Int!, must: Int! }")

    async def never(*_: object) -> None:
        await asyncio.get_running_loop().create_future()

    async def later(*_: object) -> int:
        raise ValueError

    fields_of(schema, "Row")["never"].resolve = never
    fields_of(schema, "Query")["later"].resolve = later
    root = {"row": {"wrong": 5}, "must": "wrong"}

    result = execute(schema, parse("{ row { never wrong } later must }"), root, executor_class=BatchExecutor)

    assert not isinstance(result, ExecutionResult)
    errors = (await result).errors or []
    assert [error.path for error in errors] == [["row", "wrong"], ["later"], ["must"]]
