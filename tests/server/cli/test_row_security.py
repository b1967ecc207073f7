"""`portal row-security`, and commands of a role that the policies bind."""

import asyncio

import pytest

from db import policies
from db.engine import Database
from tests.databases import Databases
from tests.db.plain_sql import write
from tests.server.conftest import Command
from tests.walled import CREATE_ROLE, ROLE, bound

pytestmark = pytest.mark.parametrize("engine", ["postgresql"], indirect=True, scope="session")


@pytest.fixture
def url(command: Command, databases: Databases, monkeypatch: pytest.MonkeyPatch) -> str:
    """URL of the migrated database that `command` uses, on a server that has the role."""
    del command
    url = databases.migrated("postgresql")
    asyncio.run(write(url, CREATE_ROLE))
    monkeypatch.setenv("DATABASE_URL", url)
    return url


def are_on(url: str) -> bool:
    async def read() -> bool:
        database = Database(url)
        try:
            return await database.read(policies.are_on)
        finally:
            await database.close()

    return asyncio.run(read())


def test_it_is_turned_on_and_off(command: Command, url: str) -> None:
    before = are_on(url)
    on = command("row-security", "on")
    meanwhile = are_on(url)
    off = command("row-security", "off")

    assert (on.exit_code, off.exit_code) == (0, 0)
    assert (before, meanwhile, are_on(url)) == (False, True, False)
    assert "restart them without it" in off.stdout


def test_tables_of_an_older_version_are_migrated_before(
    command: Command, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", databases.migrated("postgresql", to="0022"))

    refused, off = command("row-security", "on"), command("row-security", "off")

    assert (refused.exit_code, off.exit_code) == (1, 0)
    assert "portal migrate" in refused.output


def test_a_role_that_is_granted_what_servers_need_runs_commands(
    command: Command, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo = command("demo")
    assert command("row-security", "on", "--role", ROLE).exit_code == 0
    monkeypatch.setenv("DATABASE_URL", bound(url))
    monkeypatch.setenv("DATABASE_ROW_SECURITY", "true")

    found = command("doctor")
    listed = command("users")
    made = command("create-product", "--code=NEW", "--name=New", "--included-seats=1")

    assert demo.exit_code == found.exit_code == made.exit_code == 0, found.output + made.output
    assert "@" in listed.output


def test_a_role_that_does_not_exist_changes_nothing(command: Command, url: str) -> None:
    refused = command("row-security", "on", "--role", "nobody at all")

    assert refused.exit_code == 1
    assert "CREATE ROLE" in refused.output
    assert not are_on(url)


@pytest.mark.usefixtures("url")
def test_commands_as_the_owner_go_on_without_the_setting(command: Command) -> None:
    command("row-security", "on")

    assert command("migrate").exit_code == 0
    assert command("users").exit_code == 0


def test_a_command_says_why_it_is_refused(command: Command, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_ROW_SECURITY", "true")
    as_owner = command("users")
    monkeypatch.delenv("DATABASE_ROW_SECURITY")
    command("row-security", "on", "--role", ROLE)
    monkeypatch.setenv("DATABASE_URL", bound(url))
    without_setting = command("users")

    assert (as_owner.exit_code, without_setting.exit_code) == (1, 1)
    assert "portal row-security on" in as_owner.output
    assert "DATABASE_ROW_SECURITY=true" in without_setting.output


def test_sqlite_has_none(command: Command, url: str, databases: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    del url
    monkeypatch.setenv("DATABASE_URL", databases.migrated("sqlite"))

    refused = command("row-security", "on")

    assert refused.exit_code == 2
    assert "SQLite" in refused.output
