"""What is searched is taken literally."""

import pytest
import sqlalchemy as sa

from db.engine import Database
from db.engine.expressions import contains, starts_with
from tests.units import fetch_value, reading


@pytest.mark.parametrize(
    ("value", "part", "found"),
    [
        ("padaria 100% trigo", "100%", True),
        ("padaria 100 trigo", "100%", False),
        ("a_b", "a_b", True),
        ("axb", "a_b", False),
        ("a/b\\c", "/b\\", True),
        ("sao joao", "o j", True),
    ],
)
async def test_wildcards_of_sql_are_letters_like_others(
    database: Database, value: str, part: str, *, found: bool
) -> None:
    async with reading(database) as connection:
        contained = await fetch_value(connection, sa.select(contains(sa.literal(value, sa.Text), part)))

    assert bool(contained) is found


@pytest.mark.parametrize(
    ("value", "beginning", "found"),
    [("ABC-1", "ABC", True), ("ABC", "ABC", True), ("ABD", "ABC", False), ("AB", "ABC", False), ("XABC", "ABC", False)],
)
async def test_a_beginning_is_a_range(database: Database, value: str, beginning: str, *, found: bool) -> None:
    async with reading(database) as connection:
        column = sa.literal(value, sa.Text(collation=None))
        begins = await fetch_value(connection, sa.select(starts_with(column, beginning)))

    assert bool(begins) is found
