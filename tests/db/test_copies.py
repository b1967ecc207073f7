"""Copies of all rows from SQLite to PostgreSQL."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from db import copies
from db.copies import FilledError
from db.engine import Database
from db.tables import activations, metadata
from tests.databases import Databases
from tests.db.plain_sql import look, write
from tests.db.rows_of_tables import Contents, Values, contents, fill
from tests.units import writing

Told = list[tuple[str, int, int]]


async def filled(url: str) -> None:
    """Write rows to each table of a database."""
    await change(url, lambda connection: fill(connection, {}))


@pytest.fixture(scope="module")
async def source(databases: Databases) -> str:
    """URL of a database with rows in each table, which no test changes."""
    url = databases.migrated("sqlite")
    await filled(url)
    return url


@pytest.fixture(scope="module")
async def filled_target(databases: Databases) -> str:
    """URL of a database of the other engine with rows in each table, which no test changes."""
    url = databases.migrated("postgresql")
    await filled(url)
    return url


async def change(url: str, work: Callable[[sa.Connection], object]) -> None:
    """Run a function of SQLAlchemy's connection in a transaction."""
    database = Database(url)
    async with writing(database) as tx:
        await tx.inspect(work)
    await database.close()


async def copy(source_url: str, target_url: str) -> tuple[int, Told]:
    """Copy all rows; return their number, and what was told of the progress."""
    source, target = Database(source_url), Database(target_url)
    told: Told = []

    try:
        return await target.write(lambda tx: copies.copy(source, tx, lambda *each: told.append(each))), told
    finally:
        await source.close()
        await target.close()


def alike(rows: Sequence[Values]) -> Counter[tuple[tuple[str, object], ...]]:
    """Return rows as they are on both engines."""
    return Counter(tuple(sorted((name, _alike(value)) for name, value in row.items())) for row in rows)


def _alike(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
    return value


def number_of_rows(found: Contents) -> int:
    return sum(len(rows) for rows in found.values())


async def test_every_row_of_every_table_arrives_as_it_was(source: str, databases: Databases) -> None:
    target = databases.migrated("postgresql")

    number, told = await copy(source, target)

    before, after = dict(await look(source, contents)), dict(await look(target, contents))
    assert before.pop("rate_buckets")
    assert after.pop("rate_buckets") == []
    assert {name: alike(rows) for name, rows in after.items()} == {name: alike(rows) for name, rows in before.items()}
    assert all(before.values())
    assert number == number_of_rows(before)
    assert [name for name, _, _ in told] == [table.name for table in copies.COPIED]
    assert all(copied == total for _, copied, total in told)


async def test_a_row_may_refer_to_one_that_comes_after_it(source: str, databases: Databases) -> None:
    source, target = databases.copy(source), databases.migrated("postgresql")

    def move(connection: sa.Connection) -> None:
        (first,) = connection.execute(sa.select(activations).where(activations.c.id == 1)).mappings()
        later = {**first, "id": 9, "authorization_code": "later", "activation_key": "later"}
        connection.execute(sa.insert(activations).values(later))
        connection.execute(sa.text("UPDATE activations SET moved_to_id = 9 WHERE id = 1"))

    await change(source, move)
    await copy(source, target)

    found = await look(target, contents)
    assert {row["id"]: row["moved_to_id"] for row in found["activations"]} == {1: 9, 2: 2, 3: 3, 9: 1}


async def test_an_id_of_a_deleted_row_is_not_given_again(source: str, databases: Databases) -> None:
    source, target = databases.copy(source), databases.migrated("postgresql")
    await write(source, "UPDATE sqlite_sequence SET seq = 70 WHERE name = 'products'")

    await copy(source, target)
    await write(target, "INSERT INTO products (code, name, included_seats, active) VALUES ('NEXT', 'Next', 1, true)")

    found = await look(target, contents)
    assert [row["id"] for row in found["products"]] == [1, 2, 3, 71]


@pytest.mark.parametrize("table", [table.name for table in copies.COPIED if not table.foreign_keys])
async def test_nothing_is_copied_to_where_rows_are(
    source: str, filled_target: str, databases: Databases, table: str
) -> None:
    target = databases.copy(filled_target)
    await write(
        target, f"TRUNCATE {', '.join(each.name for each in metadata.sorted_tables if each.name != table)} CASCADE"
    )
    before = await look(target, contents)

    with pytest.raises(FilledError, match=f"^{table}$"):
        await copy(source, target)

    assert await look(target, contents) == before


async def test_of_two_copies_at_once_one_is_made(source: str, databases: Databases) -> None:
    target = databases.migrated("postgresql")

    outcomes = await asyncio.gather(copy(source, target), copy(source, target), return_exceptions=True)

    assert sorted(type(each).__name__ for each in outcomes) == ["FilledError", "tuple"]
