"""An import that loses against another transaction is run again as a whole, on each engine."""

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import Result

from db import tables
from db.engine import Database, Transaction, Work
from domain.events import EventType
from tests import cnpjs
from tests.units import execute, fetch_value, reading

Command = Callable[..., Result]

ROWS = 1_100
"""More than two batches."""

LOSE = sa.text("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40P01'; END $$")


class LostError(Exception):
    """The transaction lost against another one."""


def count(table: sa.Table, *where: sa.ColumnElement[bool]) -> int:
    async def read() -> int:
        database = Database(os.environ["DATABASE_URL"])
        async with reading(database) as connection:
            found = await fetch_value(connection, sa.select(sa.func.count()).select_from(table).where(*where))
        await database.close()
        return int(found)

    return asyncio.run(read())


@pytest.fixture
def losing(command: Command, monkeypatch: pytest.MonkeyPatch) -> Command:
    """`portal`, whose units that write lose against another transaction when they are done, and are run again."""
    written = Database.write

    async def write(database: Database, work: Work[object]) -> object:
        lost = False

        async def losing(tx: Transaction) -> object:
            nonlocal lost
            result = await work(tx)
            if not lost:
                lost = True
                if database.url.get_backend_name() == "sqlite":
                    raise LostError
                await execute(tx, LOSE)
            return result

        with suppress(LostError):
            return await written(database, losing)
        return await written(database, losing)

    def run(*words: str) -> Result:
        with monkeypatch.context() as patched:
            patched.setattr(Database, "write", write)
            return command(*words)

    return run


@pytest.mark.parametrize("more", [(), ("--all-or-nothing",)])
def test_an_import_of_products_that_loses_imports_all(losing: Command, tmp_path: Path, more: tuple[str, ...]) -> None:
    lines = [f"P{number},Produto {number},1" for number in reversed(range(ROWS))]
    (tmp_path / "p.csv").write_text("\n".join(["code,name,seats", *lines]))

    done = losing("import", "products", "p.csv", *more)

    assert (done.exit_code, done.stdout) == (0, "1,100 created, 0 updated, 0 unchanged, 0 bad.\n")
    assert count(tables.products) == ROWS


@pytest.mark.parametrize("more", [(), ("--all-or-nothing",)])
def test_an_import_of_clients_that_loses_imports_all(
    command: Command, losing: Command, tmp_path: Path, more: tuple[str, ...]
) -> None:
    command("create-partner", "--name", "Épsilon", "--cnpj", "11222333000181")
    numbers = [cnpjs.another() for _ in range(ROWS)]
    (tmp_path / "known.csv").write_text(f"cnpj,name\n{numbers[-1]},Padaria\n")
    (tmp_path / "c.csv").write_text("\n".join(["cnpj,name", *(f"{number},Padaria" for number in numbers)]))
    command("import", "clients", "known.csv", "--partner", "11222333000181")

    done = losing("import", "clients", "c.csv", "--partner", "11222333000181", *more)

    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        f"line 1101: {numbers[-1]} is registered already; left alone.",
        "1,099 imported, 1 registered already, 0 bad.",
    ]
    assert count(tables.clients) == ROWS
    assert count(tables.events, tables.events.c.type == EventType.CLIENT_REGISTERED) == ROWS
