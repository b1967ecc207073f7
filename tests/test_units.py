"""Connections to SQLite that units of tests share."""

import pytest
import sqlalchemy as sa

from db.engine import Database
from tests.units import execute, fetch_value, fetch_values, reading, writing

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True, scope="session")


async def test_a_pragma_of_one_unit_is_not_for_the_next_ones(database: Database) -> None:
    async with writing(database) as tx:
        await execute(tx, sa.text("PRAGMA cache_size = 7"))

    async with reading(database) as connection:
        assert await fetch_value(connection, sa.text("PRAGMA cache_size")) != 7


async def test_temporary_objects_of_one_unit_are_not_for_the_next_ones(database: Database) -> None:
    async with writing(database) as tx:
        await execute(tx, sa.text("CREATE TEMPORARY TABLE kept (value)"))

    async with reading(database) as connection:
        assert await fetch_values(connection, sa.text("SELECT name FROM sqlite_temp_schema")) == []
