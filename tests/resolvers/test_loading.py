"""Dataloaders on a server: which task reads, what is read together, and callers that were cancelled."""

import asyncio
import gc
import warnings
from collections.abc import AsyncIterator, Mapping, Sequence
from time import perf_counter
from typing import Any

import pytest

from db.engine import Connection, Database, deadline
from domain.errors import NotRead
from domain.tenancy import ALL_PARTNERS, Scope
from resolvers.dataloader import Loader, loaded, then
from tests.databases import Databases


async def test_an_error_is_not_logged_where_the_caller_has_gone(database: Database) -> None:
    async def fail(_connection: Connection, _scope: Scope, keys: Sequence[int]) -> Mapping[int, int]:
        raise LookupError(keys)

    # The collection does not look through what earlier tests made.
    gc.freeze()
    loader, loop = Loader(database, ALL_PARTNERS, fail), asyncio.get_running_loop()
    logged: list[dict[str, Any]] = []
    before = asyncio.all_tasks()
    handler = loop.get_exception_handler()
    loop.set_exception_handler(lambda _loop, context: logged.append(context))

    asked = asyncio.create_task(loader.load(1))
    await asyncio.sleep(0)
    asked.cancel()
    while reading := asyncio.all_tasks() - before:
        await asyncio.wait(reading)
    gc.collect()
    await asyncio.sleep(0)
    loop.set_exception_handler(handler)

    assert logged == []


# SQLite reads at once, so that nothing waits.
@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
async def test_batches_that_are_not_awaited_after_an_error_say_nothing(database: Database) -> None:
    async def fail(_connection: Connection, _scope: Scope, keys: Sequence[int]) -> Mapping[int, int]:
        await asyncio.sleep(0)
        raise LookupError(keys)

    async def read(_connection: Connection, _scope: Scope, keys: Sequence[int]) -> Mapping[int, int]:
        await asyncio.sleep(0)
        return dict.fromkeys(keys, 7)

    # The collection does not look through what earlier tests made.
    gc.freeze()
    failing, reading = Loader(database, ALL_PARTNERS, fail), Loader(database, ALL_PARTNERS, read)

    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        failed = failing.load_many([1])
        left_out = [reading.load_many([2]), then(reading.load_many([3]), list), reading.find(4)]
        with pytest.raises(LookupError):
            await loaded(failed)
        del left_out
        gc.collect()

    assert [str(each.message) for each in warned] == []
    assert await loaded(reading.load_many([2, 3])) == [7, 7]


class Reads:
    """Read of the doubles of numbers, and what it was asked for."""

    def __init__(self, databases: Databases) -> None:
        self.database = Database(databases.shared("postgresql"))
        self.keys: list[Sequence[int]] = []
        self.tasks: list[asyncio.Task[Any] | None] = []

    def loader(self) -> Loader[int, int]:
        """Return a loader, which has read nothing."""
        return Loader(self.database, ALL_PARTNERS, self._read)

    async def _read(self, _connection: Connection, _scope: Scope, keys: Sequence[int]) -> Mapping[int, int]:
        self.keys.append(keys)
        self.tasks.append(asyncio.current_task())
        if 0 in keys:
            raise LookupError
        return {key: 2 * key for key in keys}


@pytest.fixture
async def reads(databases: Databases) -> AsyncIterator[Reads]:
    """Reads of a server."""
    reads = Reads(databases)
    yield reads
    await reads.database.close()


def _begin_request() -> asyncio.Task[Any] | None:
    """Let the task of the caller be that of a request."""
    deadline.current.set(deadline.of_requests(60, 60, know_task=True)(perf_counter(), None))
    return asyncio.current_task()


async def test_the_task_of_a_request_reads_by_itself(reads: Reads) -> None:
    mine, loader = _begin_request(), reads.loader()

    assert await loader.load(1) == 2
    assert await loader.load(1) == 2

    assert (reads.keys, reads.tasks) == ([[1]], [mine])


async def test_what_the_tasks_of_a_request_ask_for_is_read_together(reads: Reads) -> None:
    _begin_request()
    loader = reads.loader()

    assert await asyncio.gather(*map(loader.load, [1, 2, 3, 2])) == [2, 4, 6, 4]

    assert list(map(sorted, reads.keys)) == [[1, 2, 3]]


async def test_what_is_awaited_later_is_read_meanwhile(reads: Reads) -> None:
    mine = _begin_request()
    one, other = (reads.loader().load_many([key]) for key in (1, 2))

    assert [await loaded(one), await loaded(other)] == [[2], [4]]

    assert mine in reads.tasks
    assert len(set(reads.tasks)) == 2


@pytest.mark.parametrize("is_task_of_request", [True, False])
async def test_every_caller_gets_the_error_of_a_read(reads: Reads, *, is_task_of_request: bool) -> None:
    if is_task_of_request:
        _begin_request()
    loader = reads.loader()
    asked = loader.load_many([0])
    other = asyncio.create_task(loader.load(0))

    with pytest.raises(LookupError):
        await loaded(asked)
    with pytest.raises(LookupError):
        await other

    # It is asked again, and not told from memory.
    with pytest.raises(LookupError):
        await loader.load(0)
    assert len(reads.keys) == 2


async def test_a_caller_that_is_cancelled_cancels_no_other(reads: Reads) -> None:
    loader = reads.loader()
    one, other = (asyncio.create_task(loader.load(1)) for _ in range(2))
    await asyncio.sleep(0)
    one.cancel()

    assert await other == 2


@pytest.mark.parametrize("is_task_of_request", [True, False])
async def test_the_end_of_the_task_that_reads_cancels_no_caller(reads: Reads, *, is_task_of_request: bool) -> None:
    begun = asyncio.Event()

    async def endless(_connection: Connection, _scope: Scope, _keys: Sequence[int]) -> Mapping[int, int]:
        begun.set()
        await asyncio.Event().wait()
        return {}

    loader = Loader(reads.database, ALL_PARTNERS, endless)

    async def first() -> None:
        if is_task_of_request:
            _begin_request()
        await loader.load(1)

    before = asyncio.all_tasks()
    reading = asyncio.create_task(first())
    await begun.wait()
    other = asyncio.create_task(loader.load(1))
    await asyncio.sleep(0)
    for task in asyncio.all_tasks() - before - {other}:
        task.cancel()

    with pytest.raises(NotRead):
        await other
    await asyncio.gather(reading, return_exceptions=True)
