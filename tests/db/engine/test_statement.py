"""A query reads its rows whole, or those of their columns that are named."""

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import Enum
from itertools import combinations
from typing import Any, NamedTuple

import pytest
import sqlalchemy as sa

from db.engine import Connection, Database
from db.engine.column_types import Instant
from db.engine.row_batch import DEFERRED
from db.engine.statement import Statement
from tests.units import reading


class Fruit(Enum):
    """What a row may be of."""

    APPLE = "APPLE"


class Row(NamedTuple):
    """A row of four columns."""

    id: int
    name: str
    at: datetime | None
    fruit: Fruit


NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
_FRUIT = sa.Enum(Fruit, native_enum=False)
_COLUMNS: Sequence[sa.ColumnElement[Any]] = (
    sa.bindparam("id", type_=sa.BigInteger()).label("id"),
    sa.bindparam("name", type_=sa.Text()).label("name"),
    sa.bindparam("at", type_=Instant()).label("at"),
    sa.bindparam("fruit", type_=_FRUIT).label("fruit"),
)
WHOLE = Statement(sa.select(*_COLUMNS), Row)
KEYED = Statement(sa.select(*_COLUMNS, sa.literal(7, sa.BigInteger()).label("key")), Row, keyed=True)
VALUES = {"id": 1, "name": "Alfa", "at": NOON, "fruit": Fruit.APPLE}
ROW = Row(1, "Alfa", NOON, Fruit.APPLE)


async def test_a_row_is_read_whole_unless_columns_are_named(database: Database) -> None:
    async def read(connection: Connection) -> list[list[Row]]:
        queries = (WHOLE, WHOLE.load_only(None), WHOLE.load_only(frozenset(Row._fields)))
        return [list(await connection.fetch(statement, VALUES)) for statement in queries]

    assert await database.read(read) == [[ROW]] * 3


@pytest.mark.parametrize("columns", [{"id"}, {"name", "fruit"}, {"at"}, {"fruit", "id", "at"}])
async def test_only_the_columns_that_are_named_are_read(database: Database, columns: set[str]) -> None:
    statement = WHOLE.load_only(frozenset(columns))

    (row,) = await database.read(lambda connection: connection.fetch(statement, VALUES))

    assert type(row) is Row
    assert {name: value for name, value in row._asdict().items() if value is not DEFERRED} == {
        name: value for name, value in ROW._asdict().items() if name in columns
    }


async def test_rows_come_with_what_says_whose_they_are(database: Database) -> None:
    whole = await database.read(lambda connection: connection.fetch(KEYED, VALUES))
    named = KEYED.load_only(frozenset({"name"}))
    some = await database.read(lambda connection: connection.fetch(named, VALUES))

    assert {key: list(found) for key, found in whole.by_key()} == {7: [ROW]}
    ((key, (row,)),) = some.by_key()
    assert (row.name, row.at is DEFERRED, key) == ("Alfa", True, 7)


async def test_a_lent_connection_reads_the_same(database: Database) -> None:
    async with reading(database) as connection:
        whole = await connection.fetch(WHOLE, VALUES)
        keyed = await connection.fetch(KEYED.load_only(frozenset({"at"})), VALUES)

    assert whole == [ROW]
    ((key, (row,)),) = keyed.by_key()
    assert (row.at, row.name is DEFERRED, key) == (NOON, True, 7)


def test_a_name_that_is_no_column_lets_the_row_be_whole() -> None:
    assert WHOLE.load_only(frozenset({"name", "full_name"})) is WHOLE


@pytest.mark.parametrize("use", [bool, str, hash, list, len, lambda it: it == 1, lambda it: it < 1])
def test_what_was_not_read_is_of_no_use(use: object) -> None:
    with pytest.raises(TypeError, match="not selected"):
        use(DEFERRED)  # type: ignore[operator]


class Wide(NamedTuple):
    """A row with more sets of columns than are kept."""

    a: int
    b: int
    c: int
    d: int
    e: int
    f: int
    g: int


async def test_columns_that_were_forgotten_are_read_as_before(database: Database) -> None:
    columns: Sequence[sa.ColumnElement[Any]] = [
        sa.literal(place, sa.BigInteger()).label(name) for place, name in enumerate("abcdefg")
    ]
    statement = Statement(sa.select(*columns), Wide)
    subsets = [frozenset(each) for size in range(1, 7) for each in combinations("abcdefg", size)]

    async def read(connection: Connection) -> list[Wide]:
        return [
            row for columns in (*subsets, *subsets) for row in await connection.fetch(statement.load_only(columns), {})
        ]

    found = await database.read(read)

    assert [frozenset(name for name in "abcdefg" if getattr(row, name) is not DEFERRED) for row in found] == subsets * 2
