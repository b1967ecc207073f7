"""`portal backup` and `portal restore`."""

import os
import re
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from tests.databases import Databases
from tests.disks import no_longer_files, read_only
from tests.server.conftest import Command

on_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


def rename_partner(file: Path, name: str) -> None:
    with closing(sqlite3.connect(file)) as other:
        other.execute("UPDATE partners SET name = ? WHERE id = 1", [name])
        other.commit()


def partner(file: Path) -> str:
    with closing(sqlite3.connect(file)) as other:
        return str(other.execute("SELECT name FROM partners WHERE id = 1").fetchone()[0])


def names(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir()}


@on_sqlite
def test_a_backup_is_whole_and_of_its_owner_only(demo_portal: Command, file: Path, tmp_path: Path) -> None:
    made = demo_portal("backup", "backups/portal.db")

    copy = tmp_path / "backups/portal.db"
    assert made.exit_code == 0, made.output
    assert names(copy.parent) == {"portal.db"}
    assert copy.stat().st_mode & 0o777 == 0o600
    assert partner(copy) == partner(file)


@on_sqlite
def test_a_backup_needs_no_secret_that_is_hard_to_guess(
    demo_portal: Command, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEMO", "false")
    copy = tmp_path / "copy.db"

    made, restored = demo_portal("backup", str(copy)), demo_portal("restore", str(copy), "--replace")

    assert (made.exit_code, restored.exit_code) == (0, 0), made.output + restored.output
    assert partner(file) == partner(copy)


@on_sqlite
def test_a_backup_has_what_is_in_the_log_only(demo_portal: Command, file: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(file)) as reader:
        reader.execute("PRAGMA journal_mode = WAL")
        rename_partner(file, "In the log")
        # A transaction that reads keeps the log from being copied to the file.
        reader.execute("BEGIN")
        reader.execute("SELECT 1 FROM partners").fetchall()
        demo_portal("backup", "copy.db")

    assert partner(tmp_path / "copy.db") == "In the log"


@on_sqlite
def test_a_file_is_replaced_by_a_backup_only_if_told(demo_portal: Command, file: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    copy.write_text("something")

    refused = demo_portal("backup", "copy.db")
    text = copy.read_text()
    itself = demo_portal("backup", str(file), "--replace")
    replaced = demo_portal("backup", "copy.db", "--replace")

    assert (refused.exit_code, itself.exit_code, replaced.exit_code) == (1, 1, 0)
    assert "exists. Name another file, or give --replace" in refused.stderr
    assert text == "something"
    assert partner(copy) == partner(file)


@on_sqlite
def test_a_folder_or_no_file_is_said_before_the_replacement(demo_portal: Command, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()

    refused = [demo_portal(*words) for words in (("backup", "folder"), ("restore", "folder"), ("restore", "none.db"))]

    assert [(each.exit_code, each.stderr) for each in refused] == [
        (1, "folder is a folder. Name a file.\n"),
        (1, "folder is not a file; give the path of a backup.\n"),
        (1, "none.db is not a file; give the path of a backup.\n"),
    ]


@on_sqlite
@pytest.mark.parametrize(
    "name",
    ["portal.db", "portal.db-wal", "portal.db-shm", "portal.db-journal", "portal.db-rates", "portal.db-rates-wal"],
)
def test_no_backup_takes_the_name_of_a_database_s_file(demo_portal: Command, file: Path, name: str) -> None:
    part = file.with_name(name.replace("portal.db", file.name))
    before = names(file.parent)

    made = demo_portal("backup", str(part), "--replace")
    restored = demo_portal("restore", str(part), "--replace")

    assert (made.exit_code, restored.exit_code) == (1, 1)
    assert made.stderr == f"{part} is part of the database itself. Name another file.\n"
    assert "is part of the database itself; give the path of a backup" in restored.stderr
    assert names(file.parent) - {f"{file.name}-wal", f"{file.name}-shm"} <= before


@on_sqlite
def test_no_backup_takes_the_name_of_the_secret(
    demo_portal: Command, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SECRET_KEY", raising=False)
    linked = file.with_name("linked.db")
    linked.symlink_to(file)
    monkeypatch.setenv("DATABASE_URL", f"sqlite+aiosqlite:///{linked}")

    refused = [
        demo_portal("backup", str(file.with_name(name)), "--replace")
        for name in ("secret.key", "previous.key", f"{file.name}-wal", "linked.db-wal")
    ]

    assert [each.exit_code for each in refused] == [1] * 4
    assert all("is part of the database itself" in each.stderr for each in refused)


@on_sqlite
def test_a_database_on_a_read_only_disk_is_copied(
    demo_portal: Command, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    kept = tmp_path / "kept"
    kept.mkdir()
    shutil.copy(file, kept / "portal.db")
    monkeypatch.setenv("DATABASE_URL", f"sqlite+aiosqlite:///{kept / 'portal.db'}")
    (kept / "portal.db").chmod(0o644)
    kept.chmod(0o755)

    with read_only(kept / "portal.db"):
        made = demo_portal("backup", str(folder / "copy.db"))

    assert made.exit_code == 0, made.output
    assert partner(folder / "copy.db") == partner(file)


@on_sqlite
def test_a_full_disk_leaves_no_part_of_a_backup(demo_portal: Command, file: Path, tmp_path: Path) -> None:
    with no_longer_files(file.stat().st_size // 2):
        failed = demo_portal("backup", "backups/portal.db")

    assert failed.exit_code == 1
    assert re.search(r"The disk of backups/portal.db (is full|failed)", failed.stderr)
    assert names(tmp_path / "backups") == set()


@on_sqlite
def test_a_damaged_database_is_not_taken_for_a_backup(demo_portal: Command, file: Path, tmp_path: Path) -> None:
    with file.open("r+b") as opened:
        opened.seek(8192)
        opened.write(b"x" * 40_000)

    failed = demo_portal("backup", "backups/portal.db")

    assert failed.exit_code == 1
    assert "is damaged, so no backup was made" in failed.stderr
    assert names(tmp_path / "backups") == set()


@on_sqlite
def test_a_backup_is_made_in_spite_of_wrong_data_which_is_told(
    demo_portal: Command, file: Path, tmp_path: Path
) -> None:
    rename_partner(file, "Not folded")

    made = demo_portal("backup", "copy.db")

    assert made.exit_code == 1
    assert "Made the backup copy.db." in made.stdout
    assert "name_folded is not the folded name" in made.stdout
    assert partner(tmp_path / "copy.db") == "Not folded"


@on_sqlite
def test_a_backup_takes_the_place_of_the_database_which_is_kept(demo_portal: Command, file: Path) -> None:
    before = partner(file)
    demo_portal("backup", "copy.db")
    rename_partner(file, "Later")

    refused = demo_portal("restore", "copy.db")
    kept = partner(file)
    restored = demo_portal("restore", "copy.db", "--replace")

    assert (refused.exit_code, restored.exit_code) == (1, 0), restored.output
    assert "exists. Give --replace" in refused.stderr
    assert kept == "Later"
    assert partner(file) == before
    former = re.search(r"The former database is (\S+)\. ", restored.stdout)
    assert former is not None
    assert partner(Path(former[1])) == "Later"
    assert file.stat().st_mode & 0o777 == 0o600
    assert demo_portal("doctor").output == "Nothing is wrong.\n"


@on_sqlite
def test_a_removed_database_is_restored_without_its_former_log(demo_portal: Command, file: Path) -> None:
    before = partner(file)
    demo_portal("backup", "copy.db")
    with closing(sqlite3.connect(file)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("UPDATE partners SET name = 'Later' WHERE id = 1")
        other.commit()
        file.unlink()
        log = file.with_name(f"{file.name}-wal").read_bytes()
    file.with_name(f"{file.name}-wal").write_bytes(log)

    restored = demo_portal("restore", "copy.db")

    assert restored.exit_code == 0, restored.output
    assert partner(file) == before


@on_sqlite
def test_a_damaged_database_is_replaced_too(demo_portal: Command, file: Path) -> None:
    before = partner(file)
    demo_portal("backup", "copy.db")
    file.write_bytes(b"damaged")

    restored = demo_portal("restore", "copy.db", "--replace")

    assert restored.exit_code == 0, restored.output
    assert partner(file) == before


@on_sqlite
def test_what_is_no_backup_of_this_version_changes_nothing(demo_portal: Command, file: Path, tmp_path: Path) -> None:
    before = partner(file)
    demo_portal("backup", "copy.db")
    for name in ("newer.db", "cut.db"):
        shutil.copyfile(tmp_path / "copy.db", tmp_path / name)
    with closing(sqlite3.connect(tmp_path / "newer.db")) as newer:
        newer.execute("UPDATE alembic_version SET version_num = '9999'")
        newer.commit()
    os.truncate(tmp_path / "cut.db", 100_000)
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE notes (text TEXT)")
    (tmp_path / "empty.db").touch()
    (tmp_path / "text.db").write_text("no database at all")
    said = {
        "newer.db": "newer version of the portal, at 9999",
        "cut.db": "is damaged",
        "other.db": "is not a backup of the portal",
        "empty.db": "is not a backup of the portal",
        "text.db": "is damaged or no SQLite database",
        "missing.db": "is not a file",
        str(file): "is part of the database itself",
    }

    for name, sentence in said.items():
        refused = demo_portal("restore", name, "--replace")

        assert refused.exit_code == 1, name
        assert sentence in refused.stderr
    assert partner(file) == before
    assert {each for each in names(file.parent) if each.startswith(f".{file.name}")} == set()
    assert list(file.parent.glob(f"{file.name}.*")) == []


@on_sqlite
def test_an_older_backup_is_restored_to_be_migrated(demo_portal: Command, tmp_path: Path) -> None:
    demo_portal("backup", "copy.db")
    with closing(sqlite3.connect(tmp_path / "copy.db")) as older:
        older.execute("UPDATE alembic_version SET version_num = '0001'")
        older.commit()

    restored = demo_portal("restore", "copy.db", "--replace")

    assert restored.exit_code == 0, restored.output
    assert "It has the tables of an older version. Run: portal migrate" in restored.stdout
    assert "older version" in demo_portal("doctor").stderr
    assert demo_portal("backup", "again.db").exit_code == 0


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_postgresql_has_programs_of_its_own(command: Command, databases: Databases) -> None:
    made, restored = command("backup", "portal.dump"), command("restore", "portal.dump")

    assert (made.exit_code, restored.exit_code) == (2, 2)
    for said, program in ((made.stderr, "pg_dump --format=custom"), (restored.stderr, "pg_restore --clean")):
        found = re.search(rf"{program}.*", said)
        assert found is not None
        done = subprocess.run(found[0], shell=True, env={"PATH": f"{databases.programs()}:/bin"}, check=False)  # noqa: S602 — as an operator types it.
        assert done.returncode == 0
