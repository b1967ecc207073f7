"""Rows that a page joined, of which many of its rows share a few."""

from typing import Any, NamedTuple

import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from db.engine import Connection, Database
from db.engine.row_batch import RowBatch
from db.engine.statement import Join, Statement
from resolvers.columns import Recurring, joined


class Visit(NamedTuple):
    """Row that refers to another one."""

    id: int
    town_id: int


class Town(NamedTuple):
    """Row that many refer to."""

    id: int
    name: str


_TOWNS = [Town(number, f"Town {number}") for number in range(1, 5)]


def _table(name: str, rows: list[Any]) -> sa.Subquery:
    selects = [sa.select(*(sa.literal(value).label(column) for column, value in row._asdict().items())) for row in rows]
    return sa.union_all(*selects).subquery(name)


async def _visits(database: Database, visits: list[Visit], join: Join, table: sa.Subquery) -> RowBatch[Visit]:
    every = Statement(sa.select(table.c.id, table.c.town_id).order_by(table.c.id), Visit)

    async def read(connection: Connection) -> RowBatch[Visit]:
        return await connection.fetch(every.load_only(None, {join: None}), {})

    found = await database.read(read)
    assert list(found) == visits
    return found


@settings(max_examples=20)
@given(town_ids=st.lists(st.sampled_from([town.id for town in _TOWNS]), min_size=1, max_size=12))
async def test_joined_rows_are_those_of_each_row(database: Database, town_ids: list[int]) -> None:
    visits = [Visit(number, town_id) for number, town_id in enumerate(town_ids, 1)]
    table, towns = _table("visits", visits), _table("towns", _TOWNS)
    join = Join(Town, [towns.c.id, towns.c.name], towns, towns.c.id == table.c.town_id, recurs=True)

    found = joined(await _visits(database, visits, join, table), join)

    assert found is not None
    assert list(found) == [_TOWNS[town_id - 1] for town_id in town_ids]
    assert found.column("name") == [f"Town {town_id}" for town_id in town_ids]
    assert found.of_class is Town


async def test_joined_rows_that_recur_are_kept_once(database: Database) -> None:
    visits = [Visit(1, 2), Visit(2, 4), Visit(3, 2), Visit(4, 2)]
    table, towns = _table("visits", visits), _table("towns", _TOWNS)
    join = Join(Town, [towns.c.id, towns.c.name], towns, towns.c.id == table.c.town_id, recurs=True)

    found = joined(await _visits(database, visits, join, table), join)

    assert isinstance(found, Recurring)
    assert sorted(found.dictionary) == [_TOWNS[1], _TOWNS[3]]
    assert [found[place].id for place in range(len(found))] == [2, 4, 2, 2]


async def test_each_row_that_recurs_is_made_once(database: Database) -> None:
    visits = [Visit(1, 2), Visit(2, 4), Visit(3, 2), Visit(4, 2)]
    table, towns = _table("visits", visits), _table("towns", _TOWNS)
    join = Join(Town, [towns.c.id, towns.c.name], towns, towns.c.id == table.c.town_id, recurs=True)

    found = joined(await _visits(database, visits, join, table), join)

    assert found is not None
    first, other, *same = found
    assert other is not first
    assert all(row is first for row in same)
    assert all(row is again for row, again in zip([first, other, *same], found, strict=True))
