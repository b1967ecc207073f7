"""Files that `portal backup` and `portal restore` read or replace, and the logs beside them."""

import errno
import os
import re
import shutil
import sqlite3
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from tests.db.engine.test_backups import during_copies
from tests.server.cli.other_process import using
from tests.server.cli.test_backups import names, on_sqlite, partner, rename_partner
from tests.server.conftest import Command


def killed_while_it_wrote(served: Path, name: str) -> None:
    """Leave a database as a killed server does, which has renamed a partner: the change is in the log only."""
    log = Path(f"{served}-wal")
    with closing(sqlite3.connect(served)) as server:
        server.execute("PRAGMA journal_mode = WAL")
        server.execute("PRAGMA wal_autocheckpoint = 0")
        server.execute("UPDATE partners SET name = ? WHERE id = 1", [name])
        server.commit()
        shutil.copy(served, f"{served}.kept")
        shutil.copy(log, f"{log}.kept")
    Path(f"{served}.kept").rename(served)
    Path(f"{log}.kept").rename(log)


@on_sqlite
def test_a_backup_does_not_take_the_log_of_a_replaced_file(demo_portal: Command, file: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    demo_portal("backup", "copy.db")
    killed_while_it_wrote(copy, "A trial")
    rename_partner(file, "The real one")

    made = demo_portal("backup", "copy.db", "--replace")

    assert "Made the backup copy.db." in made.output
    assert not copy.with_name("copy.db-wal").exists()
    assert partner(copy) == "The real one"


@on_sqlite
@pytest.mark.parametrize("suffix", ["-wal", "-journal"])
def test_a_log_without_its_file_is_no_part_of_a_backup(
    demo_portal: Command, file: Path, tmp_path: Path, suffix: str
) -> None:
    log = tmp_path / f"copy.db{suffix}"
    log.write_bytes(b"of another file")

    refused = demo_portal("backup", "copy.db")
    kept = log.exists()
    made = demo_portal("backup", "copy.db", "--replace")

    assert (refused.exit_code, made.exit_code) == (1, 0), made.output
    assert f"copy.db{suffix} is there without copy.db: SQLite would take it for the log of the backup" in refused.stderr
    assert kept
    assert not log.exists()
    assert partner(tmp_path / "copy.db") == partner(file)


@on_sqlite
def test_a_damaged_backup_is_replaced_with_its_log(demo_portal: Command, file: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    demo_portal("backup", "copy.db")
    killed_while_it_wrote(copy, "A trial")
    copy.write_bytes(b"damaged" * 10_000)

    made = demo_portal("backup", "copy.db", "--replace")

    assert made.exit_code == 0, made.output
    assert names(tmp_path) & {"copy.db-wal", "copy.db-shm"} == set()
    assert partner(copy) == partner(file)


@on_sqlite
def test_no_backup_removes_a_database_that_is_called_like_its_log(
    demo_portal: Command, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(file, tmp_path / "copy.db-wal")
    monkeypatch.setenv("DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path}/copy.db-wal")

    refused = demo_portal("backup", "copy.db", "--replace")

    assert "is part of the database itself" in refused.stderr
    assert partner(tmp_path / "copy.db-wal") == partner(file)


@on_sqlite
def test_a_backup_is_restored_with_its_own_log_which_is_said(demo_portal: Command, file: Path, tmp_path: Path) -> None:
    demo_portal("backup", "copy.db")
    killed_while_it_wrote(tmp_path / "copy.db", "In the log")

    restored = demo_portal("restore", "copy.db", "--replace")

    assert "It has the changes in copy.db-wal too, which were made after copy.db was copied." in restored.stdout
    assert partner(file) == "In the log"


@on_sqlite
def test_a_removed_database_is_restored_without_its_rollback_journal(demo_portal: Command, file: Path) -> None:
    before = partner(file)
    demo_portal("backup", "copy.db")
    journal = file.with_name(f"{file.name}-journal")
    with closing(sqlite3.connect(file, isolation_level=None)) as crashed:
        crashed.execute("PRAGMA journal_mode = DELETE")
        crashed.execute("PRAGMA cache_size = 1")
        crashed.execute("UPDATE partners SET name = 'Before'")
        crashed.execute("BEGIN")
        crashed.execute("UPDATE activations SET id = id")
        crashed.execute("UPDATE partners SET name = 'Later'")
        kept = journal.read_bytes()
    file.unlink()
    journal.write_bytes(kept)

    restored = demo_portal("restore", "copy.db")

    assert restored.exit_code == 0, restored.output
    assert not journal.exists()
    assert partner(file) == before


@on_sqlite
def test_no_database_is_made_beside_the_log_of_another(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "portal.db-wal"
    log.write_bytes(b"of another file")
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/portal.db")

    refused = command("migrate")

    assert refused.exit_code == 1
    assert f"{log} is there without {tmp_path}/portal.db: " in refused.stderr
    assert names(tmp_path) == {log.name}
    assert log.read_bytes() == b"of another file"


@on_sqlite
def test_a_database_in_use_is_not_replaced(demo_portal: Command, file: Path, tmp_path: Path) -> None:
    demo_portal("backup", "copy.db")
    rename_partner(tmp_path / "copy.db", "A trial")

    with using(tmp_path / "copy.db"):
        made = demo_portal("backup", "copy.db", "--replace")
    with using(file):
        restored = demo_portal("restore", "copy.db", "--replace")

    assert (made.exit_code, restored.exit_code) == (1, 1)
    assert "copy.db is in use, so no backup was made." in made.stderr
    assert "is in use, so nothing was changed." in restored.stderr
    assert partner(tmp_path / "copy.db") == "A trial" != partner(file)


@on_sqlite
def test_a_file_that_is_opened_during_a_backup_is_not_replaced(
    demo_portal: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo_portal("backup", "copy.db")
    rename_partner(tmp_path / "copy.db", "A trial")

    with ExitStack() as stack:
        during_copies(monkeypatch, lambda: stack.enter_context(using(tmp_path / "copy.db")))
        made = demo_portal("backup", "copy.db", "--replace")

    assert made.exit_code == 1
    assert "copy.db is in use, so no backup was made." in made.stderr
    assert names(tmp_path) == {"copy.db"}
    assert partner(tmp_path / "copy.db") == "A trial"


@on_sqlite
def test_a_file_that_appears_during_a_backup_is_kept(
    demo_portal: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    during_copies(monkeypatch, partial((tmp_path / "copy.db").write_text, "another's"))

    made = demo_portal("backup", "copy.db")

    assert made.exit_code == 1
    assert made.stderr == "copy.db exists. Name another file, or give --replace.\n"
    assert names(tmp_path) == {"copy.db"}
    assert (tmp_path / "copy.db").read_text() == "another's"


@on_sqlite
def test_a_database_that_appears_during_a_restoration_is_kept(
    demo_portal: Command, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo_portal("backup", "copy.db")
    file.rename(tmp_path / "moved.db")
    during_copies(monkeypatch, partial(shutil.copy, tmp_path / "moved.db", file))

    restored = demo_portal("restore", "copy.db")

    assert restored.exit_code == 1
    assert f"{file} exists. Give --replace to put the backup in its place" in restored.stderr
    assert file.read_bytes() == (tmp_path / "moved.db").read_bytes()
    assert not [each for each in names(file.parent) if file.name in each and each != file.name]


@on_sqlite
@pytest.mark.parametrize("there", [False, True])
def test_a_disk_without_hard_links_takes_backups_too(
    demo_portal: Command, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, there: bool
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", refuse)
    if there:
        during_copies(monkeypatch, partial((tmp_path / "copy.db").write_text, "another's"))

    made = demo_portal("backup", "copy.db")

    assert made.exit_code == int(there)
    assert names(tmp_path) == {"copy.db"}
    assert (tmp_path / "copy.db").read_bytes()[:9] == (b"another's" if there else file.read_bytes()[:9])


@on_sqlite
def test_a_disk_without_hard_links_keeps_the_former_database(
    demo_portal: Command, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    demo_portal("backup", "copy.db")
    rename_partner(file, "Later")
    monkeypatch.setattr(os, "link", refuse)

    restored = demo_portal("restore", "copy.db", "--replace")

    assert restored.exit_code == 0, restored.output
    former = re.search(r"The former database is (\S+Z)\. ", restored.stdout)
    assert former is not None
    assert (partner(Path(former[1])), partner(file) == "Later") == ("Later", False)


@on_sqlite
def test_a_former_database_takes_a_name_that_is_free(demo_portal: Command, file: Path, tmp_path: Path) -> None:
    demo_portal("backup", "copy.db")
    rename_partner(file, "Later")
    now = datetime.now(UTC)
    for seconds in range(120):
        name = f"{file}.{now + timedelta(seconds=seconds):%Y%m%dT%H%M%SZ}"
        Path(f"{name}-wal" if seconds % 2 else name).write_text("another's")

    restored = [demo_portal("restore", "copy.db", "--replace") for _ in range(2)]

    assert [each.exit_code for each in restored] == [0, 0], restored[1].output
    formers = [re.search(r"The former database is (\S+Z\.(\d))\. ", each.stdout) for each in restored]
    assert [found and partner(Path(found[1])) for found in formers] == ["Later", partner(tmp_path / "copy.db")]
    assert formers[0] is not None
    assert formers[0][2] == "2"
