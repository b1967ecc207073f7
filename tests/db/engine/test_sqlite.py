"""A unit of work runs in one go: all of it or nothing, as things are at one moment."""

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial

import pytest
import sqlalchemy as sa

from db.engine import Connection, Database, Transaction
from db.tables import partner_counters, partners
from tests import cnpjs
from tests.databases import Databases
from tests.factories import add_bare_partner
from tests.units import compiled, execute, fetch_value


async def name_of(connection: Connection, cnpj: str) -> str | None:
    name: str | None = await fetch_value(connection, sa.select(partners.c.name).where(partners.c.cnpj == cnpj))
    return name


async def test_what_a_unit_wrote_is_there_for_the_next_one(database: Database) -> None:
    cnpj = cnpjs.another()

    await database.write(lambda tx: add_bare_partner(tx, cnpj))

    assert await database.read(lambda connection: name_of(connection, cnpj)) == "Alfa"


async def test_nothing_is_left_of_a_unit_that_raises(database: Database) -> None:
    cnpj = cnpjs.another()

    async def fail(tx: Transaction) -> None:
        await add_bare_partner(tx, cnpj)
        raise LookupError(cnpj)

    with pytest.raises(LookupError, match=cnpj):
        await database.write(fail)

    assert await database.read(lambda connection: name_of(connection, cnpj)) is None
    await database.write(lambda tx: add_bare_partner(tx, cnpj))


async def test_a_statement_that_fails_takes_the_whole_unit_along(database: Database) -> None:
    cnpj, taken = cnpjs.another(), cnpjs.another()
    await database.write(lambda tx: add_bare_partner(tx, taken))

    async def fail(tx: Transaction) -> None:
        await add_bare_partner(tx, cnpj)
        await add_bare_partner(tx, taken)

    with pytest.raises((sa.exc.DBAPIError, sqlite3.IntegrityError)):
        await database.write(fail)

    assert await database.read(lambda connection: name_of(connection, cnpj)) is None


async def test_nothing_is_left_of_a_unit_whose_commit_fails(databases: Databases) -> None:
    database = Database(databases.migrated("sqlite"))
    cnpj = cnpjs.another()

    async def leave_a_reference_open(tx: Transaction) -> None:
        await execute(tx, sa.text("PRAGMA defer_foreign_keys = ON"))
        await add_bare_partner(tx, cnpj)
        await execute(tx, sa.insert(partner_counters).values(partner_id=2**40, order_number=0, event_number=0))

    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
        await database.write(leave_a_reference_open)

    assert await database.read(lambda connection: name_of(connection, cnpj)) is None
    await database.write(lambda tx: add_bare_partner(tx, cnpj))
    await database.close()


async def test_a_unit_reads_what_was_there_when_it_began(databases: Databases) -> None:
    database = Database(databases.migrated("sqlite"))
    cnpj = cnpjs.another()
    read, written = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    async def twice(connection: Connection) -> list[str | None]:
        before = await name_of(connection, cnpj)
        loop.call_soon_threadsafe(read.set)
        # The unit has a thread of its own, which it may hold up without holding up anybody else.
        asyncio.run_coroutine_threadsafe(written.wait(), loop).result(timeout=10)
        return [before, await name_of(connection, cnpj)]

    reading = asyncio.create_task(database.read(twice))
    await read.wait()
    await database.write(lambda tx: add_bare_partner(tx, cnpj))
    written.set()

    assert await reading == [None, None]
    assert await database.read(lambda connection: name_of(connection, cnpj)) == "Alfa"
    await database.close()


async def test_units_that_write_come_one_after_the_other(database: Database) -> None:
    cnpj = cnpjs.another()
    await database.write(lambda tx: add_bare_partner(tx, cnpj, "0"))

    async def count_up(tx: Transaction) -> None:
        mine = partners.c.cnpj == cnpj
        name = await fetch_value(tx, sa.select(partners.c.name).where(mine).with_for_update())
        await execute(tx, sa.update(partners).where(mine).values(name=str(int(name or 0) + 1)))

    await asyncio.gather(*(database.write(count_up) for _ in range(25)))

    assert await database.read(lambda connection: name_of(connection, cnpj)) == "25"


async def test_a_unit_that_waits_for_anything_else_is_refused(databases: Databases) -> None:
    database = Database(databases.migrated("sqlite"))
    cnpj = cnpjs.another()

    async def wait(tx: Transaction) -> None:
        await add_bare_partner(tx, cnpj)
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="awaits nothing but the statements"):
        await database.write(wait)

    assert await database.read(lambda connection: name_of(connection, cnpj)) is None
    await database.close()


async def test_a_reading_unit_writes_nothing(databases: Databases) -> None:
    database = Database(databases.migrated("sqlite"))

    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        await database.read(lambda connection: add_bare_partner(connection, cnpjs.another()))

    await database.close()


@pytest.mark.parametrize(("durability", "level"), [("full", 2), ("normal", 1)])
async def test_an_url_says_how_durable_a_commit_is(databases: Databases, durability: str, level: int) -> None:
    database = Database(f"{databases.migrated('sqlite')}?synchronous={durability}")

    found = await database.write(lambda tx: fetch_value(tx, sa.text("PRAGMA synchronous")))

    assert found == level
    await database.close()


async def held(database: Database) -> Callable[[], None]:
    """Hold the writer up until the function is called, so that what comes meanwhile is run together."""
    reached, go_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    async def hold(_tx: Transaction) -> None:
        loop.call_soon_threadsafe(reached.set)
        go_on.wait(timeout=10)

    task = asyncio.create_task(database.write(hold))
    await reached.wait()
    task.add_done_callback(lambda done: done.result())
    return go_on.set


async def begun(database: Database, *works: Callable[[Transaction], Awaitable[None]]) -> list[asyncio.Task[None]]:
    """Units that wait for the writer, in this order."""
    tasks = []
    for work in works:
        tasks.append(asyncio.create_task(database.write(work)))
        await asyncio.sleep(0)
    return tasks


@pytest.fixture
async def alone(databases: Databases) -> AsyncIterator[Database]:
    """A SQLite file of this test's own."""
    database = Database(databases.migrated("sqlite"))
    yield database
    await database.close()


async def test_units_that_come_together_are_committed_together(alone: Database) -> None:
    first, second = cnpjs.another(), cnpjs.another()
    seen_elsewhere: list[object] = []

    async def look_from_elsewhere(tx: Transaction) -> None:
        await add_bare_partner(tx, second)
        with contextlib.closing(sqlite3.connect(str(alone.url.database))) as other:
            seen_elsewhere.extend(other.execute("SELECT name FROM partners WHERE cnpj = ?", [first]))

    let_go = await held(alone)
    waiting = await begun(alone, lambda tx: add_bare_partner(tx, first), look_from_elsewhere)

    let_go()
    await asyncio.gather(*waiting)

    assert seen_elsewhere == []
    assert await alone.read(lambda connection: name_of(connection, first)) == "Alfa"
    assert await alone.read(lambda connection: name_of(connection, second)) == "Alfa"


async def test_a_unit_that_raises_takes_none_of_the_others_along(alone: Database) -> None:
    first, bad, last = cnpjs.another(), cnpjs.another(), cnpjs.another()

    async def fail(tx: Transaction) -> None:
        await add_bare_partner(tx, bad)
        raise LookupError(bad)

    async def refused(tx: Transaction) -> None:
        await add_bare_partner(tx, bad)
        await add_bare_partner(tx, first)

    let_go = await held(alone)
    waiting = await begun(
        alone, lambda tx: add_bare_partner(tx, first), fail, refused, lambda tx: add_bare_partner(tx, last)
    )

    let_go()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)

    assert [type(outcome) for outcome in outcomes] == [type(None), LookupError, sqlite3.IntegrityError, type(None)]
    names = [await alone.read(partial(name_of, cnpj=cnpj)) for cnpj in (first, bad, last)]
    assert names == ["Alfa", None, "Alfa"]


async def test_a_commit_that_fails_is_the_fault_of_one_unit_only(alone: Database) -> None:
    first, bad, last = cnpjs.another(), cnpjs.another(), cnpjs.another()

    async def leave_a_reference_open(tx: Transaction) -> None:
        await execute(tx, sa.text("PRAGMA defer_foreign_keys = ON"))
        await add_bare_partner(tx, bad)
        await execute(tx, sa.insert(partner_counters).values(partner_id=2**40, order_number=0, event_number=0))

    let_go = await held(alone)
    waiting = await begun(
        alone, lambda tx: add_bare_partner(tx, first), leave_a_reference_open, lambda tx: add_bare_partner(tx, last)
    )

    let_go()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)

    assert [type(outcome) for outcome in outcomes] == [type(None), sqlite3.IntegrityError, type(None)]
    names = [await alone.read(partial(name_of, cnpj=cnpj)) for cnpj in (first, bad, last)]
    assert names == ["Alfa", None, "Alfa"]


async def test_a_unit_that_ends_the_transaction_leaves_the_others_whole(alone: Database) -> None:
    first, last = cnpjs.another(), cnpjs.another()

    async def roll_everything_back(tx: Transaction) -> None:
        await execute(tx, sa.text("ROLLBACK"))
        raise LookupError(first)

    let_go = await held(alone)
    waiting = await begun(
        alone, lambda tx: add_bare_partner(tx, first), roll_everything_back, lambda tx: add_bare_partner(tx, last)
    )

    let_go()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)

    assert [type(outcome) for outcome in outcomes] == [type(None), LookupError, type(None)]
    names = [await alone.read(partial(name_of, cnpj=cnpj)) for cnpj in (first, last)]
    assert names == ["Alfa", "Alfa"]


async def test_a_unit_that_is_given_up_while_it_waits_is_not_run(alone: Database) -> None:
    given_up, kept = cnpjs.another(), cnpjs.another()
    let_go = await held(alone)
    first, second = await begun(alone, lambda tx: add_bare_partner(tx, given_up), lambda tx: add_bare_partner(tx, kept))

    first.cancel()
    await asyncio.sleep(0)
    let_go()
    await second

    with pytest.raises(asyncio.CancelledError):
        await first
    assert await alone.read(lambda connection: name_of(connection, given_up)) is None
    assert await alone.read(lambda connection: name_of(connection, kept)) == "Alfa"


async def test_units_run_in_the_order_in_which_they_came(alone: Database) -> None:
    order: list[int] = []

    def numbered(number: int) -> Callable[[Transaction], Awaitable[None]]:
        async def work(_tx: Transaction) -> None:
            order.append(number)

        return work

    let_go = await held(alone)
    waiting = await begun(alone, *map(numbered, range(100)))

    let_go()
    await asyncio.gather(*waiting)

    assert order == list(range(100))


async def test_every_connection_sorts_in_memory(databases: Databases) -> None:
    database = Database(databases.migrated("sqlite"))
    stored = compiled(sa.text("PRAGMA temp_store").columns(kept=sa.Integer))

    async def kept(connection: Connection) -> list[tuple[int]]:
        return list(await connection.fetch(stored))

    found = [await database.read(kept), await database.write(kept), await database.read_long(kept, seconds=60)]
    await database.close()

    assert found == [[(2,)]] * 3
