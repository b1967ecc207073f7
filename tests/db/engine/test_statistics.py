"""Statistics of SQLite's planner follow the growth of tables, in connections that are open too."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from db.engine import Database, statistics
from db.migrations import migrate

GROWING = sa.Table("growing", sa.MetaData(), sa.Column("a", sa.Integer), sa.Column("b", sa.Integer))
_READ = "SELECT * FROM growing WHERE a = ? AND b = ?"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    migrate.upgrade(f"sqlite+aiosqlite:///{tmp_path / 'portal.db'}")
    return tmp_path / "portal.db"


@pytest.fixture
def reader(file: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE growing (a INTEGER, b INTEGER)")
        connection.execute("CREATE INDEX one ON growing (a)")
        connection.execute("CREATE INDEX many ON growing (b)")
        _grow(connection, 1)
        connection.execute("ANALYZE growing")
        yield connection


def _grow(connection: sqlite3.Connection, rows: int) -> None:
    connection.executemany("INSERT INTO growing VALUES (1, ?)", [(number,) for number in range(rows)])


def plan(connection: sqlite3.Connection, read: str) -> str:
    """Return the plan of a statement, which no connection has prepared before."""
    connection.execute(_READ, (1, 1)).fetchall()
    (step,) = connection.execute(f"EXPLAIN QUERY PLAN {read}", (1, 1)).fetchall()
    return str(step[3])


async def test_a_table_that_has_grown_is_read_by_the_better_index(file: Path, reader: sqlite3.Connection) -> None:
    database = Database(f"sqlite+aiosqlite:///{file}")
    before = plan(reader, _READ)
    grown = []

    for rows in (998, 1, 2_000, 2_000):
        with closing(sqlite3.connect(file)) as other, other:
            _grow(other, rows)
        grown.append(await database.write(lambda tx: statistics.follow_growth(tx, GROWING)))
    await database.close()

    assert grown == [[], ["growing"], [], ["growing"]]
    assert before == "SCAN growing"
    assert plan(reader, f"{_READ} AND 1") == "SEARCH growing USING INDEX many (b=?)"


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True, scope="session")
async def test_postgresql_is_left_to_its_autovacuum(database: Database) -> None:
    assert await database.write(lambda tx: statistics.follow_growth(tx, GROWING)) == []
