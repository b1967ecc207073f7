"""Statements that the driver has prepared run by its own protocol, and are prepared again when tables change."""

from collections.abc import AsyncIterator
from functools import partial

import asyncpg  # type: ignore[import-untyped]  # It has no types.
import pytest
import sqlalchemy as sa

from db.engine import Connection, Database, Transaction, driver_protocol
from db.engine.driver_protocol import UntestedVersionError
from db.engine.filters import value
from db.engine.statement import Statement
from tests.databases import Databases
from tests.units import execute

VALUES: Statement[object] = Statement(sa.text("SELECT number FROM numbers").columns(sa.column("number")), value)


@pytest.fixture
async def database(databases: Databases) -> AsyncIterator[Database]:
    database = Database(databases.migrated("postgresql"), seconds=60)
    yield database
    await database.close()


async def _values(connection: Connection) -> list[object]:
    return list(await connection.fetch(VALUES))


async def test_a_statement_is_prepared_again_when_its_table_has_changed(database: Database) -> None:
    async def change(tx: Transaction, text: str) -> None:
        await execute(tx, sa.text(text))

    await database.write(partial(change, text="CREATE TABLE numbers AS SELECT 1 AS number"))
    before = [await database.read(_values, alone=True) for _ in range(2)]
    await database.write(partial(change, text="ALTER TABLE numbers ALTER number TYPE text"))

    after = [await database.read(_values, alone=True) for _ in range(2)]

    assert (before, after) == ([[1], [1]], [["1"], ["1"]])


def test_the_installed_driver_is_of_the_tested_release() -> None:
    driver_protocol.check(asyncpg.__version__)


@pytest.mark.parametrize("version", ["0.31.0", "0.33.0", "1.32.0", "1", ""])
def test_another_release_of_the_driver_is_refused(version: str) -> None:
    with pytest.raises(UntestedVersionError, match=r"the portal was tested with 0\.32 only"):
        driver_protocol.check(version)
