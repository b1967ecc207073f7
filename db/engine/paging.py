"""Rows of large tables in pages, for what looks at all of them."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from db.engine import Connection
from db.engine.expressions import AnySelect
from db.engine.filters import values_of
from db.engine.statement import Statement

_PAGE = 2_000


class Pages:
    """Pages of the rows of a statement, by columns that have an index and that come first in each row."""

    def __init__(self, rows: AnySelect, by: Sequence[sa.Column[Any]]) -> None:
        """Prepare the statements."""
        page = rows.order_by(*by).limit(_PAGE)
        after = sa.tuple_(*by) > sa.tuple_(*(sa.bindparam(f"after_{key.name}", type_=key.type) for key in by))
        self._names = [key.name for key in by]
        self._first, self._next = Statement(page, values_of), Statement(page.where(after), values_of)
        self._last: tuple[Any, ...] | None = None
        self._is_done = False

    async def following(self, connection: Connection) -> list[tuple[Any, ...]]:
        """Read the next page; return an empty one after the last."""
        if self._is_done:
            return []
        if self._last is None:
            found = list(await connection.fetch(self._first))
        else:
            after = {f"after_{name}": value for name, value in zip(self._names, self._last, strict=False)}
            found = list(await connection.fetch(self._next, after))
        self._is_done = len(found) < _PAGE
        self._last = found[-1] if found else None
        return found


def keys_of(table: sa.Table) -> Sequence[sa.Column[Any]]:
    """Return the columns that tell each row of a table from the others, of which both engines have an index."""
    # The partner beside the id is in an index of SQLite's in some tables only.
    return [table.c.id] if "id" in table.c else list(table.primary_key.columns)


def columns_of(table: sa.Table) -> Sequence[sa.Column[Any]]:
    """Return all columns of a table, for pages by its keys."""
    keys = keys_of(table)
    return [*keys, *(column for column in table.columns if column not in keys)]
