"""Copies of a SQLite file that others may write meanwhile, or that is read-only."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from db.engine import backups
from tests.disks import read_only

_ROWS = 400


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A database with the same value in each row of many pages, without a log."""
    file = tmp_path / "portal.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as made:
        made.execute("PRAGMA journal_mode = WAL")
        made.execute("CREATE TABLE rows (value INTEGER, filling TEXT)")
        made.executemany("INSERT INTO rows VALUES (0, ?)", [("x" * 1000,)] * _ROWS)
    assert [each.name for each in tmp_path.iterdir()] == ["portal.db"]
    return file


@pytest.fixture
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty file in a folder of its own, both of which any user may write."""
    copied = tmp_path_factory.mktemp("copy") / "copy.db"
    copied.touch()
    copied.chmod(0o666)
    copied.parent.chmod(0o777)
    return copied


def change(connection: sqlite3.Connection) -> None:
    """Change the value of each row, without a commit."""
    connection.execute("BEGIN")
    connection.execute("UPDATE rows SET value = value + 1")


def values(file: Path) -> set[int]:
    with closing(sqlite3.connect(file)) as read:
        return {value for (value,) in read.execute("SELECT DISTINCT value FROM rows")}


def during_copies(monkeypatch: pytest.MonkeyPatch, call: Callable[[], object]) -> None:
    """Call the function once, after the first pages of a copy."""

    class Slow(sqlite3.Connection):
        def backup(self, target: sqlite3.Connection, **_: object) -> None:
            calls = iter([call])
            super().backup(target, pages=50, progress=lambda *_: next(calls, lambda: None)())

    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Slow))


def test_a_server_that_starts_during_a_copy_does_not_tear_it(
    file: Path, copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def serve() -> None:
        with closing(sqlite3.Connection(str(file), isolation_level=None)) as server:
            change(server)
            server.execute("COMMIT")
            server.execute("PRAGMA wal_checkpoint(PASSIVE)")

    during_copies(monkeypatch, serve)

    backups.copy(file, copied)

    assert values(copied) in ({0}, {1})


def test_a_file_on_a_read_only_disk_is_copied(file: Path, copied: Path) -> None:
    with read_only(file):
        backups.copy(file, copied)

    assert values(copied) == {0}


def test_an_unfinished_transaction_is_not_copied_from_a_read_only_disk(file: Path, copied: Path) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as crashed:
        crashed.execute("PRAGMA journal_mode = DELETE")
        # Changed pages are written before the commit.
        crashed.execute("PRAGMA cache_size = 1")
        change(crashed)
        torn, journal = file.read_bytes(), file.with_name("portal.db-journal").read_bytes()
    file.write_bytes(torn)
    file.with_name("portal.db-journal").write_bytes(journal)

    with read_only(file), pytest.raises(sqlite3.OperationalError):
        backups.copy(file, copied)
    backups.copy(file, copied)

    assert values(copied) == {0}
