"""Messages for the operator if the database can't be used: the cause and the remedy, the same from every command."""

import asyncio
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url
from typer.testing import CliRunner

from db.engine import Database
from db.migrations import migrate as steps
from server.cli import app
from tests.clusters import Cluster, proxied
from tests.databases import Databases
from tests.disks import read_only
from tests.e2e import data, forks
from tests.units import execute, writing

COMMANDS: Sequence[Sequence[str]] = (
    ("serve", "--port", "0"),
    ("serve", "--port", "0", "--workers", "2"),
    ("users",),
    ("doctor",),
    ("demo",),
)
"""One command for each way to open the database. None of them may serve: the test would never end."""

NOBODY = 65534
"""User and group of the system that owns no file."""

EVERY = pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
WITH_MIGRATE = pytest.mark.parametrize("arguments", [*COMMANDS, ("migrate",)], ids=" ".join)


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Environment of a demo, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DEMO", "true")
    monkeypatch.setenv("SECRET_KEY", "s" * 32)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/portal.db")


def refused(arguments: Sequence[str], status: int = 1) -> str:
    """Return the one line that the command prints if it fails."""
    done = CliRunner().invoke(app, arguments)
    assert isinstance(done.exception, SystemExit), done.exception
    assert (done.exit_code, done.stderr.count("\n")) == (status, 1), done.output
    return done.stderr.strip()


@pytest.mark.parametrize(
    ("arguments", "demo"), [*((each, "true") for each in COMMANDS), *((each, "false") for each in COMMANDS[:-1])]
)
def test_a_file_that_does_not_exist_is_named_and_not_made(
    arguments: Sequence[str], demo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/dta/portal.db")
    monkeypatch.setenv("DEMO", demo)
    monkeypatch.delenv("SECRET_KEY")

    said = refused(arguments)

    assert f"{tmp_path}/dta/portal.db does not exist, and neither does its folder" in said
    assert said.endswith("portal migrate")
    assert list(tmp_path.iterdir()) == []


@EVERY
def test_a_secret_that_is_gone_is_named_and_not_made(
    arguments: Sequence[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SECRET_KEY")
    data.migrated(tmp_path)
    (tmp_path / "secret.key").unlink()

    said = refused(arguments, status=2)

    assert said.startswith(f"SECRET_KEY: it is not set, and {tmp_path}/secret.key does not exist")
    assert not (tmp_path / "secret.key").exists()


@WITH_MIGRATE
def test_a_file_that_is_no_database_is_left_alone(arguments: Sequence[str], tmp_path: Path) -> None:
    (tmp_path / "portal.db").write_text("dear diary")

    assert refused(arguments).startswith(f"{tmp_path}/portal.db is not a SQLite database")
    assert (tmp_path / "portal.db").read_text() == "dear diary"


@WITH_MIGRATE
def test_a_folder_in_the_place_of_the_file_is_named(arguments: Sequence[str], tmp_path: Path) -> None:
    (tmp_path / "portal.db").mkdir()

    assert refused(arguments) == f"{tmp_path}/portal.db is a folder; DATABASE_URL has to name a file."


@WITH_MIGRATE
def test_a_file_in_the_place_of_the_folder_is_named(
    arguments: Sequence[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").write_text("")
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/data/portal.db")

    assert f"{tmp_path}/data" in refused(arguments)


async def _execute(url: str, *statements: str) -> None:
    database = Database(url)
    async with writing(database) as tx:
        for statement in statements:
            await execute(tx, sa.text(statement))
    await database.close()


@pytest.fixture
def migrated(engine: str, databases: Databases, monkeypatch: pytest.MonkeyPatch) -> str:
    url = databases.migrated(engine)
    monkeypatch.setenv("DATABASE_URL", url)
    return url


@WITH_MIGRATE
def test_a_newer_version_s_database_is_left_alone(arguments: Sequence[str], migrated: str) -> None:
    asyncio.run(_execute(migrated, "UPDATE alembic_version SET version_num = '9999'"))

    said = refused(arguments)

    assert said.startswith("This database was migrated by a newer version of the portal: it is at 9999, and ")


@WITH_MIGRATE
def test_another_program_s_database_is_left_alone(
    arguments: Sequence[str], engine: str, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = databases.empty(engine)
    monkeypatch.setenv("DATABASE_URL", url)
    asyncio.run(_execute(url, *(f"CREATE TABLE {name} (id INTEGER)" for name in ("a", "b", "c", "posts"))))

    said = refused(arguments)

    assert said.startswith(
        "This is another program's database: it has tables (a, b, c, …) and not those of the portal."
    )


@EVERY
def test_an_older_version_s_database_is_to_be_migrated(
    arguments: Sequence[str], engine: str, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = databases.empty(engine)
    monkeypatch.setenv("DATABASE_URL", url)
    said = [refused(arguments)]
    steps.upgrade(url, to="0002")
    said.append(refused(arguments))

    assert said == [
        "The database has no tables yet. Run: portal migrate",
        "The database has the tables of an older version. Run: portal migrate",
    ]


@EVERY
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"username": "guarded"}, "refuses the password of the user “guarded”"),
        ({"username": "stranger"}, "does not let the user “stranger” in"),
        ({"database": "nowhere"}, "has no database “nowhere”"),
        ({"host": "nowhere.invalid"}, "The host “nowhere.invalid” is not known"),
    ],
    ids=["password", "role", "database", "host"],
)
def test_connection_problems_of_postgresql_have_different_messages(
    arguments: Sequence[str], change: dict[str, str], said: str, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = make_url(databases.shared("postgresql"))
    if "host" in change:
        url = url.difference_update_query(["host"])
    changed = url.set(**change, password="geheim")  # type: ignore[arg-type]  # It takes each of them as a text.
    monkeypatch.setenv("DATABASE_URL", changed.render_as_string(hide_password=False))

    sentence = refused(arguments)

    assert said in sentence
    assert "geheim" not in sentence


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://u:geheim@127.0.0.1:1/portal", "can't be reached at 127.0.0.1:1"),
        ("postgresql://u:geheim@/portal?host=/nowhere", "There is no socket of PostgreSQL at /nowhere"),
    ],
)
@pytest.mark.parametrize("arguments", [("users",), ("doctor",), ("migrate",)], ids=" ".join)
def test_a_stopped_server_is_reported_as_unreachable(
    arguments: Sequence[str], url: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)

    sentence = refused(arguments)

    assert said in sentence
    assert "geheim" not in sentence


@EVERY
def test_a_session_that_is_lost_at_once_is_reported_as_lost(
    arguments: Sequence[str], cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    with proxied(cluster) as proxy:
        proxy.ends_sessions = True
        monkeypatch.setenv("DATABASE_URL", proxy.url)

        sentence = refused(arguments)

    assert sentence.startswith(f"The connection to PostgreSQL at 127.0.0.1:{proxy.port} was lost")


@EVERY
def test_a_wrong_setting_is_the_only_one_that_is_named(
    arguments: Sequence[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEMO", "perhaps")

    said = refused(arguments, status=2)

    assert said.startswith("DEMO: ")
    assert "GRAPHIQL" not in said


def test_a_damaged_file_is_said_to_be_damaged(tmp_path: Path) -> None:
    data.migrated(tmp_path)
    with (tmp_path / "portal.db").open("r+b") as opened:
        opened.seek(100)
        opened.write(b"\xff" * 4000)

    assert refused(["users"]) == f"{tmp_path}/portal.db is damaged; put a backup in its place."


def test_tables_that_are_not_those_of_the_version_are_for_the_doctor(tmp_path: Path) -> None:
    data.migrated(tmp_path)
    with closing(sqlite3.connect(tmp_path / "portal.db")) as connection:
        connection.execute("ALTER TABLE users RENAME TO people")

    assert refused(["users"]) == (
        f"The tables in {tmp_path}/portal.db are not those of this version of the portal; "
        "“portal doctor” names the differences."
    )


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users can read: each run of pytest closes the parent of `tmp_path` to them again."""
    with tempfile.TemporaryDirectory(prefix="portal-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def errors_as_a_user(arguments: Sequence[str], environment: Mapping[str, str], *, folder: Path, logs: Path) -> str:
    """Return what the command prints on standard error if it runs as a user other than root."""
    user = NOBODY if os.geteuid() == 0 else None
    with (logs / "output").open("wb") as output, (logs / "errors").open("wb") as errors:
        forks.Process(arguments, environment, output, errors, folder=folder, user=user).wait(60)
    return (logs / "errors").read_text()


@pytest.mark.parametrize(
    ("name", "mode", "said"),
    [
        ("data/portal.db", 0o000, "data/portal.db can't be read"),
        ("data/portal.db", 0o444, "data/portal.db can't be written"),
        ("data", 0o555, "data can't be written"),
        ("data", 0o000, "data/portal.db can't be"),
        ("data/secret.key", 0o000, "data/secret.key can't be read"),
    ],
)
def test_a_file_that_the_user_may_not_use_is_named(
    name: str, mode: int, said: str, open_folder: Path, tmp_path: Path
) -> None:
    data.migrated(open_folder / "data")
    if os.geteuid() == 0:
        for each in (open_folder / "data", *(open_folder / "data").iterdir()):
            shutil.chown(each, NOBODY, NOBODY)
    (open_folder / name).chmod(mode)

    environment = {**os.environ, "DATABASE_URL": "sqlite:///data/portal.db", "SECRET_KEY": ""}
    errors = {
        command: errors_as_a_user(command.split(), environment, folder=open_folder, logs=tmp_path)
        for command in ("users", "serve --port 0", "doctor", "migrate")
    }
    (open_folder / name).chmod(0o755)

    assert {command: said in printed for command, printed in errors.items()} == dict.fromkeys(errors, True), errors


def modes(folder: Path) -> dict[str, int]:
    return {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()}


def test_the_files_are_made_for_their_owner_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/data/portal.db")
    monkeypatch.delenv("SECRET_KEY")
    before = os.umask(0)
    try:
        made = CliRunner().invoke(app, ["migrate"])
        with closing(sqlite3.connect(tmp_path / "data" / "portal.db")) as reader:
            # An open reader keeps the files of the write-ahead log.
            reader.execute("SELECT * FROM partners").fetchall()
            CliRunner().invoke(app, ["demo"])
            found = modes(tmp_path / "data")
    finally:
        os.umask(before)

    assert made.stdout.splitlines() == [
        f"Made the database file {tmp_path}/data/portal.db.",
        f"Made the secret {tmp_path}/data/secret.key. Back it up together with the data.",
        "The database is up to date.",
    ]
    assert found == dict.fromkeys(["portal.db", "portal.db-wal", "portal.db-shm", "secret.key"], 0o600)


def test_files_that_others_can_read_are_taken_from_them_by_a_migration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SECRET_KEY")
    data.migrated(tmp_path)
    (tmp_path / "portal.db").chmod(0o644)
    (tmp_path / "secret.key").chmod(0o640)
    warned = CliRunner().invoke(app, ["doctor"])

    narrowed = CliRunner().invoke(app, ["migrate"])

    assert warned.exit_code == 0
    assert warned.stderr.count("can be read by other users of the machine") == 2
    assert narrowed.stdout.splitlines() == [
        f"Took {tmp_path}/secret.key from other users of the machine: its mode is 600 now, and was 640.",
        f"Took {tmp_path}/portal.db from other users of the machine: its mode is 600 now, and was 644.",
        "The database is up to date.",
    ]
    assert set(modes(tmp_path).values()) == {0o600}


@pytest.mark.skipif(os.geteuid() != 0, reason="Only root has files of several users.")
def test_a_migration_ends_well_where_a_mounted_secret_keeps_its_mode(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SECRET_KEY")
    data.migrated(tmp_path)
    secret = tmp_path / "secret.key"
    secret.chmod(0o644)
    for each in (tmp_path, *tmp_path.iterdir()):
        if each != secret:
            os.chown(each, NOBODY, -1)

    with read_only(secret):
        migrated = CliRunner().invoke(app, ["migrate"])

    assert migrated.exit_code == 0, migrated.output
    kept = f"{tmp_path}/secret.key stays open to other users of the machine, with mode 644: "
    assert migrated.stdout.startswith(kept)
    assert migrated.stdout.endswith("The database is up to date.\n")
