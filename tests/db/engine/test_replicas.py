"""Queries read on streaming replicas, and miss no change that was committed before them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from db import policies
from db.engine import Connection, Database, Transaction, deadline, replicas
from db.engine.deadline import Deadline
from db.engine.filters import value
from db.engine.log_positions import WRITTEN, Position
from db.engine.statement import Statement
from db.tables import partners
from domain.deadlines import CallerGone, ReadTimedOut
from domain.errors import NotRead
from tests import cnpjs
from tests.clusters import Cluster
from tests.databases import PostgreSQL
from tests.db.engine.replica_reads import on_replica, query
from tests.eventually import eventually
from tests.factories import add_bare_partner
from tests.replicas import Standby
from tests.walled import bound, turn_on

_CNPJS: Statement[str] = Statement(sa.select(partners.c.cnpj), value)
FOREVER = 1_000_000

_SLOW_COUNT = "SELECT (SELECT count(*) FROM partners) FROM pg_sleep(0.5)"
_IS_COUNTING = "SELECT true FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()"
_WRITE_MUCH = "SELECT pg_logical_emit_message(false, 'test', repeat('x', 20000000))"


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for a replica that is just behind for as long as a busy machine needs."""
    monkeypatch.setattr(replicas, "_CATCH_UP_SECONDS", 20)
    monkeypatch.setattr(replicas, "_PASSED_OVER_SECONDS", 0)


@asynccontextmanager
async def opened(cluster: Cluster, *urls: str) -> AsyncIterator[Database]:
    """Open a database, one of whose replicas is read."""
    database = Database(cluster.url, replica_urls=urls)
    await until_used(database)
    yield database
    await database.close()


@pytest.fixture
async def database(own_cluster: Cluster, standby: Standby) -> AsyncIterator[Database]:
    async with opened(own_cluster, standby.url) as database:
        yield database


async def until_used(database: Database) -> None:
    async with asyncio.timeout(20):
        while "used" not in state(database):
            await look(database)
            await asyncio.sleep(0.01)


async def look(database: Database) -> None:
    assert database.replicas is not None
    await database.replicas.look()


def state(database: Database) -> dict[str, int]:
    assert database.replicas is not None
    return {state: number for state, number in database.replicas.states.items() if number}


async def add(database: Database) -> str:
    cnpj = cnpjs.another()

    async def work(tx: Transaction) -> None:
        await add_bare_partner(tx, cnpj)

    await database.write(work)
    return cnpj


async def stored(connection: Connection) -> set[str]:
    return set(await connection.fetch(_CNPJS))


async def test_a_query_reads_on_a_replica_and_all_else_on_the_primary(database: Database) -> None:
    async with query(database):
        of_query = await database.read(on_replica)
    of_other_work = await database.read(on_replica)

    assert (of_query, of_other_work) == (True, False)
    assert database.replicas is not None
    assert database.replicas.reads == {"replica": 1, "primary": 0}


async def test_a_query_after_a_change_of_another_process_sees_it(own_cluster: Cluster, database: Database) -> None:
    other = Database(own_cluster.url)
    for _ in range(20):
        cnpj = await add(other)

        async with query(database):
            assert cnpj in await database.read(stored)
    await other.close()
    assert database.replicas is not None
    assert database.replicas.reads == {"replica": 20, "primary": 0}


async def test_a_paused_replica_is_passed_over_and_comes_back(
    standby: Standby, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with standby.paused():
        cnpj = await add(database)
        with monkeypatch.context() as impatient:
            impatient.setattr(replicas, "_CATCH_UP_SECONDS", 0.02)
            async with query(database):
                seen, of_query = await database.read(stored), await database.read(on_replica)
        # The second look asks for what was written at the first.
        await look(database)
        await look(database)
        paused = state(database)
    await until_used(database)
    async with query(database):
        seen_later, later = await database.read(stored), await database.read(on_replica)

    assert (cnpj in seen, of_query) == (True, False)
    assert paused == {"lagging": 1}
    assert (cnpj in seen_later, later) == (True, True)


async def test_all_reads_of_a_query_are_on_one_server(standby: Standby, database: Database) -> None:
    async with query(database):
        assert await database.read(on_replica)
        async with standby.paused():
            await add(database)

            assert await database.read(on_replica)


async def test_a_query_that_began_on_the_primary_ends_there(
    standby: Standby, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replicas, "_CATCH_UP_SECONDS", 0.02)
    async with query(database):
        async with standby.paused():
            await add(database)
            assert not await database.read(on_replica)
        await until_used(database)

        assert not await database.read(on_replica)


@pytest.mark.parametrize("is_gone", [False, True])
async def test_waiting_for_a_replica_ends_with_the_query(
    standby: Standby, database: Database, monkeypatch: pytest.MonkeyPatch, *, is_gone: bool
) -> None:
    monkeypatch.setattr(replicas, "_CATCH_UP_SECONDS", FOREVER)
    until = Deadline(FOREVER if is_gone else 0.1)
    if is_gone:
        asyncio.get_running_loop().call_later(0.1, until.abandon)
    async with standby.paused(), query(database), asyncio.timeout(30):
        await add(database)
        before = deadline.current.set(until)
        with pytest.raises(CallerGone if is_gone else ReadTimedOut):
            await database.read(stored)
        deadline.current.reset(before)


async def test_the_primary_replaces_a_replica_until_it_is_back(standby: Standby, database: Database) -> None:
    async with query(database):
        assert await database.read(on_replica)
        await asyncio.to_thread(standby.stop)
        failed_over = not await database.read(on_replica)
    stopped = state(database)
    await look(database)
    still_stopped = state(database)
    await asyncio.to_thread(standby.start)
    await until_used(database)
    async with query(database):
        is_back = await database.read(on_replica)

    assert stopped == still_stopped == {"unreachable": 1}
    assert (failed_over, is_back) == (True, True)


async def test_a_query_of_several_reads_at_once_asks_once(database: Database) -> None:
    async with query(database):
        found = await asyncio.gather(*(database.read(on_replica) for _ in range(5)))

    assert found == [True] * 5


async def test_another_replica_is_read_while_one_is_unreachable(own_cluster: Cluster, standby: Standby) -> None:
    async with opened(own_cluster, "postgresql+asyncpg://nobody@127.0.0.1:1/portal", standby.url) as database:
        async with query(database):
            assert await database.read(on_replica)
        assert state(database) == {"used": 1, "unreachable": 1}


async def test_a_replica_is_read_only_by_a_role_that_row_security_binds(own_cluster: Cluster, standby: Standby) -> None:
    await turn_on(own_cluster.url)
    primary = bound(own_cluster.url)
    unbound = Database(primary, replica_urls=[standby.url], row_security=True)
    with capture_logs() as lines:
        for _ in range(2):
            await look(unbound)
            async with query(unbound):
                assert not await unbound.read(on_replica)
    found = state(unbound)
    await unbound.close()
    as_bound = Database(primary, replica_urls=[bound(standby.url)], row_security=True)
    await until_used(as_bound)
    async with query(as_bound):
        is_read = await as_bound.read(on_replica)
    await as_bound.close()
    owner = Database(own_cluster.url)
    await owner.write(policies.turn_off)
    await owner.close()

    assert found == {"unreachable": 1}
    assert [(line["event"], line["error"]) for line in lines] == [("replica is passed over", "NotBoundError")]
    assert is_read


async def test_an_unexpected_error_ends_no_look_at_replicas(
    own_cluster: Cluster, standby: Standby, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replicas, "EVERY_SECONDS", 0.01)
    # No driver expects the error of a port that can't be one.
    database = Database(
        own_cluster.url, replica_urls=[standby.url, "postgresql+asyncpg://portal@127.0.0.1:70000/portal"]
    )
    assert database.replicas is not None
    with capture_logs() as lines:
        watch = asyncio.create_task(database.replicas.watch())

        async def logged_twice() -> bool:
            return watch.done() or [line["event"] for line in lines].count("not looking at replicas") > 1

        await eventually(logged_twice)
    is_over = watch.done()
    watch.cancel()
    await asyncio.wait((watch,))
    await database.close()

    assert not is_over


async def test_a_replica_is_not_read_while_the_primary_is_away(cluster: Cluster, standby: Standby) -> None:
    async with opened(cluster, standby.url) as database:
        await asyncio.to_thread(cluster.stop)
        async with query(database):
            with pytest.raises(NotRead):
                await database.read(on_replica)
        await asyncio.to_thread(cluster.start)
        async with query(database):
            assert await database.read(stored)


async def test_no_replica_counts_as_used_while_the_primary_hangs(own_cluster: Cluster, standby: Standby) -> None:
    async with opened(own_cluster, standby.url) as database:
        with capture_logs() as lines, own_cluster.frozen():
            await look(database)
            hanging = state(database)
        await until_used(database)

    assert hanging == {"lagging": 1}
    assert [(line["event"], line["error"]) for line in lines] == [("replica is passed over", "TimeoutError")]


async def test_a_position_is_never_of_before_it_was_asked(own_cluster: Cluster, database: Database) -> None:
    position = Position(sa.make_url(own_cluster.url), WRITTEN._replace(position=_SLOW_COUNT))
    before = asyncio.create_task(position.ask())
    async with own_cluster.connected() as connection, asyncio.timeout(20):
        while not await connection.fetchval(_IS_COUNTING):  # noqa: ASYNC110 — a server has no events.
            await asyncio.sleep(0.01)

    await add(database)
    after = await position.ask()

    assert after.position == (await before).position + 1
    await position.close()


async def test_a_promoted_replica_is_no_longer_read(own_cluster: Cluster, postgresql_server: PostgreSQL) -> None:
    standby = Standby(postgresql_server, own_cluster)
    async with opened(own_cluster, standby.url) as database:
        await asyncio.to_thread(standby.promote)
        await look(database)
        async with query(database):
            of_query = await database.read(on_replica)
        promoted = state(database)
    standby.stop()

    assert promoted == {"unreachable": 1}
    assert not of_query


@asynccontextmanager
async def looked_at(url: str, replica_url: str) -> AsyncIterator[Database]:
    """Open a database whose replica was looked at, used or not."""
    database = Database(url, replica_urls=[replica_url])
    await look(database)
    yield database
    await database.close()


async def write_much(primary: Cluster | Standby) -> str:
    """Write to the log, and return the position afterwards."""
    async with primary.connected() as connection:
        await connection.execute(_WRITE_MUCH)
        # The position of the next record may be after the header of a page, to which nothing is replayed before that.
        return str(await connection.fetchval("SELECT pg_current_wal_flush_lsn()::text"))


async def until_replayed(standby: Standby, position: str) -> None:
    async def replayed() -> bool:
        async with standby.connected() as connection:
            return bool(await connection.fetchval("SELECT pg_last_wal_replay_lsn() >= $1::text::pg_lsn", position))

    await eventually(replayed)


async def test_a_replica_of_another_server_is_not_read(
    own_cluster: Cluster, standby: Standby, postgresql_server: PostgreSQL
) -> None:
    other = Cluster(postgresql_server)
    await until_replayed(standby, await write_much(own_cluster))
    async with looked_at(other.url, standby.url) as database:
        found = state(database)
    await asyncio.to_thread(other.stop)

    assert found == {"unreachable": 1}


async def test_a_replica_that_did_not_follow_a_failover_is_not_read(postgresql_server: PostgreSQL) -> None:
    former = Cluster(postgresql_server)
    ahead, promoted = Standby(postgresql_server, former), Standby(postgresql_server, former)
    await asyncio.to_thread(promoted.stop)
    await until_replayed(ahead, await write_much(former))
    await asyncio.to_thread(former.stop)
    promoted.start()
    promoted.promote()
    async with looked_at(promoted.url, ahead.url) as database:
        found = state(database)
    for each in (ahead, promoted):
        each.stop()

    assert found == {"unreachable": 1}


async def test_a_replica_that_followed_a_failover_is_read(postgresql_server: PostgreSQL) -> None:
    former = Cluster(postgresql_server)
    replica, promoted = Standby(postgresql_server, former), Standby(postgresql_server, former)
    async with opened(former, replica.url) as database:
        assert state(database) == {"used": 1}
    await asyncio.to_thread(former.stop)
    promoted.promote()
    async with replica.connected() as connection:
        await connection.execute(f"ALTER SYSTEM SET primary_conninfo = 'host={promoted.directory} user=postgres'")
        await connection.execute("SELECT pg_reload_conf()")
    async with looked_at(promoted.url, replica.url) as database:
        await until_used(database)
        cnpj = await add(database)
        async with query(database):
            seen, of_query = await database.read(stored), await database.read(on_replica)
    for each in (replica, promoted):
        each.stop()

    assert cnpj in seen
    assert of_query
