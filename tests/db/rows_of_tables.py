"""Rows of every table that a database has at any step, made of the tables' own columns, references and CHECKs.

Row n of each table refers to row n of every other one, so that it is of one partner.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

ROWS = 3
"""As many as most columns have statuses."""

TIME_LENGTH = 27
"""Length of the texts that are times on SQLite."""

_OF_POSTGRESQL = re.compile(r"::\w+(?: varying)?(?:\[\])?|[()]")
_IF_SO = re.compile(r"(\w+) = '(\w+)' = (\w+) IS (NOT )?NULL")
_IF_NULL = re.compile(r"(\w+) IS NULL (=|<>) (\w+) IS NULL")
_ONE_OF = re.compile(r"(\w+) (?:IN|=) ?(?:ANY ARRAY)?\W*'")

Values = dict[str, Any]
Contents = Mapping[str, Sequence[Values]]


def contents(connection: sa.Connection) -> Contents:
    """Return the rows of each table, in any order."""
    names = sa.inspect(connection).get_table_names()
    return {name: _rows(connection, name) for name in names if name != "alembic_version"}


def fill(connection: sa.Connection, before: Contents) -> Contents:
    """Insert rows into empty tables, and write values to new columns in which all rows have the same one.

    Columns are new that the rows did not have before. Returns the rows of each table.
    """
    after = contents(connection)
    added = {
        name: set(rows[0]) - set(before[name][0] if before.get(name) else ()) for name, rows in after.items() if rows
    }
    changed = {name for name in after if added.get(name, {"id"})}
    tables = sa.MetaData()
    tables.reflect(connection, only=sorted(changed), resolve_fks=False)
    for name, _ in sa.inspect(connection).get_sorted_table_and_fkc_names():
        if name in changed and after[name]:
            _set(connection, tables.tables[name], after[name], added[name])
        elif name in changed:
            table = tables.tables[name]
            for number in range(1, ROWS + 1):
                connection.execute(sa.insert(table), _values(table, number, {}, table.columns))
    return {name: _rows(connection, name) if name in changed else rows for name, rows in after.items()}


def _rows(connection: sa.Connection, table: str) -> list[Values]:
    return [dict(row) for row in connection.execute(sa.text(f"SELECT * FROM {table}")).mappings()]  # noqa: S608 — our own.


def _set(connection: sa.Connection, table: sa.Table, rows: Sequence[Values], names: Collection[str]) -> None:
    keys = list(table.primary_key)
    unset = [
        column
        for column in table.columns
        if column.name in names and column not in keys and len({str(row[column.name]) for row in rows}) == 1
    ]
    in_order = sorted(rows, key=lambda row: row["id"] if "id" in row else [row[key.name] for key in keys])
    for number, row in enumerate(in_order, 1) if unset else ():
        same = [key == row[key.name] for key in keys]
        connection.execute(sa.update(table).where(*same).values(_values(table, number, row, unset)))


def _values(table: sa.Table, number: int, row: Mapping[str, object], chosen: Iterable[sa.Column[Any]]) -> Values:
    """Return values of the chosen columns for a row, which the CHECKs allow."""
    checks = [
        _OF_POSTGRESQL.sub("", str(each.sqltext)) for each in table.constraints if isinstance(each, sa.CheckConstraint)
    ]
    names = {
        found[1]: re.findall(r"'(\w+)'", check)
        for check in checks
        if "NULL" not in check and (found := _ONE_OF.match(check))
    }
    # The database numbers rows by itself.
    new = {column.name: _value(column, number, names) for column in chosen if column.name != "id"}
    whole = {**row, **new}
    for found in filter(None, map(_IF_SO.fullmatch, checks)):
        column, value, other, has_not = found.groups()
        if (whole[column] == value) is (has_not is None):
            whole[other] = None
    for found in filter(None, map(_IF_NULL.fullmatch, checks)):
        first, comparison, second = found.groups()
        if comparison == "<>":
            whole[first if number % 2 else second] = None
        elif None in {whole[first], whole[second]}:
            whole[first] = whole[second] = None
    return {name: value for name, value in whole.items() if name in new or value != row[name]}


def _value(column: sa.Column[Any], number: int, names: Mapping[str, list[str]]) -> object:
    if column.name in names:
        return names[column.name][(number - 1) % len(names[column.name])]
    match column.type:
        case sa.Boolean():
            # There is one vendor at most.
            return number == ROWS
        case sa.Integer():
            return number
        case sa.LargeBinary():
            return bytes([number]) * 32
        case sa.DateTime():
            return datetime(2026, 7, number, 12, tzinfo=UTC)
        case sa.String(length=length):
            text = f"2026-07-0{number}T12:00:00.000000Z" if length == TIME_LENGTH else f"{column.name} {number}"
            return text[-(length or len(text)) :]
        case other:
            message = f"{column} has the type {other}."
            raise AssertionError(message)
