"""A new connection is set up, whatever other connections do to the file at that moment."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event, Thread

import pytest

from db.engine.pragmas import set_pragmas

PATIENT, IMPATIENT = 60.0, 0.0


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "new.db"


@pytest.fixture
def reader(file: Path) -> Iterator[sqlite3.Connection]:
    """A connection that is reading while the file has no log yet."""
    with closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as connection:
        connection.execute("CREATE TABLE partners (id INTEGER)")
        connection.execute("BEGIN")
        connection.execute("SELECT * FROM partners").fetchall()
        yield connection


def test_a_log_is_turned_on_when_other_connections_have_finished(file: Path, reader: sqlite3.Connection) -> None:
    is_refused = Event()

    def finish() -> None:
        is_refused.wait()
        reader.execute("COMMIT")

    class Refused(sqlite3.Connection):
        def execute(self, *arguments: object) -> sqlite3.Cursor:
            try:
                return super().execute(*arguments)  # type: ignore[arg-type]  # The arguments of the driver.
            except sqlite3.OperationalError:
                is_refused.set()
                raise

    finishing = Thread(target=finish)
    finishing.start()
    with closing(sqlite3.connect(file, timeout=0, isolation_level=None, factory=Refused)) as connection:
        set_pragmas(connection, ["journal_mode = WAL"], seconds=PATIENT)
        finishing.join()

        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_lock_that_stays_is_told_in_the_end(file: Path, reader: sqlite3.Connection) -> None:
    assert reader.in_transaction
    with (
        closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as connection,
        pytest.raises(sqlite3.OperationalError, match="locked"),
    ):
        set_pragmas(connection, ["journal_mode = WAL"], seconds=IMPATIENT)


def test_what_is_no_lock_is_not_tried_again(file: Path) -> None:
    with (
        closing(sqlite3.connect(file)) as connection,
        pytest.raises(sqlite3.OperationalError, match="syntax error"),
    ):
        set_pragmas(connection, ["journal_mode = = WAL"], seconds=PATIENT)
