"""`portal erase-check`, which says where a text is stored, on each engine."""

import asyncio
import os
import sqlite3

import pytest
import sqlalchemy as sa

from db.engine import Database
from tests.server.conftest import Command
from tests.units import execute, writing

# ruff: noqa: S608 — the statements are made of constants.

NUMBER = "11.222.333/0001-81"


async def _write(*statements: str) -> None:
    database = Database(os.environ["DATABASE_URL"])
    async with writing(database) as tx:
        for statement in statements:
            await execute(tx, sa.text(statement))
    await database.close()


def write(*statements: str) -> None:
    asyncio.run(_write(*statements))


@pytest.mark.parametrize("text", ["11222333000181", NUMBER, "zuqueira", "ZUQUÉIRA", "Bar Zuqueira"])
def test_a_text_is_found_in_any_column_with_its_row(demo_portal: Command, engine: str, text: str) -> None:
    write(
        f"UPDATE orders SET note = 'Bar Zuquéira, {NUMBER}, Barulho' WHERE id = 1",
        f"UPDATE activations SET ecf_serial_number = '{NUMBER} BAR-ZUQUEIRA' WHERE id = 2",
    )

    found = demo_portal("erase-check", text)

    assert found.exit_code == 1
    lines = found.stdout.splitlines()
    assert {"orders.note: id 1", "activations.ecf_serial_number: id 2"} <= set(lines)
    in_files = [line for line in lines if ".db" in line]
    assert (in_files != []) is (engine == "sqlite")
    assert f"Found in {len(lines)} places." in found.stderr


@pytest.mark.parametrize("text", ["Bar Zuquéira", NUMBER])
def test_a_text_is_found_as_urls_and_programs_write_it(demo_portal: Command, text: str) -> None:
    write(
        "UPDATE orders SET note = 'https://a.example/?de=Bar%20Zuqu%C3%A9ira&n=11222333%2F000181' WHERE id = 1",
        r"UPDATE activations SET note = '{\"de\": \"Bar Zuqu\u00e9ira 11222333\u002f000181\"}' WHERE id = 2",
    )

    found = demo_portal("erase-check", text)

    assert {"orders.note: id 1", "activations.note: id 2"} <= set(found.stdout.splitlines())


@pytest.mark.parametrize("text", ["Zuqueira", "Barulh", NUMBER, "zuq"])
def test_what_is_nowhere_or_only_in_longer_words_is_not_found(demo_portal: Command, text: str) -> None:
    write("UPDATE orders SET note = 'Barulho, Zuqueirada, 11.222.333/0001-82' WHERE id = 1")

    found = demo_portal("erase-check", text)

    assert (found.exit_code, found.stdout) == (0, "Not found.\n")


def test_a_text_of_nothing_is_refused(command: Command) -> None:
    assert command("erase-check", " ").exit_code == 2


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_bytes_that_no_column_has_are_found_in_the_file(demo_portal: Command) -> None:
    file = os.environ["DATABASE_URL"].removeprefix("sqlite+aiosqlite:///")
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("PRAGMA secure_delete = OFF")
    other.execute("UPDATE orders SET note = 'Zuqueira' WHERE id = 1")
    other.execute("UPDATE orders SET note = NULL WHERE id = 1")

    in_log = demo_portal("erase-check", "zuqueira")
    other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    other.execute("VACUUM")
    other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    other.close()

    assert in_log.exit_code == 1
    assert "-wal: byte " in in_log.stdout
    assert demo_portal("erase-check", "zuqueira").exit_code == 0
