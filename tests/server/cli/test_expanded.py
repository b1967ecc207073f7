"""Commands of this version beside the tables of a newer one that servers of this version can go on with."""

import asyncio
import os
from pathlib import Path

import pytest

from db.migrations import migrate
from tests.databases import Databases
from tests.db.next_version import next_version
from tests.db.plain_sql import write
from tests.server.conftest import Command

on_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


def expanded(url: str) -> str:
    """Give a database the tables of the next version, and return its URL."""
    with next_version():
        migrate.upgrade(url)
    return url


@pytest.fixture
def beside(demo_portal: Command) -> Command:
    """`portal` of this version, with a database of the next one that has demo data."""
    expanded(os.environ["DATABASE_URL"])
    return demo_portal


def test_doctor_looks_at_nothing_that_only_the_newer_version_has(beside: Command) -> None:
    found = beside("doctor")

    assert (found.exit_code, found.stdout) == (0, "Nothing is wrong.\n"), found.output


def test_doctor_finds_what_this_version_lacks_in_newer_tables(beside: Command) -> None:
    damage = "DROP INDEX ix_clients_active_by_city", "UPDATE partners SET name_folded = '' WHERE id = 1"
    asyncio.run(write(os.environ["DATABASE_URL"], *damage))

    found = beside("doctor")

    assert found.exit_code == 1
    assert "tables: this version expects other ones: add_index ix_clients_active_by_city" in found.stdout
    assert "name_folded is not the folded name" in found.stdout
    assert "2 findings." in found.stderr


@on_sqlite
def test_a_backup_of_newer_tables_is_checked_and_restored(beside: Command, tmp_path: Path) -> None:
    asyncio.run(write(os.environ["DATABASE_URL"], "UPDATE partners SET name_folded = '' WHERE id = 1"))
    copy = tmp_path / "copy.db"

    made, restored = beside("backup", str(copy)), beside("restore", str(copy), "--replace")

    for each in (made, restored):
        assert each.exit_code == 1
        assert "name_folded is not the folded name" in each.stdout
        assert "1 finding." in each.stderr


@on_sqlite
def test_newer_tables_are_filled_from_a_file_of_this_version(
    demo_portal: Command, file: Path, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", expanded(databases.migrated("postgresql")))

    copied = demo_portal("copy-from", str(file))

    assert copied.exit_code == 0, copied.output
    assert f"rows from {file}." in copied.stdout


@on_sqlite
def test_a_file_with_newer_tables_is_copied_by_the_newer_version_only(
    beside: Command, file: Path, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", databases.migrated("postgresql"))

    copied = beside("copy-from", str(file))

    assert copied.exit_code == 1
    assert "is of a newer version of the portal; use that version. Nothing was copied." in copied.stderr
