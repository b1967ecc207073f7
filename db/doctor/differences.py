"""Check that a database has the tables of this version."""

from functools import partial
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from db.doctor.findings import Finding
from db.engine import Connection
from db.migrations import revisions
from db.migrations.revisions import State
from db.tables import metadata
from db.tables.forms import stored


async def examine(connection: Connection) -> list[Finding]:
    """Return how the tables differ from those of this version, apart from what a newer one has added to serve both."""
    is_expanded = (await revisions.examined(connection)).state is State.EXPANDED
    return await connection.inspect(partial(_tables, is_expanded=is_expanded))


def _tables(connection: sa.Connection, *, is_expanded: bool) -> list[Finding]:
    context = MigrationContext.configure(connection, opts={"include_name": _is_compared})
    differences = compare_metadata(context, stored(connection.dialect.name))
    return [
        Finding("tables", None, f"this version expects other ones: {_difference(step)}.")
        for step in differences
        if not (is_expanded and _is_of_newer(step))
    ]


def _is_of_newer(step: Any) -> bool:  # noqa: ANN401 — as of `_difference`.
    """Return whether the difference is one that a newer version adds without harm to this one."""
    match step:
        case ("remove_table" | "remove_column" | "remove_index", *_):
            return True
        case ("remove_constraint" | "remove_fk", rule):
            own = metadata.tables.get(rule.table.name)
            return own is None or any(column.name not in own.c for column in rule.columns)
    return False


def _is_compared(name: str | None, kind: str, _parents: object) -> bool:
    # Litestream has tables of its own in a file that it copies.
    return kind != "table" or name is None or not name.startswith("_litestream_")


def _difference(step: Any) -> str:  # noqa: ANN401 — a tuple of Alembic's, or a list of them for one column.
    name, *of = step[0] if isinstance(step, list) else step
    return f"{name} {' '.join(str(getattr(thing, 'name', thing)) for thing in of if thing is not None)}"
