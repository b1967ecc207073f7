"""Reads that wait for threads or connections: partners take turns, and one leaves a place to others."""

import asyncio
from collections import Counter
from collections.abc import Hashable

import pytest
import sqlalchemy as sa

from db.engine import Connection, Database
from db.engine.connection import CallerGoneError, TookTooLongError
from db.engine.deadline import Deadline
from db.engine.place_queue import PlaceQueue, is_large
from domain.limits import TooManyReads
from tests.databases import Databases
from tests.db.engine.partners import call_for
from tests.eventually import settled
from tests.units import fetch_value


class Reads:
    """Reads that hold a place until a test ends them."""

    def __init__(self, queue: PlaceQueue) -> None:
        self.queue = queue
        self.began: list[Hashable] = []
        self._ends: list[asyncio.Event] = []

    def begin(self, *partners: Hashable, until: Deadline | None = None) -> list[asyncio.Task[None]]:
        """Begin reads of these partners, in this order, all of the operation with the deadline, if one is given."""
        return [asyncio.create_task(self._read(partner, until)) for partner in partners]

    async def end(self, number: int = 1) -> None:
        """End the reads that began first."""
        for _ in range(number):
            self._ends.pop(0).set()
            await settled()

    async def _read(self, partner: Hashable, until: Deadline | None) -> None:
        call_for(partner)
        async with self.queue.place(until):
            self.began.append(partner)
            end = asyncio.Event()
            self._ends.append(end)
            await end.wait()


async def test_partners_take_turns() -> None:
    reads = Reads(PlaceQueue(1))
    tasks = reads.begin("a", "a", "a", "a", "b", "b", "c")
    await settled()

    await reads.end(len(tasks))

    assert reads.began == ["a", "a", "b", "c", "a", "b", "a"]
    assert reads.queue.waiting == 0
    await asyncio.gather(*tasks)


async def test_a_partner_leaves_one_of_four_places_to_others() -> None:
    reads = Reads(PlaceQueue(4))
    tasks = reads.begin("a", "a", "a", "a", "b")
    await settled()

    assert reads.began == ["a", "a", "a", "b"]
    assert reads.queue.waiting == 1
    await reads.end(5)
    await asyncio.gather(*tasks)


@pytest.mark.parametrize("places", [2, 3])
async def test_a_partner_leaves_one_of_few_places_to_others(places: int) -> None:
    reads = Reads(PlaceQueue(places))
    tasks = reads.begin(*"a" * 200, "b")
    await settled()

    assert reads.began == ["a"] * (places - 1) + ["b"]
    await reads.end(len(tasks))
    await asyncio.gather(*tasks)


@pytest.mark.parametrize("places", [1, 3, 8])
async def test_a_read_waits_for_one_read_of_each_other_partner(places: int) -> None:
    reads = Reads(PlaceQueue(places))
    tasks = reads.begin(*"a" * 200, *"b" * 200, *"c" * 200, "d")
    await settled()
    held = len(reads.began)

    await reads.end(4)

    assert sorted(map(str, reads.began[held:])) == ["a", "b", "c", "d"]
    await reads.end(len(tasks) - 4)
    await asyncio.gather(*tasks)


async def test_a_partner_s_operations_take_turns() -> None:
    reads = Reads(PlaceQueue(1))
    long, short = Deadline(600), Deadline(600)
    tasks = [*reads.begin(*"a" * 99, until=long), *reads.begin("a", until=short)]
    await settled()

    # One read of the long operation runs, and one waited before the short one began.
    await reads.end(3)

    assert [task.done() for task in tasks] == [True, True, *[False] * 97, True]
    await reads.end(97)
    await asyncio.gather(*tasks)


async def test_a_partner_with_too_many_reads_is_refused_alone() -> None:
    reads = Reads(PlaceQueue(1, waiting_max=2))
    tasks = reads.begin("a", "a", "a", "a", "b")
    await settled()

    assert [task.done() for task in tasks] == [False, False, False, True, False]
    with pytest.raises(TooManyReads):
        await tasks.pop(3)
    await reads.end(4)
    await asyncio.gather(*tasks)


async def test_what_a_change_returns_is_read_however_many_wait() -> None:
    reads = Reads(PlaceQueue(1, waiting_max=1))
    tasks = reads.begin("a", "a")
    await settled()
    until = Deadline(60, 60)
    until.allow_change()

    async def read() -> None:
        call_for("a")
        async with reads.queue.place(until):
            reads.began.append("result")

    with pytest.raises(TooManyReads):
        await asyncio.create_task(read())
    until.note_commit(reading_seconds=60)
    result = asyncio.create_task(read())
    await settled()
    await reads.end(2)
    await asyncio.gather(result, *tasks)

    assert reads.began == ["a", "a", "result"]


async def test_partners_leave_places_to_callers_without_one() -> None:
    reads = Reads(PlaceQueue(4, for_strangers=1))
    tasks = reads.begin("a", "a", "a", "b", None, "b")
    await settled()

    assert reads.began == ["a", "a", "a", None]
    await reads.end(6)
    assert sorted(map(str, reads.began)) == ["None", "a", "a", "a", "b", "b"]
    await asyncio.gather(*tasks)


async def test_a_read_whose_caller_leaves_takes_no_place() -> None:
    reads = Reads(PlaceQueue(1))
    first, second, third = reads.begin("a", "a", "b")
    await settled()

    second.cancel()
    await reads.end()
    await reads.end()

    assert reads.began == ["a", "b"]
    assert second.cancelled()
    await asyncio.gather(first, third)


async def test_a_read_whose_turn_does_not_come_ends_at_its_deadline() -> None:
    queue, until = PlaceQueue(1), Deadline(0.01)
    reads = Reads(queue)
    (first,) = reads.begin("a")
    await settled()

    with pytest.raises(TookTooLongError):
        async with queue.place(until):
            pass

    assert queue.waiting == 0
    await reads.end()
    await first


async def test_a_read_whose_caller_has_gone_stops_waiting() -> None:
    queue, until = PlaceQueue(1), Deadline(60)
    reads = Reads(queue)
    (first,) = reads.begin("a")
    await settled()

    async def read() -> None:
        async with queue.place(until):
            pass

    waiting = asyncio.create_task(read())
    await settled()
    until.abandon()

    with pytest.raises(CallerGoneError):
        await waiting
    await reads.end()
    await first
    assert queue.waiting == 0


async def test_a_partners_large_operations_read_one_after_the_other(databases: Databases) -> None:
    database = Database(databases.migrated("postgresql"))
    running, most = Counter[str](), Counter[str]()

    async def read(partner: str) -> None:
        call_for(partner)
        is_large.set(True)

        async def work(connection: Connection) -> None:
            running[partner] += 1
            most[partner] = max(most[partner], running[partner])
            try:
                await fetch_value(connection, sa.text("SELECT 1"))
            finally:
                running[partner] -= 1

        for _ in range(5):
            await database.read(work)

    try:
        await asyncio.gather(*(read(partner) for partner in "aaaabb"))
    finally:
        await database.close()

    assert most == {"a": 1, "b": 1}


async def test_reads_of_a_large_operation_leave_the_loop(database: Database) -> None:
    async def read(_connection: Connection) -> str:
        return "read"

    before = is_large.set(True)
    try:
        found = database.read_now(read)
    finally:
        is_large.reset(before)

    assert not isinstance(found, str)
    assert await found == "read"
