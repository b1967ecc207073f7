"""Rights on the tables of PostgreSQL that the role of a server needs."""

from collections.abc import Sequence
from typing import NamedTuple

import sqlalchemy as sa

from db.engine import Connection
from db.engine.filters import value, values_of
from db.engine.statement import Statement
from db.tables import metadata

_NAMES = sa.bindparam("names", list(metadata.tables), sa.ARRAY(sa.Text))

_LACKING: Statement[str] = Statement(
    sa.text(
        "SELECT name FROM unnest(:names) AS name WHERE NOT (SELECT bool_and(has_table_privilege(to_regclass(name), "
        "privilege)) FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS privilege) "
        "OR NOT coalesce(has_sequence_privilege(pg_get_serial_sequence(name, (SELECT attname FROM pg_attribute "
        "WHERE attrelid = to_regclass(name) AND attname = 'id')), 'USAGE'), true) ORDER BY name"
    )
    .bindparams(_NAMES)
    .columns(name=sa.Text),
    value,
)
_WHO: Statement[tuple[str, str]] = Statement(
    sa.text("SELECT quote_ident(current_user) AS role, quote_ident(current_schema()) AS schema").columns(
        role=sa.Text, schema=sa.Text
    ),
    values_of,
)


class Lacking(NamedTuple):
    """Tables whose rows or sequence a role may not read and write, and the statements that let it."""

    tables: Sequence[str]
    grants: str


async def lacking(connection: Connection) -> Lacking | None:
    """Return what the role of the connection lacks, None if it has all rights that a server needs."""
    tables = list(await connection.fetch(_LACKING))
    if not tables:
        return None
    ((role, schema),) = await connection.fetch(_WHO)
    grants = (
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role}; "
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {role};"
    )
    return Lacking(tables, grants)
