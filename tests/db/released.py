"""What the released version sends to its database: its statements, and rows that its inserts have made.

`python -m tests.db.released` writes both anew, when a version is released. Until then, servers of that version may run
beside the tables of the next one.
"""

import asyncio
import json
import re
import sqlite3
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sqlalchemy as sa
from sqlalchemy import TextClause, TextualSelect

from db.engine import Database, storage
from db.engine.statement import Statement
from db.migrations import migrate
from db.migrations.revisions import HEAD
from db.migrations.steps import STEPS, oldest_served
from db.tables import metadata
from domain.access import Role
from resolvers.portal import Portal
from tests.api import Api, serving
from tests.db.test_statements import DIALECTS, ONE_ENGINES, STATEMENTS, all_listings
from tests.executors import DOCUMENTS
from tests.factories import new_caller, new_manager, new_vendor
from tests.schema.recipes import MUTATIONS, OF_DOCUMENTS

FOLDER = Path(__file__).with_name("released")

_ROWS_MAX = 12
"""Rows of each table that are kept."""

_INSERT = re.compile(r"INSERT INTO (\w+) \(([^()]*)\)")
_RECORD = "CREATE TABLE recorded (id INTEGER PRIMARY KEY, of_table TEXT NOT NULL, content TEXT NOT NULL)"
_TRIGGER = """CREATE TRIGGER record_{table} AFTER INSERT ON {table} BEGIN
    INSERT INTO recorded (of_table, content) VALUES ('{table}', json_object({pairs})); END"""
_PAIR = "'{0}', CASE typeof(NEW.{0}) WHEN 'blob' THEN json_array(hex(NEW.{0})) ELSE NEW.{0} END"

Row = Mapping[str, Any]


def statements(engine: str) -> list[str]:
    """Return the statements that the released version sends to an engine, and its lists with all their filters."""
    return (FOLDER / f"{engine}.txt").read_text(encoding="utf-8").split(_BETWEEN)


def rows(engine: str) -> list[str]:
    """Return the inserts of rows, each with the columns for which an insert of the released version gives values."""
    inserts = (FOLDER / "rows.sql").read_text(encoding="utf-8").split(_BETWEEN)
    return [re.sub(r"x'([0-9A-F]*)'", r"'\\\\x\1'", each) if engine == "postgresql" else each for each in inserts]


_BETWEEN = ";\n\n"


def revision() -> str:
    """Return the last step of the released version."""
    return (FOLDER / "revision.txt").read_text(encoding="utf-8").strip()


def served_to() -> str:
    """Return the newest revision beside whose tables servers of the released version may run."""
    released = revision()
    return max(newer for newer in STEPS if oldest_served(newer) <= released)


def _texts(engine: str) -> list[str]:
    dialect = DIALECTS[engine]
    of_modules = {
        each.compiled(dialect).text
        for name, each in STATEMENTS.items()
        if not isinstance(each.expression, TextClause | TextualSelect) and name not in ONE_ENGINES
    }
    of_lists = {
        Statement(sa.select(*each.columns).where(*each.where).order_by(each.sorting.key), each.row)
        .compiled(dialect)
        .text
        for each in all_listings()
    }
    # One with several filters has the columns of those with one of them.
    kept, seen = set(of_modules), set[str]()
    for text in sorted(of_lists, key=len, reverse=True):
        columns = set(re.findall(r"\w+\.\w+", text))
        if not columns <= seen:
            kept.add(text)
            seen |= columns
    return sorted(kept)


async def _made(directory: str) -> list[tuple[str, Row]]:
    """Return the rows that mutations insert, each as it was then and with its table."""
    file = f"{directory}/portal.db"
    storage.create(file)
    url = f"sqlite+aiosqlite:///{file}"
    await asyncio.to_thread(migrate.upgrade, url)
    with closing(sqlite3.connect(file)) as driver:
        driver.execute(_RECORD)
        for table in metadata.sorted_tables:
            pairs = ", ".join(_PAIR.format(column.name) for column in table.columns)
            driver.execute(_TRIGGER.format(table=table.name, pairs=pairs))
    portal = Portal(Database(url), secret=b"s" * 32)
    async with serving(portal, DOCUMENTS) as http:
        api = await new_manager(http, portal)
        for name, recipe in MUTATIONS.items():
            key = {} if recipe.other is None else {"idempotencyKey": name}
            await api.done(name, "__typename", {**await recipe.given(api), **key})
        vendor = await new_caller(http, portal, await new_vendor(portal), role=Role.VENDOR_ADMIN)
        await vendor.done("registerDocuments", "__typename", OF_DOCUMENTS["registerDocuments"])
        await Api(http, portal).codes("signIn", {"email": "nobody@alfa.example", "password": "wrong"})
    await portal.database.close()
    with closing(sqlite3.connect(file)) as driver:
        recorded = driver.execute("SELECT of_table, content FROM recorded ORDER BY id").fetchall()
    return [(table, json.loads(content)) for table, content in recorded]


def _kept(made: Iterable[tuple[str, Row]]) -> Iterator[tuple[str, Row]]:
    """Yield some rows of each table, all of whose references are to rows before them."""
    kept: dict[str, list[Row]] = {}
    for name, row in made:
        is_whole = all(
            row[key.parent.name] is None
            or any(other[key.column.name] == row[key.parent.name] for other in kept.get(key.column.table.name, ()))
            for key in metadata.tables[name].foreign_keys
        )
        if is_whole and len(kept.setdefault(name, [])) < _ROWS_MAX:
            kept[name].append(row)
            yield name, row


def _insert(name: str, row: Row, given: Iterable[Collection[str]]) -> str:
    """Return the insert of a row by the fewest columns that a statement gives values for; the others have defaults."""
    table = metadata.tables[name]
    set_by_it = {column.name for column in table.columns if _is_given(column, row[column.name])}
    chosen = min((each for each in given if set_by_it <= set(each)), key=len, default=set_by_it)
    columns = [column for column in table.columns if column.name in {*chosen, "id"}]
    values = ", ".join(_literal(column, row[column.name]) for column in columns)
    return f"INSERT INTO {name} ({', '.join(column.name for column in columns)}) VALUES ({values})"  # noqa: S608 — our own.


def _is_given(column: sa.Column[Any], value: object) -> bool:
    """Return whether a value is none that the database gives by itself."""
    default = column.server_default
    by_itself = {"0", "", "['']", str(getattr(default, "arg", "")).strip("'")}
    return not column.primary_key and value is not None and (default is None or str(value) not in by_itself)


def _literal(column: sa.Column[Any], value: object) -> str:
    match value:
        case None:
            return "NULL"
        case [digits]:
            return f"x'{digits}'"
        case int() if isinstance(column.type, sa.Boolean):
            return "TRUE" if value else "FALSE"
        case int():
            return str(value)
        case _:
            return "'{}'".format(str(value).replace("'", "''"))


def main() -> None:
    """Write the statements and rows of this version."""
    FOLDER.mkdir(exist_ok=True)
    for engine in DIALECTS:
        (FOLDER / f"{engine}.txt").write_text(_BETWEEN.join(_texts(engine)), encoding="utf-8")
    given: dict[str, list[Collection[str]]] = {}
    for table, columns in (found.groups() for text in _texts("sqlite") if (found := _INSERT.match(text))):
        given.setdefault(table, []).append(set(columns.split(", ")))
    with TemporaryDirectory() as directory:
        made = asyncio.run(_made(directory))
    inserts = [_insert(name, row, given.get(name, ())) for name, row in _kept(made)]
    (FOLDER / "rows.sql").write_text(_BETWEEN.join(inserts), encoding="utf-8")
    (FOLDER / "revision.txt").write_text(f"{HEAD}\n", encoding="utf-8")
    missing = {table.name for table in metadata.sorted_tables} - {table for table, _ in made}
    sys.stdout.write(f"{len(inserts)} rows; none of {', '.join(sorted(missing))}\n")


if __name__ == "__main__":
    main()
