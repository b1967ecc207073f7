"""`portal copy-from`."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.databases import Databases
from tests.disks import read_only
from tests.server.cli.other_process import using
from tests.server.conftest import Command

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@pytest.fixture
def on_postgresql(demo_portal: Command, file: Path, databases: Databases, monkeypatch: pytest.MonkeyPatch) -> Command:
    """`portal` with the settings of the file, but for an empty database of PostgreSQL."""
    assert file.exists()
    monkeypatch.setenv("DATABASE_URL", databases.migrated("postgresql"))
    return demo_portal


def names(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir()}


def test_a_postgresql_database_has_all_data_of_a_file(on_postgresql: Command, file: Path) -> None:
    before = file.read_bytes()

    copied = on_postgresql("copy-from", str(file))
    listed = on_postgresql("users")
    created = on_postgresql("create-product", "--code", "NEXT", "--name", "Next", "--included-seats", "1")
    again = on_postgresql("copy-from", str(file))

    assert copied.exit_code == 0, copied.output
    assert f"rows from {file}." in copied.stdout
    assert "gerente@alfa.example" in listed.stdout
    assert created.exit_code == 0, created.output
    assert again.exit_code == 1
    assert "has data already (partners, price_tables, products, …), and has to be empty. Nothing was" in again.stderr
    assert file.read_bytes() == before
    assert names(file.parent) & {f"{file.name}-wal", f"{file.name}-shm"} == set()


def test_a_file_on_a_read_only_disk_is_copied(on_postgresql: Command, file: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir(mode=0o755)
    copy = kept / "portal.db"
    copy.write_bytes(file.read_bytes())
    copy.chmod(0o644)

    with read_only(copy):
        copied = on_postgresql("copy-from", str(copy))

    assert copied.exit_code == 0, copied.output
    assert names(kept) == {"portal.db"}


def test_what_is_in_the_log_only_is_copied_too(on_postgresql: Command, file: Path, tmp_path: Path) -> None:
    copy = tmp_path / "left.db"
    with closing(sqlite3.connect(file)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("UPDATE users SET email = 'new@alfa.example' WHERE email = 'gerente@alfa.example'")
        other.commit()
        # As a killed server leaves them.
        for suffix in ("", "-wal"):
            Path(f"{copy}{suffix}").write_bytes(Path(f"{file}{suffix}").read_bytes())

    copied = on_postgresql("copy-from", str(copy))

    assert copied.exit_code == 0, copied.output
    assert "new@alfa.example" in on_postgresql("users").stdout


def test_a_file_in_use_is_not_copied(on_postgresql: Command, file: Path) -> None:
    with using(file):
        refused = on_postgresql("copy-from", str(file))

    assert refused.exit_code == 1
    assert f"{file} is in use" in refused.stderr
    assert on_postgresql("copy-from", str(file)).exit_code == 0


def test_only_a_whole_file_of_this_version_is_copied(
    on_postgresql: Command, databases: Databases, tmp_path: Path
) -> None:
    older = databases.migrated("sqlite", to="0029")
    none = databases.empty("sqlite")
    other, damaged = tmp_path / "other.db", tmp_path / "damaged.db"
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE notes (id INTEGER)")
    damaged.write_bytes(b"SQLite format 3\0" + b"?" * 5000)

    said = {
        on_postgresql("copy-from", str(each).removeprefix("sqlite+aiosqlite:///")).stderr.strip()
        for each in (older, none, other, damaged, tmp_path / "missing.db")
    }

    path = older.removeprefix("sqlite+aiosqlite:///")
    older_version = f"{path} has the tables of an older version. Run “portal migrate” with DATABASE_URL={older} first."
    assert said == {
        f"{older_version} Nothing was copied.",
        *(
            f"{each.removeprefix('sqlite+aiosqlite:///')} is not a database of the portal: it has none of its tables. "
            "Nothing was copied."
            for each in (none, str(other))
        ),
        f"{damaged} is damaged or no SQLite database. Nothing was copied.",
        f"{tmp_path / 'missing.db'} is not a file; give the path of a SQLite database. Nothing was copied.",
    }


def test_the_database_to_fill_is_postgresql_with_tables(
    demo_portal: Command, file: Path, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_sqlite = demo_portal("copy-from", str(file))
    monkeypatch.setenv("DATABASE_URL", databases.empty("postgresql"))
    without_tables = demo_portal("copy-from", str(file))

    assert of_sqlite.exit_code == 2
    assert "DATABASE_URL names a SQLite file, and has to name the PostgreSQL database" in of_sqlite.stderr
    assert without_tables.exit_code == 1
    assert "Run: portal migrate" in without_tables.stderr
