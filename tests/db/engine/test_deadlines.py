"""The work of a request ends at its deadline, in the database too, and so do locks and connections."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager, closing
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from db.engine import Connection, Database, Transaction, trials
from db.engine.connection import Work
from db.engine.deadline import Deadline, current, key_of_caller, limited
from db.tables import partners
from domain.deadlines import CallerGone, ChangeTimedOut, ReadTimedOut, TimedOut
from domain.errors import OutcomeUnknown
from tests import cnpjs
from tests.clusters import Cluster
from tests.databases import Databases
from tests.db.engine.partners import call_for
from tests.eventually import eventually
from tests.factories import add_bare_partner
from tests.units import compiled, execute, fetch_values

SHORT, LONG = 0.3, 60.0

ENDLESS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
    "postgresql": "SELECT pg_sleep(600)::text",
}


@asynccontextmanager
async def opened(url: str, *, seconds: float | None = None) -> AsyncIterator[Database]:
    database = Database(url, seconds=seconds)
    try:
        yield database
    finally:
        await database.close()


@pytest.fixture
def url(databases: Databases, engine: str) -> str:
    return databases.migrated(engine)


def endless(database: Database) -> Callable[[Connection], Awaitable[None]]:
    statement = compiled(sa.text(ENDLESS[database.url.get_backend_name()]))

    async def work(connection: Connection) -> None:
        await connection.fetch(statement)

    return work


async def names(connection: Connection, cnpj: str) -> list[str]:
    return list(await fetch_values(connection, sa.select(partners.c.name).where(partners.c.cnpj == cnpj)))


async def add(database: Database, cnpj: str) -> None:
    await database.write(partial(add_bare_partner, cnpj=cnpj))


async def rows(database: Database, cnpj: str) -> list[str]:
    """Return the partners' names, however long a busy machine takes."""
    with limited(LONG):
        return await database.read(partial(names, cnpj=cnpj))


async def within(seconds: float, work: Awaitable[object]) -> Deadline:
    """Run work with a deadline, in a task of its own."""
    current.set(until := Deadline(seconds))
    await work
    return until


async def nothing_is_in_use(database: Database) -> bool:
    return database.usage() == (0, 0)


async def test_an_endless_read_ends_at_its_deadline(url: str) -> None:
    async with opened(url, seconds=SHORT) as database:
        with pytest.raises(ReadTimedOut, match="could not be read within 1 second") as caught:
            await database.read(endless(database))

        assert caught.value.extensions == {"deadlineSeconds": SHORT}
        assert await rows(database, cnpj="") == []
        await eventually(partial(nothing_is_in_use, database))


async def test_an_endless_change_ends_at_its_deadline_and_changes_nothing(url: str) -> None:
    cnpj = cnpjs.another()
    async with opened(url, seconds=SHORT) as database:

        async def change(tx: Transaction) -> None:
            await add_bare_partner(tx, cnpj)
            await endless(database)(tx)

        with pytest.raises(ChangeTimedOut, match="Nothing was changed"):
            await database.write(change)

        assert await rows(database, cnpj=cnpj) == []
        with limited(LONG):
            await add(database, cnpj)
        assert await rows(database, cnpj=cnpj) == ["Alfa"]
        await eventually(partial(nothing_is_in_use, database))


async def test_many_short_statements_end_at_the_deadline_too(url: str) -> None:
    async with opened(url, seconds=SHORT) as database:

        async def change(tx: Transaction) -> None:
            while True:
                await names(tx, "")

        with pytest.raises(ChangeTimedOut):
            await database.write(change)
        with pytest.raises(ReadTimedOut):
            await database.read(change)


async def test_a_change_at_its_deadline_takes_no_other_with_it(url: str) -> None:
    known = [cnpjs.another() for _ in range(3)]
    async with opened(url) as database:

        async def change(tx: Transaction) -> None:
            await add_bare_partner(tx, cnpjs.another())
            await endless(database)(tx)

        work = [
            within(LONG, add(database, known[0])),
            within(SHORT, database.write(change)),
            *(within(LONG, add(database, cnpj)) for cnpj in known[1:]),
        ]
        found = await asyncio.gather(*work, return_exceptions=True)

        assert [isinstance(each, ChangeTimedOut) for each in found] == [False, True, False, False]
        for cnpj in known:
            assert await database.read(partial(names, cnpj=cnpj)) == ["Alfa"]


async def test_a_read_whose_caller_goes_away_is_stopped(url: str) -> None:
    async with opened(url) as database:
        begun = asyncio.Event()
        loop = asyncio.get_running_loop()

        def observe(_statement: str) -> None:
            loop.call_soon_threadsafe(begun.set)

        database.observers.append(observe)
        until = Deadline(LONG)

        async def read() -> None:
            current.set(until)
            await database.read(endless(database))

        reading = asyncio.create_task(read())
        await begun.wait()
        until.abandon()

        with pytest.raises(CallerGone):
            await reading
        assert database.stopped == {"read": 0, "write": 0, "gone": 1}
        await eventually(partial(nothing_is_in_use, database))


async def test_a_change_whose_caller_goes_away_is_made(url: str) -> None:
    cnpj = cnpjs.another()
    async with opened(url) as database:
        until = Deadline(LONG)
        until.allow_change()

        async def change(tx: Transaction) -> None:
            until.abandon()
            await add_bare_partner(tx, cnpj)

        async def write() -> None:
            current.set(until)
            await database.write(change)

        await asyncio.create_task(write())

        assert await database.read(partial(names, cnpj=cnpj)) == ["Alfa"]


async def test_what_was_changed_can_be_read_after_the_deadline(url: str) -> None:
    async with opened(url) as database:
        until = Deadline(LONG, 0)
        until.allow_change()

        async def write_and_read() -> object:
            current.set(until)
            with pytest.raises(ChangeTimedOut):
                await add(database, cnpjs.another())
            until.note_commit(reading_seconds=LONG)
            return await database.read(partial(names, cnpj=""))

        assert await asyncio.create_task(write_and_read()) == []


@pytest.mark.parametrize(
    ("is_the_change", "outcome", "message"),
    [(True, "CHANGED", "The change was made"), (False, "UNKNOWN", "unknown whether the change was made")],
)
async def test_a_late_result_says_whether_the_change_was_made(
    url: str, *, is_the_change: bool, outcome: str, message: str
) -> None:
    async with opened(url) as database:

        async def read_after_a_commit() -> None:
            current.set(until := Deadline(SHORT, SHORT))
            until.allow_change()
            until.note_commit(reading_seconds=SHORT)
            until.changed = is_the_change
            await database.read(endless(database))

        with pytest.raises(TimedOut, match=message) as caught:
            await asyncio.create_task(read_after_a_commit())

        assert caught.value.extensions["outcome"] == outcome


@pytest.fixture
def file(databases: Databases) -> Path:
    return Path(str(sa.make_url(databases.migrated("sqlite")).database))


async def test_writes_end_at_their_deadlines_while_another_program_has_the_lock(file: Path) -> None:
    refused, patient = [cnpjs.another() for _ in range(3)], cnpjs.another()
    async with opened(f"sqlite+aiosqlite:///{file}") as database:
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            waiting = asyncio.create_task(within(LONG, add(database, patient)))
            work = [
                within(seconds, add(database, each)) for seconds, each in zip((0.2, 0.3, 0.4), refused, strict=True)
            ]

            found = await asyncio.gather(*work, return_exceptions=True)

            assert [type(each) for each in found] == [ChangeTimedOut] * 3
            assert await database.read(partial(names, cnpj=patient)) == []
            assert not waiting.done()
            other.execute("ROLLBACK")
        await waiting
        for cnpj, there in [(patient, ["Alfa"]), *((each, []) for each in refused)]:
            assert await database.read(partial(names, cnpj=cnpj)) == there
        assert database.usage() == (0, 0)


async def test_writes_that_wait_for_a_row_leave_connections_to_others(cluster: Cluster) -> None:
    locked = cnpjs.another()
    async with opened(cluster.url) as database, cluster.connected() as other:
        await add(database, locked)
        rename = sa.update(partners).where(partners.c.cnpj == locked).values(name="Beta")
        async with other.transaction():
            await other.execute("SELECT 1 FROM partners WHERE cnpj = $1 FOR UPDATE", locked)
            # More of them than there are connections.
            work = [within(8.0, database.write(lambda tx: execute(tx, rename))) for _ in range(20)]
            waiting = [asyncio.create_task(each) for each in work]

            await asyncio.gather(
                *(asyncio.create_task(within(LONG, add(database, cnpjs.another()))) for _ in range(20))
            )
            assert await database.read(partial(names, cnpj=locked)) == ["Alfa"]
            assert not any(each.done() and each.exception() is None for each in waiting)

            found = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(each) for each in found] == [ChangeTimedOut] * 20
        assert await database.read(partial(names, cnpj=locked)) == ["Alfa"]
        await eventually(partial(nothing_is_in_use, database))


async def test_reads_of_a_locked_table_end_while_others_go_on(cluster: Cluster) -> None:
    async with opened(cluster.url) as database, cluster.connected() as other:
        async with other.transaction():
            await other.execute("LOCK TABLE trusted_documents IN ACCESS EXCLUSIVE MODE")
            blocked = compiled(sa.text("SELECT count(*) FROM trusted_documents"))

            with pytest.raises(ReadTimedOut):
                await asyncio.create_task(within(SHORT, database.read(lambda connection: connection.fetch(blocked))))
            assert await database.read(partial(names, cnpj="")) == []
        await database.read(lambda connection: connection.fetch(blocked))


async def test_a_part_of_a_request_keeps_its_caller() -> None:
    until = call_for("a", LONG)

    with limited(SHORT):
        assert key_of_caller() == "a"
    current.set(until.again())

    assert key_of_caller() == "a"


async def test_reads_of_a_locked_table_leave_places_to_all_others(cluster: Cluster) -> None:
    blocked = compiled(sa.text("SELECT count(*) FROM trusted_documents"))

    async with opened(cluster.url) as database, cluster.connected() as other:

        async def read(partner: int | None, work: Work[object]) -> None:
            call_for(partner, LONG)
            await database.read(work)

        async with other.transaction():
            await other.execute("LOCK TABLE trusted_documents IN ACCESS EXCLUSIVE MODE")
            # More of them than there are connections.
            waiting = [
                asyncio.create_task(read(partner, lambda connection: connection.fetch(blocked)))
                for partner in (1, 2, None)
                for _ in range(8)
            ]
            await asyncio.gather(
                *(asyncio.create_task(read(partner, partial(names, cnpj=""))) for partner in (1, 2, 3, None))
            )
            assert not any(each.done() for each in waiting)
        await asyncio.gather(*waiting)


async def test_a_read_that_comes_too_late_closes_no_connection(cluster: Cluster) -> None:
    server = compiled(sa.text("SELECT pg_backend_pid()"))

    async def process(connection: Connection) -> object:
        return [row[0] for row in await connection.fetch(server)]

    async with opened(cluster.url) as database:
        before = await database.read(process)
        with pytest.raises(ReadTimedOut):
            await asyncio.create_task(within(0, database.read(process)))

        assert await database.read(process) == before


async def test_a_frozen_server_keeps_no_request_beyond_its_deadline(cluster: Cluster) -> None:
    async with opened(cluster.url) as database:
        # Some connections are in the pool, and others are to be opened.
        await asyncio.gather(*(database.read(partial(names, cnpj="")) for _ in range(3)))
        await add(database, cnpjs.another())
        with cluster.frozen():
            reads = [within(SHORT, database.read(partial(names, cnpj=""))) for _ in range(20)]
            writes = [within(SHORT, add(database, cnpjs.another())) for _ in range(20)]
            found = await asyncio.gather(*reads, *writes, return_exceptions=True)

        assert [type(each) for each in found] == [ReadTimedOut] * 20 + [ChangeTimedOut] * 20
        await asyncio.gather(*(add(database, cnpjs.another()) for _ in range(20)))
        await asyncio.gather(*(database.read(partial(names, cnpj="")) for _ in range(20)))
        await eventually(partial(nothing_is_in_use, database))


async def test_a_server_that_freezes_at_commit_leaves_the_outcome_unknown(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trials, "_COMMIT_SECONDS", 0.05)
    async with opened(cluster.url) as database:
        with ExitStack() as stack:

            async def freeze_before_commit(tx: Transaction) -> None:
                await add_bare_partner(tx, cnpjs.another())
                stack.enter_context(cluster.frozen())

            with pytest.raises(OutcomeUnknown):
                # A busy machine reaches the commit before the deadline.
                await asyncio.create_task(within(5 * SHORT, database.write(freeze_before_commit)))

        await add(database, cnpjs.another())
        await eventually(partial(nothing_is_in_use, database))


async def test_a_commit_that_takes_too_long_leaves_the_outcome_unknown(cluster: Cluster) -> None:
    async with opened(cluster.url) as database, cluster.connected() as other:
        await other.execute(
            "CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql "
            "AS 'BEGIN PERFORM pg_sleep(600); RETURN NULL; END'"
        )
        await other.execute(
            "CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON partners DEFERRABLE INITIALLY DEFERRED "
            "FOR EACH ROW EXECUTE FUNCTION slowly()"
        )
        try:
            with pytest.raises(OutcomeUnknown):
                await asyncio.create_task(within(SHORT, add(database, cnpjs.another())))
            # The server has to stop, and its connection is used again.
            await eventually(partial(nothing_is_in_use, database))
        finally:
            await other.execute("DROP TRIGGER slow ON partners; DROP FUNCTION slowly()")
        await add(database, cnpjs.another())


async def test_deadlines_are_counted_and_logged_once(url: str, caplog: pytest.LogCaptureFixture) -> None:
    async with opened(url, seconds=SHORT) as database:
        found = await asyncio.gather(*(database.read(endless(database)) for _ in range(2)), return_exceptions=True)

        assert all(isinstance(each, TimedOut) for each in found)
        assert database.stopped == {"read": 2, "write": 0, "gone": 0}
        (line,) = [each for each in caplog.messages if "too slow" in each]
        assert "deadline of a request" in line
