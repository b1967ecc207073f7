"""Files of SQLite that are removed, replaced or overwritten under open connections lose no commit silently."""

import logging
import os
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from db.engine import Connection, Database, Pending, Transaction, files
from db.engine.filters import one_row, value
from db.engine.statement import Statement
from db.tables import partners
from domain.errors import OutcomeUnknown, Unavailable
from tests import cnpjs
from tests.databases import Databases
from tests.factories import add_bare_partner
from tests.units import fetch_values

Damage = Callable[[Path], object]

LOG = ["-wal", "-shm"]


async def add(database: Database) -> str:
    """Write in a unit of work."""
    cnpj = cnpjs.another()

    async def work(tx: Transaction) -> None:
        await add_bare_partner(tx, cnpj)

    await database.write(work)
    return cnpj


async def select(connection: Connection) -> set[str]:
    return set(await fetch_values(connection, sa.select(partners.c.cnpj)))


async def select_inline(connection: Connection) -> set[str]:
    return set(await connection.fetch(_BOUNDED))


_BOUNDED: Statement[str] = Statement(sa.select(partners.c.cnpj), value, reads=one_row)


async def stored(database: Database) -> list[set[str]]:
    """Return what each way of reading finds."""
    return [await database.read(select), await database.read(select_inline)]


def stored_in(file: Path) -> set[str]:
    with closing(sqlite3.connect(file)) as other:
        return {cnpj for (cnpj,) in other.execute("SELECT cnpj FROM partners")}


def remove(file: Path, suffixes: list[str]) -> None:
    for suffix in suffixes:
        file.with_name(f"{file.name}{suffix}").unlink()


def overwrite(file: Path) -> None:
    shutil.copyfile(file.with_name("backup.db"), file)


def truncate(file: Path) -> None:
    os.truncate(file, 0)


@pytest.fixture(autouse=True)
def always_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at the files at each unit of work, as a server does after a second."""
    monkeypatch.setattr(files, "_LOOKED_AGAIN_AFTER_SECONDS", 0)


@pytest.fixture
def file(databases: Databases, tmp_path: Path) -> Path:
    """A migrated file of this test's own, and a backup of it."""
    file = tmp_path / "portal.db"
    shutil.move(databases.migrated("sqlite").removeprefix("sqlite+aiosqlite:///"), file)
    shutil.copyfile(file, tmp_path / "backup.db")
    return file


@pytest.fixture
async def database(file: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite+aiosqlite:///{file}")
    await add(database)
    await stored(database)
    yield database
    await database.close()


@pytest.mark.parametrize("suffixes", [["-wal"], ["-shm"], LOG])
async def test_a_log_that_is_removed_loses_no_commit(
    database: Database,
    file: Path,
    suffixes: list[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    before = await add(database)

    remove(file, suffixes)
    with caplog.at_level(logging.WARNING):
        after = await add(database)

    assert "was removed while the server had it open; all commits were saved" in caplog.text
    assert all({before, after} <= found for found in await stored(database))
    assert {before, after} <= stored_in(file)
    await database.close()
    assert {before, after} <= stored_in(file)


async def test_a_file_that_is_renamed_keeps_what_was_committed_to_it(database: Database, file: Path) -> None:
    before, renamed = await add(database), file.with_name("renamed.db")

    shutil.move(file, renamed)
    shutil.copyfile(file.with_name("backup.db"), file)
    after = await add(database)

    assert before in stored_in(renamed)
    assert stored_in(file) == {after}


@pytest.mark.parametrize("suffixes", [["-wal"], ["-shm"], LOG])
async def test_a_removed_log_is_noticed_by_a_read(database: Database, file: Path, suffixes: list[str]) -> None:
    before = await add(database)

    remove(file, suffixes)
    found = await database.read(select)

    assert before in found
    assert before in stored_in(file)


async def test_a_removed_log_that_a_read_in_place_notices_is_made_again(database: Database, file: Path) -> None:
    before = await add(database)

    remove(file, LOG)

    assert before in await database.read(select_inline)
    assert not isinstance(database.read_now(select_inline), Pending)


@pytest.mark.parametrize("suffixes", [["-wal"], ["-shm"], LOG])
async def test_two_processes_whose_log_is_removed_keep_the_commits_of_both(
    database: Database, file: Path, suffixes: list[str]
) -> None:
    other = Database(f"sqlite+aiosqlite:///{file}")
    before = {await add(database), await add(other)}

    remove(file, suffixes)
    after = {await add(database), await add(other), await add(database), await add(other)}

    assert before | after <= stored_in(file)
    await other.close()
    await database.close()
    assert before | after <= stored_in(file)


@pytest.mark.parametrize("damage", [overwrite, truncate])
async def test_an_overwritten_file_is_unavailable_until_another_is_in_its_place(
    database: Database, file: Path, damage: Damage, caplog: pytest.LogCaptureFixture
) -> None:
    await add(database)

    damage(file)
    for unit in (database.write(select), database.read(select), database.read(select_inline)):
        with caplog.at_level(logging.ERROR), pytest.raises(Unavailable):
            await unit
    shutil.copyfile(file.with_name("backup.db"), file.with_name("new.db"))
    file.with_name("new.db").rename(file)
    after = await add(database)

    assert "was overwritten while the server had it open" in caplog.text
    assert "stop every server of it, restore a backup" in caplog.text
    assert await stored(database) == [{after}] * 2
    await database.close()
    assert stored_in(file) == {after}


async def test_checkpoints_of_any_process_are_not_taken_for_an_overwritten_file(database: Database, file: Path) -> None:
    with closing(sqlite3.connect(file)) as other:
        for mode in ("PASSIVE", "FULL", "RESTART", "TRUNCATE") * 3:
            await add(database)
            other.execute("UPDATE partners SET name = name || 'a'")
            other.commit()
            other.execute(f"PRAGMA wal_checkpoint({mode})")
            await stored(database)


async def test_a_file_that_is_replaced_keeps_no_log_of_the_former_one(
    database: Database, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before = await add(database)

    remove(file, [""])
    with pytest.raises(Unavailable):
        await add(database)
    shutil.copyfile(file.with_name("backup.db"), file)
    with caplog.at_level(logging.WARNING):
        after = await add(database)

    assert "another database file is at" in caplog.text
    assert await stored(database) == [{after}] * 2
    assert before not in stored_in(file)


@pytest.mark.parametrize("is_replaced", [False, True])
async def test_a_commit_to_a_file_that_was_just_moved_is_not_acknowledged(
    database: Database, file: Path, *, is_replaced: bool
) -> None:
    moved, cnpj = file.with_name("moved.db"), cnpjs.another()

    async def work(tx: Transaction) -> None:
        await add_bare_partner(tx, cnpj)
        shutil.move(file, moved)
        if is_replaced:
            shutil.copyfile(file.with_name("backup.db"), file)

    with pytest.raises(OutcomeUnknown):
        await database.write(work)
    shutil.move(moved, file)

    assert all(cnpj in found for found in await stored(database))


async def test_a_commit_after_which_its_folder_cannot_be_read_is_not_acknowledged(
    database: Database, file: Path
) -> None:
    moved, cnpj = file.parent.with_name("moved"), cnpjs.another()

    async def work(tx: Transaction) -> None:
        await add_bare_partner(tx, cnpj)
        shutil.move(file.parent, moved)
        file.parent.write_text("No folder.")

    with pytest.raises(OutcomeUnknown):
        await database.write(work)
    file.parent.unlink()
    shutil.move(moved, file.parent)

    assert all(cnpj in found for found in await stored(database))


def other_program(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE notes (text TEXT)")


def former_version(path: Path) -> None:
    shutil.copyfile(path.with_name("backup.db"), path)
    with closing(sqlite3.connect(path)) as other:
        other.execute("DROP TABLE webhooks")


@pytest.mark.parametrize("other", [other_program, former_version])
async def test_a_file_with_other_tables_is_unavailable_until_the_former_is_back(
    database: Database, file: Path, other: Damage, caplog: pytest.LogCaptureFixture
) -> None:
    before, moved = await add(database), file.with_name("moved.db")
    other(file.with_name("other.db"))

    shutil.move(file, moved)
    shutil.move(file.with_name("other.db"), file)
    for unit in (database.write(select), database.read(select), database.read(select_inline)):
        with caplog.at_level(logging.ERROR), pytest.raises(Unavailable):
            await unit
    shutil.move(moved, file)
    after = await add(database)

    assert "another database is at" in caplog.text
    assert all({before, after} <= found for found in await stored(database))
    await database.close()
    assert {before, after} <= stored_in(file)
