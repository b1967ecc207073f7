"""Deletion of old rows in batches, so that each transaction is short."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Column, ColumnElement, Table

from db.engine.filters import values_of
from db.engine.statement import Statement


def deletion(table: Table, *where: ColumnElement[bool]) -> Statement[tuple[Any, ...]]:
    """Return the DELETE of up to `most` rows that fit, without those that another transaction has locked.

    So processes that delete at the same time delete different rows, and none waits.
    """
    # Both engines find a row by its id alone.
    key: list[Column[Any]] = [table.c.id] if "id" in table.c else list(table.primary_key.columns)
    some = sa.select(*key).where(*where).limit(sa.bindparam("most", type_=sa.Integer)).with_for_update(skip_locked=True)
    whole: ColumnElement[Any] = key[0] if len(key) == 1 else sa.tuple_(*key)
    return Statement(sa.delete(table).where(whole.in_(some)), values_of)
