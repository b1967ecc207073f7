"""A SQLite file that is full, damaged, read-only, busy or gone is UNAVAILABLE, and used again when it is well."""

import asyncio
import logging
import shutil
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from db.engine import Connection, Database, Transaction, availability, sqlite_engine
from db.engine.filters import one_row, value
from db.engine.statement import Statement
from db.tables import partners
from domain.errors import NotChanged, OutcomeUnknown, Unavailable
from tests import cnpjs
from tests.databases import Databases
from tests.disks import no_longer_files, read_only
from tests.factories import add_bare_partner
from tests.units import execute, fetch_values

Act = Callable[[Database, str], Awaitable[object]]

LONG = "A" * 100_000


async def names(connection: Connection, cnpj: str) -> list[str]:
    return list(await fetch_values(connection, sa.select(partners.c.name).where(partners.c.cnpj == cnpj)))


async def query(database: Database, cnpj: str) -> list[str]:
    return await database.read(lambda connection: names(connection, cnpj))


_BOUNDED: Statement[str] = Statement(
    sa.select(partners.c.name).where(partners.c.cnpj == sa.bindparam("cnpj")), value, reads=one_row
)


async def read_inline(database: Database, cnpj: str) -> list[str]:
    return list(await database.read(lambda connection: connection.fetch(_BOUNDED, {"cnpj": cnpj})))


async def transact(database: Database, cnpj: str) -> None:
    await database.write(lambda tx: add_bare_partner(tx, cnpj))


READS = [query, read_inline]
WRITES = [transact]


@pytest.fixture
def file(databases: Databases, tmp_path: Path) -> Path:
    """A migrated file of this test's own."""
    file = tmp_path / "folder" / "portal.db"
    file.parent.mkdir()
    shutil.move(databases.migrated("sqlite").removeprefix("sqlite+aiosqlite:///"), file)
    return file


@pytest.fixture
async def database(file: Path) -> AsyncIterator[Database]:
    """The file, opened by each way of reading and writing."""
    database = Database(f"sqlite+aiosqlite:///{file}")
    for way in (*READS, *WRITES):
        await way(database, cnpjs.another())
    yield database
    await database.close()


async def test_a_full_disk_changes_nothing_and_is_left_behind(database: Database) -> None:
    async def limit(tx: Transaction, pages: int) -> None:
        await execute(tx, sa.text(f"PRAGMA max_page_count = {pages}"))

    short, long = cnpjs.another(), cnpjs.another()
    await database.write(lambda tx: limit(tx, 1))
    outcomes = await asyncio.gather(
        database.write(lambda tx: add_bare_partner(tx, short)),
        database.write(lambda tx: add_bare_partner(tx, long, LONG)),
        return_exceptions=True,
    )
    with pytest.raises(Unavailable, match="Nothing was changed"):
        await database.write(lambda tx: add_bare_partner(tx, long, LONG))

    await database.write(lambda tx: limit(tx, 1_000_000))
    await database.write(lambda tx: add_bare_partner(tx, long, LONG))

    assert [type(outcome) for outcome in outcomes] == [type(None), NotChanged]
    assert (await query(database, short), await query(database, long)) == (["Alfa"], [LONG])


@pytest.mark.parametrize("way", WRITES)
async def test_a_disk_that_fails_during_the_commit_leaves_its_outcome_unknown(
    database: Database, file: Path, way: Act
) -> None:
    cnpj = cnpjs.another()
    wal = file.with_name("portal.db-wal")

    with no_longer_files(wal.stat().st_size):
        with pytest.raises(OutcomeUnknown):
            await way(database, cnpj)
        writable_then = await succeeds(database.can_write())

    assert not writable_then
    assert await query(database, cnpj) == []
    assert await database.can_write()
    await way(database, cnpj)
    assert await query(database, cnpj) == ["Alfa"]


async def test_units_whose_common_commit_may_have_succeeded_do_not_run_again(database: Database, file: Path) -> None:
    runs: list[str] = []

    async def noted(tx: Transaction, cnpj: str) -> None:
        runs.append(cnpj)
        await add_bare_partner(tx, cnpj)

    async def refused(tx: Transaction, cnpj: str) -> None:
        runs.append(cnpj)
        await add_bare_partner(tx, cnpj)
        raise LookupError(cnpj)

    wanted = [cnpjs.another() for _ in range(3)]
    with no_longer_files(file.with_name("portal.db-wal").stat().st_size):
        outcomes = await asyncio.gather(
            database.write(lambda tx: noted(tx, wanted[0])),
            database.write(lambda tx: refused(tx, wanted[1])),
            database.write(lambda tx: noted(tx, wanted[2])),
            return_exceptions=True,
        )

    assert [type(outcome) for outcome in outcomes] == [OutcomeUnknown, NotChanged, OutcomeUnknown]
    assert runs == wanted
    assert [await query(database, cnpj) for cnpj in wanted] == [[], [], []]


async def succeeds(doing: Awaitable[object]) -> bool:
    try:
        return bool(await doing)
    except Unavailable:
        return False


@pytest.mark.parametrize("garbage", [b"no database", b"SQLite format 3\0"])
async def test_a_damaged_file_is_unavailable_until_a_backup_is_in_its_place(
    database: Database, file: Path, garbage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    backup = file.with_name("backup.db")
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(backup)) as target:
        source.backup(target)
        source.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    damage(file, garbage)
    for way in (*READS, *WRITES):
        with caplog.at_level(logging.ERROR), pytest.raises(Unavailable):
            await way(database, cnpjs.another())
    remove(file)
    shutil.move(backup, file)

    assert "is damaged: restore a backup, and run portal doctor" in caplog.text
    for way in (*READS, *WRITES):
        await way(database, cnpjs.another())


async def test_a_file_is_used_again_once_its_damage_is_repaired_in_place(file: Path) -> None:
    backup = file.with_name("backup.db")
    shutil.copy(file, backup)
    with file.open("r+b") as opened:
        opened.write(b"\xff" * 8192)
    database = Database(f"sqlite+aiosqlite:///{file}")

    for way in (*READS, *WRITES):
        with pytest.raises(Unavailable):
            await way(database, cnpjs.another())
    shutil.copyfile(backup, file)

    for way in (*READS, *WRITES):
        await way(database, cnpjs.another())
    await database.close()


def damage(file: Path, garbage: bytes) -> None:
    """Put another file in the place of the file, as a disk or a restore that went wrong may do."""
    size = file.stat().st_size
    remove(file)
    file.write_bytes(garbage + b"\xff" * (size - len(garbage)))


def remove(file: Path) -> None:
    for each in file.parent.glob("portal.db*"):
        each.unlink()


async def test_a_removed_file_is_unavailable_and_no_empty_one_is_made(
    database: Database, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cnpj = cnpjs.another()
    await transact(database, cnpj)
    moved = file.parent.rename(file.parent.with_name("elsewhere"))

    for way in (*READS, *WRITES):
        with caplog.at_level(logging.ERROR), pytest.raises(Unavailable):
            await way(database, cnpjs.another())
    made = file.parent.exists()
    moved.rename(file.parent)

    assert not made
    assert "can't be opened: check that it exists" in caplog.text
    for way in (*READS, *WRITES):
        await way(database, cnpjs.another())
    assert await query(database, cnpj) == ["Alfa"]


@pytest.mark.parametrize("way", WRITES)
async def test_writes_after_a_file_was_replaced_are_in_the_new_one(database: Database, file: Path, way: Act) -> None:
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(file.with_name("new.db"))) as target:
        source.backup(target)
    remove(file)
    file.with_name("new.db").rename(file)

    cnpj = cnpjs.another()
    await way(database, cnpj)

    with closing(sqlite3.connect(file)) as other:
        assert other.execute("SELECT name FROM partners WHERE cnpj = ?", [cnpj]).fetchall() == [("Alfa",)]


@pytest.mark.parametrize("way", WRITES)
async def test_a_read_only_file_takes_no_writes_until_it_is_writable(file: Path, way: Act) -> None:
    database = Database(f"sqlite+aiosqlite:///{file}")
    kept = sqlite3.connect(file)
    kept.execute("SELECT count(*) FROM partners").fetchall()

    with read_only(file):
        writable = await database.can_write()
        with pytest.raises(Unavailable, match="Nothing was changed"):
            await way(database, cnpjs.another())

    assert not writable
    assert await database.can_write()
    await way(database, cnpjs.another())
    kept.close()
    await database.close()


@pytest.mark.parametrize("way", WRITES)
async def test_a_file_that_another_process_keeps_locked_is_unavailable(
    file: Path, way: Act, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sqlite_engine, "BUSY_TIMEOUT_SECONDS", 0.05)
    database = Database(f"sqlite+aiosqlite:///{file}")

    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with caplog.at_level(logging.ERROR), pytest.raises(Unavailable, match="Nothing was changed"):
            await way(database, cnpjs.another())

    assert "another process holds the lock" in caplog.text
    await way(database, cnpjs.another())
    await database.close()


async def test_failures_are_counted_between_two_lines_of_the_log(
    database: Database, file: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = file.parent.rename(file.parent.with_name("elsewhere"))

    with caplog.at_level(logging.WARNING):
        await asyncio.gather(*(transact(database, cnpjs.another()) for _ in range(20)), return_exceptions=True)
        monkeypatch.setattr(availability, "monotonic", lambda: float("inf"))
        await asyncio.gather(transact(database, cnpjs.another()), return_exceptions=True)
    shutil.rmtree(moved)

    first, second = [record.getMessage() for record in caplog.records]
    assert first.endswith("and its permissions (SQLITE_CANTOPEN)")
    assert second.endswith("(SQLITE_CANTOPEN); 19 more since the last such line")
