"""Reads that take long: they run beside all others, and end with their caller or their time."""

import asyncio
import threading
from collections.abc import Sequence
from contextvars import copy_context
from typing import Any

import pytest
import sqlalchemy as sa

from db.engine import Connection, Database, TookTooLongError
from db.engine.connection import Work
from db.engine.sqlite_engine import READING_THREADS
from tests.databases import Databases
from tests.db.engine.partners import call_for
from tests.eventually import eventually, settled
from tests.units import compiled, fetch_value, reading

_NUMBERS = "WITH RECURSIVE n (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n) SELECT value FROM n"
ENDLESS = compiled(sa.text(_NUMBERS))
NUMBERS = compiled(sa.text(f"{_NUMBERS} LIMIT 1300"))

_PATIENCE_SECONDS = 60
"""Seconds that a machine at full load never needs."""


class _StoppedError(Exception):
    """The reader has had enough."""


@pytest.mark.parametrize("may_block", [True, False])
async def test_a_scan_gives_all_rows_in_batches_where_none_waits(database: Database, *, may_block: bool) -> None:
    batches: list[list[int]] = []
    threads = set()

    def take(found: Sequence[Sequence[Any]]) -> None:
        batches.append([row[0] for row in found])
        threads.add(threading.get_ident())

    async def read(connection: Connection) -> None:
        await connection.scan(NUMBERS, {}, take, may_block=lambda: may_block)

    await database.read_long(read, seconds=60)

    assert [len(batch) for batch in batches] == [500, 500, 300]
    assert [value for batch in batches for value in batch] == list(range(1, 1301))
    if may_block:
        assert threading.get_ident() not in threads


@pytest.mark.parametrize("may_block", [True, False])
@pytest.mark.parametrize("ending", ["cancelled", "late", "stopped"])
async def test_an_endless_read_ends_and_leaves_the_database_usable(
    database: Database, ending: str, *, may_block: bool
) -> None:
    begun, ended = threading.Event(), asyncio.Event()

    def take(_: object) -> None:
        begun.set()
        if ending == "stopped":
            raise _StoppedError

    async def read(connection: Connection) -> None:
        await connection.scan(ENDLESS, {}, take, may_block=lambda: may_block)

    async def read_long() -> None:
        try:
            await database.read_long(read, seconds=0.2 if ending == "late" else 60)
        finally:
            ended.set()

    task = asyncio.create_task(read_long())
    await asyncio.to_thread(begun.wait)
    if ending == "cancelled":
        task.cancel()
    expected = {"cancelled": asyncio.CancelledError, "late": TookTooLongError, "stopped": _StoppedError}
    with pytest.raises(expected[ending]):
        await task

    assert ended.is_set()
    assert await database.purge()
    async with reading(database) as connection:
        assert await fetch_value(connection, sa.select(sa.literal(1))) == 1


async def test_a_long_read_delays_no_other_read(database: Database) -> None:
    begun = threading.Event()

    async def read(connection: Connection) -> None:
        await connection.scan(ENDLESS, {}, lambda _: begun.set(), may_block=lambda: False)

    tasks = [asyncio.create_task(database.read_long(read, seconds=60)) for _ in range(3)]
    await asyncio.to_thread(begun.wait)

    async with reading(database) as connection:
        assert await fetch_value(connection, sa.select(sa.literal(1))) == 1
    for task in tasks:
        task.cancel()
    assert {type(each) for each in await asyncio.gather(*tasks, return_exceptions=True)} == {asyncio.CancelledError}


async def test_one_partner_s_reads_leave_a_thread_to_others(databases: Databases) -> None:
    database = Database(databases.migrated("sqlite"), in_place=False)
    go = threading.Event()

    async def hold(_: Connection) -> None:
        go.wait()

    async def read(_: Connection) -> str:
        return "read"

    def of(partner: str, work: Work[Any]) -> asyncio.Task[Any]:
        context = copy_context()
        context.run(call_for, partner)
        return asyncio.create_task(database.read(work), context=context)

    held = [of("a", hold) for _ in range(200)]
    await settled()
    other = of("b", read)
    try:
        # The first partner's reads hold their threads meanwhile.
        async with asyncio.timeout(_PATIENCE_SECONDS):
            found = await other
    finally:
        go.set()

    assert found == "read"
    await asyncio.gather(*held)
    await database.close()


async def test_a_cancelled_read_holds_its_thread_until_it_ends(databases: Databases) -> None:
    database = Database(databases.migrated("sqlite"), in_place=False)
    begun, go = threading.Semaphore(0), threading.Event()

    async def hold(_: Connection) -> None:
        begun.release()
        go.wait()

    async def read(_: Connection) -> str:
        return "read"

    async def nothing_is_in_use() -> bool:
        return database.usage() == (0, 0)

    # As many as one caller may have at once.
    number = READING_THREADS - max(1, READING_THREADS // 4)
    tasks = [asyncio.create_task(database.read(hold)) for _ in range(number)]
    for _ in tasks:
        await asyncio.to_thread(begun.acquire)
    for task in tasks:
        task.cancel()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    following = asyncio.create_task(database.read(read))
    await settled()
    usage = database.usage()
    go.set()

    assert {type(each) for each in found} == {asyncio.CancelledError}
    assert usage == (number, 1)
    assert await following == "read"
    await eventually(nothing_is_in_use)
    await database.close()
