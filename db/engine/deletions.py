"""Deletion of old rows in batches, so that each transaction is short, and of what one user has made."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Table

from db.engine.expressions import among_rows
from db.engine.filters import Scoped, scoped, values_of
from db.engine.statement import Statement


def deletion(table: Table, *where: ColumnElement[bool]) -> Statement[tuple[Any, ...]]:
    """Return the DELETE of up to `most` rows that fit, without those that another transaction has locked.

    So processes that delete at the same time delete different rows, and none waits.
    """
    key = _key(table)
    some = sa.select(key).where(*where).limit(_MOST).with_for_update(skip_locked=True)
    # SQLite 3.40 deletes too few rows WHERE (a, b) IN (SELECT … LIMIT …) over a unique index, but not by one column.
    rowid: ColumnElement[Any] = sa.literal_column(f"{table.name}.rowid")
    some_by_rowid = sa.select(rowid).select_from(table).where(*where).limit(_MOST)
    return Statement(
        sa.delete(table).where(among_rows(key, some.select_from(table).correlate(None))),
        values_of,
        on_sqlite=sa.delete(table).where(rowid.in_(some_by_rowid.correlate(None))),
    )


def deletion_by(maker: sa.Column[Any]) -> Scoped[tuple[Any, ...]]:
    """Return the DELETE of the rows of a scope whose maker, the user of that column, is bound as `maker_id`."""
    table = maker.table
    return scoped(
        lambda mine: Statement(
            sa.delete(table).where(mine(table.c.partner_id), maker == sa.bindparam("maker_id")), values_of
        )
    )


def _key(table: Table) -> ColumnElement[Any]:
    """Return what tells the rows of all partners apart: a column, or else the place of a row."""
    columns = table.primary_key.columns
    for column in table.columns:
        if column.name == "id" or column.unique or (column.primary_key and len(columns) == 1):
            return column
    return sa.literal_column(f"{table.name}.ctid")


_MOST = sa.bindparam("most", type_=sa.Integer)
