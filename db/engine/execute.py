"""The few things that the statements of every module share."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Executable, Table
from sqlalchemy.dialects import postgresql, sqlite

from db.engine.database import Connection, Transaction
from db.engine.postgres import PostgresConnection
from db.engine.row_batch import RowBatch
from db.engine.sqlite import SqliteConnection
from db.engine.statement import Statement

Row = TypeVar("Row")

KEEPING_KEYS = True
"""How rows are locked, FOR NO KEY UPDATE: a full lock waits for whoever wrote a row that refers to the locked one, and
that transaction may wait for this one in turn. No mutation changes a key. SQLite locks the whole file."""


async def rows(connection: Connection, statement: Executable, row: Callable[..., Row]) -> list[Row]:
    """Every row of the answer, its columns in the order of the row's fields."""
    return [row(*values) for values in await connection.execute(statement)]


async def one(connection: Connection, statement: Executable, row: Callable[..., Row]) -> Row | None:
    """The only row of the answer, or None."""
    values = (await connection.execute(statement)).one_or_none()
    return None if values is None else row(*values)


async def fetch(connection: Connection, statement: Statement[Row], values: Mapping[str, Any]) -> list[Row]:
    """The rows of a statement for these values of its names."""
    if isinstance(connection, SqliteConnection):
        return connection.fetch(statement, values)
    if isinstance(connection, PostgresConnection):
        return await connection.fetch(statement, values)
    return statement.as_it_is().make((await connection.execute(statement.of(connection.dialect), dict(values))).all())


async def read(connection: Connection, statement: Statement[Row], values: Mapping[str, Any]) -> RowBatch[Row]:
    """The same rows, of which none is made before somebody asks for it."""
    if isinstance(connection, SqliteConnection):
        return connection.read(statement, values)
    if isinstance(connection, PostgresConnection):
        return await connection.read(statement, values)
    found = await connection.execute(statement.of(connection.dialect), dict(values))
    return RowBatch(statement.as_it_is(), found.all())


async def write(tx: Transaction, statement: Statement[Any], rows: Sequence[Mapping[str, Any]]) -> None:
    """Run a statement that returns nothing, for each of these rows of values."""
    if isinstance(tx, SqliteConnection):
        tx.write(statement, rows)
    elif isinstance(tx, PostgresConnection):
        await tx.write(statement, rows)
    elif rows:
        await tx.execute(statement.expression, [dict(values) for values in rows])


async def returned(tx: Transaction, statement: Statement[Row], values: Mapping[str, Any]) -> Row:
    """The one row that a statement returns, which writes it."""
    (row,) = await fetch(tx, statement, values)
    return row


def insert(tx: Transaction, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that knows ON CONFLICT, which standard SQL lacks and both engines write alike."""
    return postgresql.insert(table) if tx.dialect.name == "postgresql" else sqlite.insert(table)


def starts_with(column: ColumnElement[Any], beginning: Any) -> ColumnElement[bool]:  # noqa: ANN401 — a text or its name.
    """Whether the bytewise column begins with the text: a range, so that an index serves it."""
    end = sa.cast(beginning, sa.Text) + sa.literal("\U0010ffff", sa.Text)
    return sa.and_(column >= beginning, column < end)


def during(column: ColumnElement[Any], start: object, end: object) -> Iterable[ColumnElement[bool]]:
    """The conditions of a range of time: from its start on, and before its end; None leaves a side open."""
    if start is not None:
        yield column >= start
    if end is not None:
        yield column < end
