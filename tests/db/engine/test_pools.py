"""Connections to PostgreSQL are kept, asked nothing in advance, and replaced when they turn out to be lost."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, suppress
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from db.engine import Connection, Database, Transaction, hosts
from db.engine.alarms import Alarm, Alarms
from db.engine.availability import Availability
from db.engine.deadline import Deadline, current
from db.engine.pool_sizes import PoolSizes
from db.engine.pools import Pool
from db.engine.postgres_connection import PostgresConnection, run_alone, run_once
from db.engine.statement import Statement
from db.engine.trials import Trial
from db.tables import partners
from domain.deadlines import CallerGone, ReadTimedOut
from domain.errors import NotChanged
from tests import cnpjs
from tests.clusters import Cluster
from tests.eventually import eventually, settled
from tests.factories import add_bare_partner
from tests.units import compiled, fetch_value

NAMES: Statement[str] = Statement(sa.select(partners.c.name).where(partners.c.cnpj == sa.bindparam("wanted")), str)
PID: Statement[int] = Statement(sa.select(sa.func.pg_backend_pid()), int)
JIT = sa.select(sa.func.current_setting("jit"))
ENDLESS: Statement[str] = Statement(sa.select(sa.cast(sa.func.pg_sleep(600), sa.Text)), str)


async def names(connection: Connection, cnpj: str) -> list[str]:
    return list(await connection.fetch(NAMES, {"wanted": cnpj}))


def driver_of(connection: Connection) -> Any:  # noqa: ANN401 — the driver has no types.
    assert isinstance(connection, PostgresConnection)
    return connection._driver  # noqa: SLF001 — nothing else knows the driver's connection.


def cut(driver: Any) -> None:  # noqa: ANN401 — the driver has no types.
    """Cut a connection, which the driver finds out when it sends something."""
    driver._transport.get_extra_info("socket").shutdown(socket.SHUT_RDWR)  # noqa: SLF001 — nothing else has the socket.


@pytest.fixture
async def database(cluster: Cluster) -> AsyncIterator[Database]:
    database = Database(cluster.url, seconds=60)
    yield database
    await database.close()


async def cut_next(run: Callable[..., Awaitable[Any]], **how: bool) -> None:
    """Cut the connection that the pool lends next."""

    async def find(connection: Connection) -> Any:  # noqa: ANN401 — the driver has no types.
        await connection.fetch(PID)
        return driver_of(connection)

    cut(await run(find, **how))


@pytest.mark.parametrize(("alone", "sent"), [(True, 1), (False, 3)])
async def test_a_statement_that_is_read_alone_is_all_that_is_sent(
    database: Database, *, alone: bool, sent: int
) -> None:
    queries: list[str] = []

    async def watch(connection: Connection) -> None:
        driver_of(connection).add_query_logger(lambda record: queries.append(record.query))
        await names(connection, "")

    await database.read(watch, alone=True)
    await asyncio.sleep(0)
    queries.clear()

    await database.read(partial(names, cnpj=""), alone=alone)
    # The driver calls its loggers in the next iteration.
    await asyncio.sleep(0)

    assert len(queries) == sent


async def test_connections_are_kept_however_many_callers_there_are(database: Database) -> None:
    async def pid(connection: Connection) -> int:
        return next(iter(await connection.fetch(PID)))

    seen = [set(await asyncio.gather(*(database.read(pid, alone=True) for _ in range(16)))) for _ in range(20)]

    assert len(set.union(*seen)) <= 8


async def test_no_session_compiles_its_statements(database: Database) -> None:
    found = [await database.read(partial(fetch_value, expression=JIT)) for _ in range(2)]
    found += [await database.read(partial(fetch_value, expression=JIT), alone=True)]
    found += [await database.write(partial(fetch_value, expression=JIT))]

    assert found == ["off"] * 4


@pytest.mark.parametrize("alone", [True, False])
async def test_a_read_on_a_lost_connection_runs_once_more(database: Database, *, alone: bool) -> None:
    await cut_next(database.read, alone=True)

    assert await database.read(partial(names, cnpj=""), alone=alone) == []


async def test_a_write_on_a_lost_connection_is_made_on_another_one(database: Database) -> None:
    cnpj = cnpjs.another()
    await cut_next(database.write)

    await database.write(partial(add_bare_partner, cnpj=cnpj))

    assert await database.read(partial(names, cnpj=cnpj)) == ["Alfa"]


async def test_a_write_whose_connection_is_lost_later_does_not_run_again(database: Database) -> None:
    runs = 0

    async def write(tx: Transaction) -> None:
        nonlocal runs
        runs += 1
        await add_bare_partner(tx, cnpjs.another())
        cut(driver_of(tx))
        await names(tx, "")

    await database.write(partial(add_bare_partner, cnpj=cnpjs.another()))
    with pytest.raises(NotChanged):
        await database.write(write)

    assert runs == 1


async def test_a_statement_alone_ends_at_the_deadline_and_its_connection_is_kept(database: Database) -> None:
    async def late() -> None:
        current.set(Deadline(0.2))
        await database.read(lambda connection: connection.fetch(ENDLESS), alone=True)

    async def pid(connection: Connection) -> int:
        return next(iter(await connection.fetch(PID)))

    before = await database.read(pid, alone=True)
    with pytest.raises(ReadTimedOut):
        await asyncio.create_task(late())
    await eventually(partial(_nothing_is_in_use, database))

    assert await database.read(pid, alone=True) == before


async def test_a_statement_alone_ends_when_its_caller_goes_away(database: Database) -> None:
    until, begun = Deadline(60), asyncio.Event()

    async def read(connection: Connection) -> None:
        begun.set()
        await connection.fetch(ENDLESS)

    async def ask() -> None:
        current.set(until)
        await database.read(read, alone=True)

    asking = asyncio.create_task(ask())
    await begun.wait()
    until.abandon()

    with pytest.raises(CallerGone):
        await asking
    await eventually(partial(_nothing_is_in_use, database))


async def test_no_statement_is_sent_for_a_caller_that_goes_at_its_turn(cluster: Cluster) -> None:
    until, begun, ended = Deadline(60), asyncio.Event(), asyncio.Event()
    database = Database(cluster.url, sizes=PoolSizes(reading=2))
    sent: list[str] = []
    database.observers.append(sent.append)

    async def hold(_: Connection) -> None:
        begun.set()
        await ended.wait()

    async def before() -> None:
        current.set(Deadline(60))
        await database.read(hold, alone=True)
        # In this iteration of the event loop, the place was given to the read that waits.
        until.abandon()

    async def ask() -> None:
        current.set(until)
        await database.read(lambda connection: connection.fetch(PID), alone=True)

    holding = asyncio.create_task(before())
    await begun.wait()
    asking = asyncio.create_task(ask())
    await settled()
    assert database.reads_waiting == 1
    ended.set()

    with pytest.raises(CallerGone):
        await asking
    await holding
    assert sent == []
    assert database.stopped["gone"] == 1
    await database.close()


async def test_a_unit_without_a_transaction_can_not_write(database: Database) -> None:
    with pytest.raises(TypeError, match="nothing but SELECT"):
        await database.read(lambda connection: add_bare_partner(connection, cnpjs.another()), alone=True)

    # Rows that refer to a partner of another test are an error too.
    with suppress(TypeError, DBAPIError):
        await database.read(
            lambda connection: connection.execute(compiled(sa.text("DELETE FROM partners"))), alone=True
        )
    assert database.usage() == (0, 0)


async def test_a_read_alone_of_a_locked_table_waits_in_a_transaction(cluster: Cluster, database: Database) -> None:
    documents: Statement[int] = Statement(sa.select(sa.func.count()).select_from(sa.table("trusted_documents")), int)
    async with cluster.connected() as other, cluster.connected() as watcher:
        # Those of other tests.
        there = await watcher.fetchval("SELECT count(*) FROM trusted_documents")
        async with other.transaction():
            await other.execute("LOCK TABLE trusted_documents IN ACCESS EXCLUSIVE MODE")
            reading = asyncio.create_task(database.read(lambda connection: connection.fetch(documents), alone=True))

            async def waits_patiently() -> bool:
                return bool(
                    await watcher.fetchval(
                        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND backend_xid IS NULL "
                        "AND xact_start < query_start AND datname = current_database()"
                    )
                )

            await eventually(waits_patiently)
        assert list(await reading) == [there]


@pytest.fixture
async def pool(cluster: Cluster) -> AsyncIterator[Pool]:
    """A pool of one connection."""
    url = hosts.parsed(cluster.url)
    pool = Pool(url, Availability(url), connections=1)
    yield pool
    await pool.close()


@pytest.mark.parametrize("is_refused", [True, False])
async def test_a_unit_that_is_cancelled_in_its_rollback_gives_its_place_back(
    cluster: Cluster, pool: Pool, *, is_refused: bool
) -> None:
    begun, never = asyncio.Event(), asyncio.Event()

    with ExitStack() as stack:

        async def work(_: Transaction) -> None:
            stack.enter_context(cluster.frozen())
            begun.set()
            if is_refused:
                raise LookupError
            await never.wait()

        unit = asyncio.create_task(run_once(pool, work, [], Trial(None, read_only=False)))
        await begun.wait()
        for _ in range(2):
            unit.cancel()
            await settled()
        with pytest.raises(asyncio.CancelledError):
            await unit
        await eventually(partial(_is_free, pool))

    pool.give_back(await pool.lend())


async def test_a_unit_that_is_cancelled_in_its_commit_waits_for_no_answer(cluster: Cluster, pool: Pool) -> None:
    begun = asyncio.Event()

    with ExitStack() as stack:

        async def work(_: Transaction) -> None:
            stack.enter_context(cluster.frozen())
            begun.set()

        unit = asyncio.create_task(run_once(pool, work, [], Trial(None, read_only=False)))
        await begun.wait()
        unit.cancel()
        await settled()

        assert unit.cancelled()
        await eventually(partial(_is_free, pool))


async def test_units_get_the_connection_in_their_order(pool: Pool) -> None:
    session, served = await pool.lend(), list[int]()

    async def unit(number: int) -> None:
        lent = await pool.lend()
        served.append(number)
        await asyncio.sleep(0)
        pool.give_back(lent)

    units = [asyncio.create_task(unit(number)) for number in range(5)]
    await settled()
    assert (served, pool.lend_kept()) == ([], None)
    pool.give_back(session)
    await asyncio.gather(*units)

    assert served == [0, 1, 2, 3, 4]
    assert pool.lend_kept() is session
    pool.give_back(session)


@pytest.mark.parametrize("is_late", [True, False])
async def test_a_unit_that_is_cancelled_leaves_its_turn_to_the_next(pool: Pool, *, is_late: bool) -> None:
    session = await pool.lend()
    cancelled, patient = (asyncio.create_task(pool.lend()) for _ in range(2))
    await settled()

    if is_late:
        # Its turn has come, and it has not run since.
        pool.give_back(session)
        cancelled.cancel()
    else:
        cancelled.cancel()
        pool.give_back(session)

    assert await patient is session
    assert cancelled.cancelled()
    pool.give_back(session)
    assert await pool.lend() is session
    pool.give_back(session)


async def test_a_connection_that_is_returned_to_a_closed_pool_is_closed(pool: Pool) -> None:
    session, ended = await pool.lend(), asyncio.Event()
    session.driver.add_termination_listener(lambda _: ended.set())
    await pool.close()

    pool.give_back(session)

    await ended.wait()


@pytest.mark.parametrize("given_up", ["read", "begin", "rollback"])
async def test_a_server_that_does_not_answer_costs_one_unit_its_deadline(cluster: Cluster, given_up: str) -> None:
    url = hosts.parsed(cluster.url)
    pool = Pool(url, Availability(url), connections=3)
    for session in [await pool.lend() for _ in range(3)]:
        pool.give_back(session)

    with ExitStack() as stack:

        async def refuse(_: Transaction) -> None:
            stack.enter_context(cluster.frozen())
            raise LookupError

        if given_up == "rollback":
            with pytest.raises(LookupError):
                await run_once(pool, refuse, [], Trial(None, read_only=False))
        else:
            stack.enter_context(cluster.frozen())
            read = partial(names, cnpj="")
            if given_up == "read":
                unit = asyncio.ensure_future(run_alone(pool, read, [], Alarm(Alarms(), Deadline(60))))
            else:
                unit = asyncio.ensure_future(run_once(pool, read, [], Trial(None, read_only=True)))
            await settled()
            unit.cancel()
        await eventually(partial(_is_free, pool))

    session = await pool.lend()
    assert session.is_new
    pool.give_back(session)
    await pool.close()


async def _nothing_is_in_use(database: Database) -> bool:
    return database.usage() == (0, 0)


async def _is_free(pool: Pool) -> bool:
    return pool.lent == 0
