"""The form that the tables have on each engine.

PostgreSQL has them as they are declared. SQLite finds a row fastest by its rowid, which is the id if that alone is the
primary key; there the primary key of a partner's table, partner and id, becomes a unique index where it is needed.
"""

from functools import cache

import sqlalchemy as sa
from sqlalchemy import Index, MetaData, PrimaryKeyConstraint, Table

from db.tables.columns import FOUND_ON_SQLITE, metadata


@cache
def stored(dialect: str) -> MetaData:
    """Return the tables as a database of the dialect has them."""
    if dialect != "sqlite":
        return metadata
    form = MetaData(naming_convention=metadata.naming_convention)
    for table in metadata.sorted_tables:
        _by_rowid(table.to_metadata(form))
    return form


def _by_rowid(table: Table) -> None:
    declared = table.primary_key
    found = declared.info.get(FOUND_ON_SQLITE)
    if found is None:
        return
    table.constraints.remove(declared)
    for column in declared.columns:
        column.primary_key = column.name == "id"
    table.append_constraint(PrimaryKeyConstraint(table.c.id))
    table.indexes -= {index for index in table.indexes if index.columns.keys() == ["id"]}
    if found:
        Index(sa.schema.conv(f"ix_{table.name}_partner_id_id"), table.c.partner_id, table.c.id, unique=True)
