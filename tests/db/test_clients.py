"""Clients are found by their names in an index, whatever their names are."""

from random import Random

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from db import activations, tables
from db.activations import ActivationFilter, ActivationSortKey
from db.engine import Database
from domain.clients import NAME_LENGTH
from tests.databases import Databases
from tests.factories import add_client, add_partner
from tests.units import fetch_all, reading, writing

SEARCHES = [
    ActivationFilter(client_name="sol"),
    ActivationFilter(search="sol", search_cnpj="SOL", search_key="SOL"),
]


@pytest.mark.parametrize("chosen", SEARCHES, ids=["a name", "a search"])
async def test_sqlite_looks_for_names_in_an_index_alone(databases: Databases, chosen: ActivationFilter) -> None:
    database = Database(databases.shared("sqlite"))
    listing = activations.listing(1, chosen, ActivationSortKey.ACTIVATED_AT, descending=True)
    statement = sa.select(tables.activations.c.id).where(*listing.where)
    written = statement.compile(dialect=sqlite.dialect(paramstyle="named"))

    async with reading(database) as connection:
        found = await fetch_all(
            connection,
            sa.text(f"EXPLAIN QUERY PLAN {written}").columns(*map(sa.column, ("id", "parent", "unused", "detail"))),
            {**written.params, **listing.values},
        )
        plan = [row.detail for row in found]
    await database.close()

    assert "SEARCH clients USING COVERING INDEX ix_clients_search (partner_id=?)" in plan


# A syllable of Hangul is three letters when it is folded, and an ideograph of the supplementary plane four bytes.
@pytest.mark.parametrize("syllables", [1, 0.8, 0.5, 0.2, 0])
async def test_the_longest_names_fit_into_the_indexes(database: Database, syllables: float) -> None:
    rng = Random(1)  # noqa: S311 — an example.

    def name() -> str:
        drawn = [(0xAC00, 11_172) if rng.random() < syllables else (0x20000, 40_000) for _ in range(NAME_LENGTH)]
        return "".join(chr(start + rng.randrange(size)) for start, size in drawn)

    async with writing(database) as tx:
        assert await add_client(tx, await add_partner(tx), name=name(), trade_name=name())
