"""SQLite plans a statement once: no value that it binds makes SQLite plan it anew."""

import sqlite3

from sqlalchemy import TextClause, TextualSelect

from db.engine import Connection, Database
from tests.databases import Databases
from tests.db.test_statements import DIALECTS, ONE_ENGINES, STATEMENTS, all_listings, count, prepared, read, windows


async def _texts_of_lists(database: Database) -> set[str]:
    texts = set[str]()
    database.observers.append(texts.add)

    async def work(connection: Connection) -> None:
        for listing in all_listings():
            await read(connection, listing, next(windows(listing)))
            await count(connection, listing)

    await database.read(work)
    return texts


def _plans(driver: sqlite3.Connection, text: str) -> int:
    """Return how often SQLite plans the statement when it runs again."""
    explained, plans = f"EXPLAIN {text}", 0

    def authorize(action: int, *_of: str | None) -> int:
        nonlocal plans
        plans += action in {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_INSERT, sqlite3.SQLITE_DELETE}
        return sqlite3.SQLITE_OK

    driver.set_authorizer(authorize)
    values = [None] * text.count("?")
    driver.execute(explained, values).fetchall()
    assert plans > 0
    plans = 0
    driver.execute(explained, values).fetchall()
    return plans


async def test_sqlite_plans_no_statement_again(databases: Databases) -> None:
    database = Database(databases.shared("sqlite"))
    texts = await _texts_of_lists(database)
    await database.close()
    texts |= {
        each.compiled(DIALECTS["sqlite"]).text
        for name, each in STATEMENTS.items()
        if not isinstance(each.expression, TextClause | TextualSelect) and name not in ONE_ENGINES
    }

    with prepared(database) as driver:
        assert [text for text in sorted(texts) if _plans(driver, text)] == []
