"""Rows are read a column at a time or one by one, and are the same either way."""

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import Enum
from typing import Any, NamedTuple

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from db.engine import Connection, Database, row_batch
from db.engine.column_types import Instant
from db.engine.row_batch import DEFERRED, RowBatch
from db.engine.statement import Join, Statement


class Fruit(Enum):
    """What a basket holds."""

    APPLE = "APPLE"
    PEAR = "PEAR"


class Basket(NamedTuple):
    """A row of every kind of column."""

    id: int
    name: str
    at: datetime | None
    fruit: Fruit | None

    @property
    def label(self) -> str:
        """What a row makes of its columns."""
        return f"{self.id} {self.name}"


class Shop(NamedTuple):
    """The row that a basket refers to."""

    id: int
    town: str
    size: int


NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
BASKETS = [
    Basket(1, "Alfa", NOON, Fruit.APPLE),
    Basket(2, "Beta", None, Fruit.PEAR),
    Basket(3, "Gama", NOON.replace(microsecond=5), None),
]
SHOPS = [Shop(7, "Olinda", 1), Shop(7, "Olinda", 1), Shop(8, "Natal", 2)]


def _basket(basket: Basket, shop: Shop) -> sa.Select[int, str, Any, Any, int]:
    return sa.select(
        sa.literal(basket.id, sa.BigInteger()).label("id"),
        sa.literal(basket.name, sa.Text()).label("name"),
        sa.literal(basket.at, Instant()).label("at"),
        sa.literal(basket.fruit, sa.Enum(Fruit, native_enum=False)).label("fruit"),
        sa.literal(shop.id, sa.BigInteger()).label("shop_id"),
    )


_BASKETS = sa.union_all(*map(_basket, BASKETS, SHOPS)).subquery("baskets")
_SHOPS = sa.union_all(
    *(
        sa.select(
            sa.literal(shop.id, sa.BigInteger()).label("id"),
            sa.literal(shop.town, sa.Text()).label("town"),
            sa.literal(shop.size, sa.BigInteger()).label("size"),
        )
        for shop in (SHOPS[0], SHOPS[2])
    )
).subquery("shops")
_COLUMNS: Sequence[sa.ColumnElement[Any]] = [_BASKETS.c[name] for name in Basket._fields]
STATEMENT = Statement(sa.select(*_COLUMNS).order_by(_BASKETS.c.id), Basket)
SHOP = Join(Shop, [_SHOPS.c.id, _SHOPS.c.town, _SHOPS.c.size], _SHOPS, _SHOPS.c.id == _BASKETS.c.shop_id)
NOWHERE = Join(Shop, [_SHOPS.c.id, _SHOPS.c.town, _SHOPS.c.size], _SHOPS, _SHOPS.c.id == _BASKETS.c.shop_id + 1)
OWNED = Statement(sa.select(*_COLUMNS, _BASKETS.c.shop_id).order_by(_BASKETS.c.id), Basket, keyed=True)


async def read(database: Database, statement: Statement[Basket]) -> RowBatch[Basket]:
    async def unit(connection: Connection) -> RowBatch[Basket]:
        return await connection.fetch(statement, {})

    return await database.read(unit)


async def test_a_column_is_the_attribute_of_each_row(database: Database) -> None:
    rows = await read(database, STATEMENT)

    assert list(rows) == BASKETS
    assert {name: rows.column(name) for name in (*Basket._fields, "label")} == {
        name: [getattr(basket, name) for basket in BASKETS] for name in (*Basket._fields, "label")
    }


async def test_some_of_the_rows_are_rows_too(database: Database) -> None:
    rows = await read(database, STATEMENT)

    assert (rows[1], rows[-1], len(rows)) == (BASKETS[1], BASKETS[2], 3)
    assert rows[1:] == BASKETS[1:]
    assert rows[::-1].column("name") == ["Gama", "Beta", "Alfa"]
    assert rows[3:].column("at") == []


async def test_what_was_read_beside_the_rows_stands_in_their_order(database: Database) -> None:
    rows = await read(database, STATEMENT.load_only(frozenset({"name"}), {SHOP: None}))

    assert rows.column("name") == ["Alfa", "Beta", "Gama"]
    assert rows[0].at is DEFERRED
    assert rows.related(SHOP) == SHOPS
    assert rows[1:].related(SHOP) == SHOPS[1:]
    assert rows.related(NOWHERE) is None


async def test_what_was_read_beside_the_rows_has_only_the_selected_columns(database: Database) -> None:
    rows = await read(database, STATEMENT.load_only(None, {SHOP: frozenset({"town"})}))

    shops = rows.related(SHOP)

    assert list(rows) == BASKETS
    assert shops is not None
    assert shops.column("town") == ["Olinda", "Olinda", "Natal"]
    assert [shop.size is DEFERRED for shop in shops] == [True] * 3


async def test_rows_beside_that_are_not_all_there_are_none(database: Database) -> None:
    rows = await read(database, STATEMENT.load_only(None, {NOWHERE: frozenset({"town"})}))

    assert list(rows) == BASKETS
    assert rows.related(NOWHERE) is None


async def test_rows_are_parted_by_whose_they_are_and_joined_again(database: Database) -> None:
    rows = await read(database, OWNED)

    parts = dict(rows.by_key())

    assert parts == {7: BASKETS[:2], 8: BASKETS[2:]}
    assert parts[7].joined([parts[8]]) == BASKETS
    assert parts[7].joined([(await read(database, STATEMENT))]) is None


async def test_rows_that_say_nothing_of_whose_they_are_are_not_parted(database: Database) -> None:
    rows = await read(database, STATEMENT)

    with pytest.raises(TypeError, match="whose"):
        list(rows.by_key())


@pytest.mark.parametrize("others", [[], [NOON], [NOON, None]])
def test_a_column_with_an_infinite_moment_is_in_utc(others: list[datetime | None]) -> None:
    of_many = row_batch.of(Instant(), postgresql.dialect()).of_many  # type: ignore[no-untyped-call]  # SQLAlchemy's.
    # asyncpg reads infinity without a time zone.
    infinite = NOON.replace(year=9999, tzinfo=None)

    assert of_many is not None
    assert of_many([*others, infinite]) == [*others, infinite.replace(tzinfo=UTC)]
