"""A PostgreSQL server that restarts, is demoted or is full is UNAVAILABLE, and used again when it is back."""

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
import sqlalchemy as sa

from db.engine import Connection, Database, Transaction, deadline, pools, postgres, returned
from db.engine.pool_sizes import PoolSizes
from db.engine.postgres_connection import PostgresConnection
from db.engine.statement import Statement
from db.tables import partners
from domain.errors import NotChanged, NotRead, OutcomeUnknown, Unavailable
from tests import cnpjs
from tests.clusters import MAX_CONNECTIONS, Cluster, Fault, proxied
from tests.eventually import eventually
from tests.factories import add_bare_partner
from tests.units import execute, fetch_all, fetch_value, fetch_values

_SIZES = PoolSizes()

PID: Statement[int] = Statement(sa.select(sa.func.pg_backend_pid()), int)

Act = Callable[[Database, str], Awaitable[object]]


async def names(connection: Connection, cnpj: str) -> list[str]:
    return list(await fetch_values(connection, sa.select(partners.c.name).where(partners.c.cnpj == cnpj)))


async def query(database: Database, cnpj: str) -> list[str]:
    return await database.read(lambda connection: names(connection, cnpj))


async def transact(database: Database, cnpj: str) -> None:
    await database.write(lambda tx: add_bare_partner(tx, cnpj))


WAYS = [query, transact]
WRITES = [transact]


async def succeeds(doing: Awaitable[object]) -> bool:
    """Whether it can be done; UNAVAILABLE is the only other thing that may happen."""
    try:
        await doing
    except Unavailable:
        return False
    return True


async def cannot_write(database: Database) -> bool:
    return not await database.can_write()


async def finds(database: Database, cnpj: str, found: list[str]) -> bool:
    return await query(database, cnpj) == found


@asynccontextmanager
async def opened(url: str, *, sizes: PoolSizes = _SIZES) -> AsyncIterator[Database]:
    database = Database(url, sizes=sizes)
    try:
        yield database
    finally:
        await database.close()


@pytest.fixture
async def database(cluster: Cluster) -> AsyncIterator[Database]:
    async with opened(cluster.url) as database:
        yield database


@pytest.mark.parametrize("mode", ["fast", "immediate"])
async def test_a_server_that_is_stopped_is_unavailable_until_it_is_back(
    cluster: Cluster, database: Database, mode: str
) -> None:
    # Several connections of the pool are lost at once.
    await asyncio.gather(*(way(database, cnpjs.another()) for way in WAYS for _ in range(3)))

    cluster.stop(mode)
    failed = [(await asyncio.gather(way(database, cnpjs.another()), return_exceptions=True))[0] for way in WAYS * 3]
    cluster.start()

    assert {type(each) for each in failed} == {NotRead, NotChanged}
    for way in WAYS:
        await way(database, cnpjs.another())


@pytest.mark.parametrize("way", WRITES)
async def test_a_standby_takes_no_writes_until_it_is_promoted(cluster: Cluster, way: Act) -> None:
    async with opened(cluster.url) as database:
        cnpj = cnpjs.another()
        await way(database, cnpj)

        cluster.demote()
        with pytest.raises(Unavailable, match="Nothing was changed"):
            await way(database, cnpjs.another())
        writable, found = await database.can_write(), await query(database, cnpj)
        cluster.promote()

        assert (writable, found) == (False, ["Alfa"])
        assert await database.can_write()
        await way(database, cnpjs.another())


async def test_a_server_that_is_set_to_read_only_takes_no_writes(cluster: Cluster, database: Database) -> None:
    await transact(database, cnpjs.another())

    async with cluster.connected() as other:
        await other.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        await other.execute("SELECT pg_reload_conf()")
        await eventually(lambda: cannot_write(database))

    for way in WRITES:
        with pytest.raises(Unavailable, match="Nothing was changed"):
            await way(database, cnpjs.another())


async def test_no_connection_to_a_former_primary_is_used_again(database: Database) -> None:
    async def pids() -> set[int]:
        async def pid(connection: Connection) -> int:
            await fetch_all(connection, sa.text("SELECT pg_sleep(0.05)"))
            return int(await fetch_value(connection, PID.expression))

        return set(await asyncio.gather(*(database.read(pid) for _ in range(4))))

    async def demoted(tx: Transaction) -> None:
        await execute(tx, sa.text("SET TRANSACTION READ ONLY"))
        await add_bare_partner(tx, cnpjs.another())

    before = await pids()
    with pytest.raises(Unavailable):
        await database.write(demoted)

    assert len(before) == 4
    assert before & await pids() == set()


async def test_a_server_without_free_connections_is_unavailable(cluster: Cluster, database: Database) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(MAX_CONNECTIONS):
            await stack.enter_async_context(cluster.connected())
        for way in WAYS:
            with pytest.raises(Unavailable):
                await way(database, cnpjs.another())

    await eventually(lambda: succeeds(query(database, "")))
    for way in WAYS:
        await way(database, cnpjs.another())


async def test_a_unit_that_waits_too_long_for_a_connection_is_unavailable(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "_LENDING_SECONDS", 0.05)
    async with opened(cluster.url, sizes=PoolSizes(reading=2, writing=4)) as database:
        free, begun = asyncio.Event(), asyncio.Semaphore(0)

        async def hold(connection: Connection) -> None:
            await names(connection, "")
            begun.release()
            await free.wait()

        # Long reads take connections of the pool beside those of the others, who take turns.
        holding = [asyncio.create_task(database.read_long(hold, seconds=600)) for _ in range(2)]
        for _ in holding:
            await begun.acquire()
        with pytest.raises(Unavailable):
            await query(database, cnpjs.another())
        # Writes have connections of their own.
        await transact(database, cnpjs.another())
        holding += [asyncio.create_task(database.write(hold)) for _ in range(4)]
        for _ in holding[2:]:
            await begun.acquire()
        with deadline.limited(1), pytest.raises(Unavailable):
            await transact(database, cnpjs.another())
        free.set()
        await asyncio.gather(*holding)


async def test_no_more_connections_are_opened_than_the_settings_allow(cluster: Cluster) -> None:
    async def hold(connection: Connection) -> None:
        await fetch_all(connection, sa.text("SELECT pg_sleep(0.02)"))

    async with opened(cluster.url, sizes=PoolSizes(reading=3, writing=2)) as database, cluster.connected() as other:
        count = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
        before = await other.fetchval(count)
        reads = [database.read(hold) for _ in range(20)] + [database.read_long(hold, seconds=60) for _ in range(20)]
        working = asyncio.gather(*reads, *(database.write(hold) for _ in range(20)))
        seen = set[int]()
        while not working.done():
            seen.add(await other.fetchval(count) - before)
        await working

    assert 0 < max(seen) <= 5


@pytest.mark.parametrize("part", ["nobody@/portal", "postgres@/missing"])
async def test_a_server_that_refuses_the_connection_is_unavailable(cluster: Cluster, part: str) -> None:
    async with opened(f"postgresql+asyncpg://{part}?host={cluster.directory}") as database:
        for way in WAYS:
            with pytest.raises(Unavailable):
                await way(database, cnpjs.another())


async def test_a_session_that_is_ended_in_a_transaction_has_changed_nothing(
    cluster: Cluster, database: Database
) -> None:
    cnpj = cnpjs.another()

    async def ended(tx: Transaction) -> None:
        await add_bare_partner(tx, cnpj)
        async with cluster.connected() as other:
            await other.execute("SELECT pg_terminate_backend($1)", await returned(tx, PID))
        await names(tx, cnpj)

    with pytest.raises(Unavailable, match="Nothing was changed") as raised:
        await database.write(ended)

    assert raised.type is NotChanged
    assert await query(database, cnpj) == []


async def test_a_connection_lost_before_the_commit_has_changed_nothing(cluster: Cluster, database: Database) -> None:
    cnpj = cnpjs.another()

    async def ended(tx: Transaction) -> None:
        await add_bare_partner(tx, cnpj)
        async with cluster.connected() as other:
            await other.execute("SELECT pg_terminate_backend($1)", await returned(tx, PID))
        assert isinstance(tx, PostgresConnection)
        while not tx._driver.is_closed():  # noqa: SLF001, ASYNC110 — the driver has no event for it.
            await asyncio.sleep(0.01)

    with pytest.raises(Unavailable, match="Nothing was changed") as raised:
        await database.write(ended)

    assert raised.type is NotChanged
    assert await query(database, cnpj) == []


async def test_a_server_whose_process_is_killed_is_unavailable_until_it_has_recovered(database: Database) -> None:
    cnpj = cnpjs.another()

    async def killed(tx: Transaction) -> None:
        await add_bare_partner(tx, cnpj)
        os.kill(await returned(tx, PID), signal.SIGKILL)
        await names(tx, cnpj)

    with pytest.raises(Unavailable, match="Nothing was changed"):
        await database.write(killed)

    await eventually(lambda: succeeds(query(database, cnpj)))
    assert await query(database, cnpj) == []


@pytest.mark.parametrize("way", WRITES)
@pytest.mark.parametrize(("fault", "found"), [(Fault.REPLY_IS_LOST, ["Alfa"]), (Fault.COMMIT_IS_LOST, [])])
async def test_a_connection_that_is_lost_during_the_commit_leaves_its_outcome_unknown(
    cluster: Cluster, fault: Fault, found: list[str], way: Act
) -> None:
    cnpj = cnpjs.another()
    with proxied(cluster) as proxy:
        async with opened(cluster.url) as direct, opened(proxy.url) as database:
            await way(database, cnpjs.another())

            proxy.fault = fault
            with pytest.raises(OutcomeUnknown, match="unknown whether the change was made"):
                await way(database, cnpj)

            # A commit that no caller waits for may take a moment longer.
            await eventually(lambda: finds(direct, cnpj, found))
            await way(database, cnpjs.another())


async def test_a_query_whose_end_is_lost_is_read_once_more(cluster: Cluster) -> None:
    with proxied(cluster) as proxy:
        async with opened(proxy.url) as database:
            assert await query(database, "") == []

            proxy.fault = Fault.COMMIT_IS_LOST

            assert await query(database, "") == []
            assert proxy.fault is Fault.NONE


async def test_a_server_of_the_oldest_version_is_read(cluster: Cluster) -> None:
    with proxied(cluster) as proxy:
        proxy.version = b"15"
        async with opened(proxy.url) as database:
            assert await query(database, "") == []


async def test_a_unit_runs_again_after_the_type_of_a_column_has_changed(cluster: Cluster) -> None:
    typed: Statement[str] = Statement(sa.text("SELECT a FROM typed").columns(sa.column("a", sa.Text)), str)

    async def change(tx: Transaction) -> list[str]:
        found = await tx.fetch(typed)
        await execute(tx, sa.text("UPDATE typed SET a = 'c'"))
        return list(found)

    async with opened(cluster.url) as database, cluster.connected() as other:
        await other.execute("CREATE TABLE typed (a text); INSERT INTO typed VALUES ('b')")
        assert await database.write(change) == ["b"]
        await other.execute("ALTER TABLE typed ALTER COLUMN a TYPE varchar(9)")

        assert await database.write(change) == ["c"]
        await other.execute("DROP TABLE typed")


async def test_a_unit_that_is_cancelled_leaves_no_transaction_behind(cluster: Cluster) -> None:
    cnpj, reached = cnpjs.another(), asyncio.Event()

    async def slow(tx: Transaction) -> None:
        await add_bare_partner(tx, cnpj)
        reached.set()
        await execute(tx, sa.text("SELECT pg_sleep(5)"))

    async with opened(cluster.url, sizes=PoolSizes(reading=2, writing=4)) as database:
        for _ in range(3):
            reached.clear()
            task = asyncio.create_task(database.write(slow))
            await reached.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        assert await query(database, cnpj) == []
        await transact(database, cnpj)
        assert await query(database, cnpj) == ["Alfa"]


async def test_a_storm_of_failures_is_one_line_in_the_log(
    cluster: Cluster, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    cluster.stop("immediate")

    with caplog.at_level(logging.WARNING):
        await asyncio.gather(*(transact(database, cnpjs.another()) for _ in range(50)), return_exceptions=True)

    assert [record.name for record in caplog.records] == ["portal.database"]
    assert str(cluster.directory) in caplog.text


async def test_a_hint_that_a_server_does_not_take_is_unavailable(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(cluster.url, hints=True)
    await database.hint()
    monkeypatch.setattr(postgres, "_NOTIFYING_SECONDS", 0.1)

    with cluster.frozen(), pytest.raises(Unavailable):
        await database.hint()
    await database.close()
