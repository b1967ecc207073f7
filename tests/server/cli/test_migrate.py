"""`portal migrate`, and what `--check` says before it."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest
import sqlalchemy as sa

from db.migrations import migrate
from db.migrations.revisions import HEAD
from db.migrations.steps import STEPS, Step
from tests.databases import Databases
from tests.db.next_version import EXPANDED, next_version
from tests.db.plain_sql import look, write
from tests.disks import no_longer_files
from tests.server.conftest import Command
from tests.walled import turn_on

NEWER = "UPDATE alembic_version SET version_num = '9999', served = '{}-9999'"
PARTNER = "INSERT INTO partners (name, cnpj) VALUES ('Alfa', '16727230000197')"


@pytest.fixture
def empty(command: Command, engine: str, databases: Databases, monkeypatch: pytest.MonkeyPatch) -> str:
    """URL of an empty database, which `command` uses."""
    del command
    url = databases.empty(engine)
    monkeypatch.setenv("DATABASE_URL", url)
    return url


def run(url: str, *statements: str) -> None:
    asyncio.run(write(url, *statements))


def stored(url: str) -> tuple[object, ...]:
    """Return the database file, or the tables of a server and what shows that they were changed."""
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "sqlite":
        file = Path(str(parsed.database))
        return file.read_bytes(), sorted(each.name for each in file.parent.glob(f"{file.name}*"))
    changes = sa.text("SELECT relname, relfilenode, xmin::text FROM pg_class WHERE relkind IN ('r', 'i') ORDER BY 1")
    return tuple(asyncio.run(look(url, lambda sync: [tuple(row) for row in sync.execute(changes)])))


def test_a_check_tells_open_steps_by_its_exit_status(command: Command, empty: str) -> None:
    statuses = [command("migrate", "--check").exit_code]
    for step in ("0002", "0022", "0025"):
        migrate.upgrade(empty, to=step)
        statuses.append(command("migrate", "--check").exit_code)
    command("migrate")
    statuses.append(command("migrate", "--check").exit_code)

    assert statuses == [3, 4, 4, 4, 0]


def test_servers_that_link_unlinked_identities_again_must_be_stopped(command: Command, empty: str) -> None:
    migrate.upgrade(empty, to="0034")

    checked = command("migrate", "--check")

    assert checked.exit_code == 4
    assert "0035 contract: " in checked.stdout
    assert "Servers of the version before link unlinked identities again." in checked.stdout


def test_a_price_table_that_gets_another_name_is_told(command: Command, empty: str) -> None:
    migrate.upgrade(empty, to="0030")
    table = "INSERT INTO price_tables (name, name_folded) VALUES ('{}', '{}')"
    run(empty, table.format("D''Ouro", "d''ouro"), table.format("D’Ouro", "d’ouro"))

    migrated, again = command("migrate"), command("migrate")

    assert migrated.exit_code == 0, migrated.output
    assert "Renamed the price table “D’Ouro” to “D’Ouro (2)”: " in migrated.stdout
    assert "Renamed" not in again.stdout


def test_rows_that_a_constraint_refuses_are_said_to_be_mended(command: Command, empty: str) -> None:
    migrate.upgrade(empty, to="0030")
    partner = "INSERT INTO partners (name, name_folded, cnpj) VALUES ('{}', '{}', '{}')"
    run(
        empty,
        "CREATE UNIQUE INDEX of_the_operator ON partners (name_folded)",
        partner.format("D''Alfa", "d''alfa", 1),
        partner.format("D’Alfa", "d’alfa", 2),
    )

    said = command("migrate")

    assert (said.exit_code, said.stderr.count("\n")) == (1, 1)
    assert "Rows" in said.stderr
    assert "partners" in said.stderr
    assert "Mend the rows, and run the command again." in said.stderr
    assert "DATABASE_URL" not in said.stderr


def test_a_check_changes_nothing(command: Command, empty: str) -> None:
    states = [stored(empty)]
    command("migrate", "--check")
    states.append(stored(empty))
    migrate.upgrade(empty, to="0020")
    run(empty, PARTNER)
    states.append(stored(empty))
    command("migrate", "--check")
    states.append(stored(empty))

    assert states[0] == states[1]
    assert states[2] == states[3]


def test_a_check_names_steps_and_what_waits_for_them(command: Command, empty: str, engine: str) -> None:
    migrate.upgrade(empty, to="0022")
    run(empty, PARTNER)

    said = command("migrate", "--check").stdout

    assert f"The database is at 0022, and this version needs {HEAD}." in said
    assert "  0024 expand: Indexes of active clients by name and by place.\n" in said
    assert "  0026 contract: Folded copies of notes that were written for many activations at once" in said
    assert f"{STEPS['0026'].contracts}" in said
    assert "takes about a second or less" in said
    if engine == "sqlite":
        assert "reads go on, and writes wait" in said
    else:
        assert "reads and writes of these tables wait: activations (0 rows), clients (0 rows)," in said
        assert "partners (1 rows)" in said


def test_servers_can_go_on_if_all_open_steps_expand(
    command: Command, empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    only_expanding: Mapping[str, Step] = {name: step._replace(contracts=None) for name, step in STEPS.items()}
    monkeypatch.setattr("db.migrations.steps.STEPS", only_expanding)
    migrate.upgrade(empty, to=f"{int(HEAD) - 1:04}")

    checked = command("migrate", "--check")

    assert checked.exit_code == 3
    assert "1 step is open" in checked.stdout
    assert "Servers of the version before can go on meanwhile." in checked.stdout


def test_a_check_names_tables_that_get_indexes_while_servers_write(command: Command, empty: str, engine: str) -> None:
    command("migrate")
    run(empty, PARTNER)

    with next_version():
        checked = command("migrate", "--check")

    assert checked.exit_code == 3
    said = "They are some transactions and indexes, which take about a second; their tables have 0 rows."
    assert (said in checked.stdout) is (engine == "postgresql")
    line = "Before, indexes are built while servers read and write: clients (0 rows)."
    assert (line in checked.stdout) is (engine == "postgresql")


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_a_check_through_a_pooler_says_that_writes_wait_for_indexes(
    command: Command, empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with next_version():
        migrate.upgrade(empty, to=EXPANDED)
        monkeypatch.setenv("DATABASE_URL", f"{empty}&pooler=transaction")

        checked = command("migrate", "--check")

    assert checked.exit_code == 3
    assert "They are one transaction" in checked.stdout
    assert "only writes of these tables wait: clients (0 rows)." in checked.stdout
    assert "servers read and write" not in checked.stdout


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_a_check_names_tables_that_get_policies(command: Command, empty: str) -> None:
    command("migrate")
    asyncio.run(turn_on(empty))

    with next_version():
        unchanged = command("migrate", "--check").stdout
        run(empty, "DROP POLICY portal_partner ON webhooks")
        changed = command("migrate", "--check").stdout

    assert "webhooks (0 rows)" not in unchanged
    assert "reads and writes of these tables wait: activations (0 rows)," in changed
    assert "webhooks (0 rows)" in changed


def test_a_check_refuses_the_database_of_another_program(command: Command, empty: str) -> None:
    run(empty, "CREATE TABLE posts (id INTEGER PRIMARY KEY)")

    refused = command("migrate", "--check")

    assert refused.exit_code == 1
    assert "another program's database" in refused.stderr


def test_newer_tables_that_serve_this_version_are_left_alone(command: Command, empty: str) -> None:
    migrate.upgrade(empty)
    run(empty, NEWER.format(HEAD))

    checked, migrated = command("migrate", "--check"), command("migrate")

    assert (checked.exit_code, migrated.exit_code) == (0, 0), checked.output + migrated.output
    assert "at 9999, of a newer version; this version works on it" in checked.stdout
    assert command("users").exit_code == 0
    found = sa.text("SELECT version_num FROM alembic_version")
    assert asyncio.run(look(empty, lambda sync: sync.scalar(found))) == "9999"


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("longest", [0, 4096, 8192, 65536])
def test_a_new_file_on_a_full_disk_is_removed_again(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, longest: int
) -> None:
    file = tmp_path / "full" / "portal.db"
    monkeypatch.setenv("DATABASE_URL", f"sqlite+aiosqlite:///{file}")

    with no_longer_files(longest):
        failed = command("migrate")

    assert failed.exit_code == 1
    assert f"Removed {file} again, since nothing is in it.\n" in failed.stderr
    assert list(file.parent.iterdir()) == []
    assert command("migrate").exit_code == 0
