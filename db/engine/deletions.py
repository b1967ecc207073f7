"""Deletion of old rows in batches, so that each transaction is short."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Column, ColumnElement, Table

from db.engine.expressions import among_rows
from db.engine.filters import values_of
from db.engine.statement import Statement


def deletion(table: Table, *where: ColumnElement[bool]) -> Statement[tuple[Any, ...]]:
    """Return the DELETE of up to `most` rows that fit, without those that another transaction has locked.

    So processes that delete at the same time delete different rows, and none waits. The rows are found by their places
    in the table, or on SQLite by their keys: PostgreSQL, as long as it has no statistics, would join the whole table.
    """
    # SQLite finds a row by its id alone, and compares a row of several columns wrongly where it stops at a number.
    key: list[Column[Any]] = [table.c.id] if "id" in table.c else list(table.primary_key.columns)
    place: ColumnElement[Any] = sa.literal_column(f"{table.name}.ctid")
    some = sa.select(place).where(*where).limit(_MOST).with_for_update(skip_locked=True)
    whole: ColumnElement[Any] = key[0] if len(key) == 1 else sa.tuple_(*key)
    return Statement(
        sa.delete(table).where(among_rows(place, some.select_from(table).correlate(None))),
        values_of,
        on_sqlite=sa.delete(table).where(whole.in_(sa.select(*key).where(*where).limit(_MOST))),
    )


_MOST = sa.bindparam("most", type_=sa.Integer)
