"""Policies of PostgreSQL's row-level security, by which a role that does not own the tables gets one partner's rows.

They are made from the tables of this version, and made again by each migration of a database that has them.
"""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from db.engine import Connection, Transaction
from db.engine.filters import value, values_of
from db.engine.row_scope import EVERY, SETTING
from db.engine.statement import Statement
from db.migrations.revisions import VERSION
from db.tables import metadata, partners, users
from domain.access import VENDOR_ROLES, Role

COLUMNS: Mapping[str, str] = {
    partners.name: "id",
    **{table.name: "partner_id" for table in metadata.sorted_tables if "partner_id" in table.c},
}
"""The column of each partner's table that has the partner, by the name of the table."""

_NAMES = sa.bindparam("names", list(COLUMNS), sa.ARRAY(sa.Text))

# A sub-select is run once for a statement, and not for each row.
_GIVEN = f"(SELECT current_setting('{SETTING}', true))"
_PARTNER = f"(SELECT nullif(nullif(current_setting('{SETTING}', true), ''), '{EVERY}')::bigint)"

_ROLES = ", ".join(f"'{role.name}'" for role in Role if role in VENDOR_ROLES)
_OF_VENDOR = f"CREATE POLICY portal_vendor ON {users.name} FOR SELECT USING (role IN ({_ROLES}))"
"""The vendor's users act for any partner, which is shown their names."""

_ON: Statement[bool] = Statement(
    sa.text(
        f"SELECT coalesce(bool_or(relrowsecurity), false) AS found FROM pg_class WHERE oid = "  # noqa: S608
        f"to_regclass('{partners.name}')"
    ).columns(found=sa.Boolean),
    value,
)
_OPEN: Statement[str] = Statement(
    sa.text(
        "SELECT name FROM unnest(:names) AS name WHERE NOT row_security_active(to_regclass(name)::oid) ORDER BY name"
    )
    .bindparams(_NAMES)
    .columns(name=sa.Text),
    value,
)
_SEQUENCES: Statement[str] = Statement(
    sa.text(
        "SELECT DISTINCT sequence.oid::regclass::text AS name FROM pg_class sequence "
        "JOIN pg_depend ON objid = sequence.oid AND refclassid = 'pg_class'::regclass AND deptype IN ('a', 'i') "
        "WHERE relkind = 'S' AND refobjid IN (SELECT to_regclass(name)::oid FROM unnest(:names) AS name)"
    )
    .bindparams(sa.bindparam("names", list(metadata.tables), sa.ARRAY(sa.Text)))
    .columns(name=sa.Text),
    value,
)
_QUOTED: Statement[str] = Statement(
    sa.text("SELECT quote_ident(rolname) AS name FROM pg_roles WHERE rolname = :role").columns(name=sa.Text), value
)


async def are_on(connection: Connection) -> bool:
    """Return whether the database has row-level security turned on."""
    return (await connection.fetch(_ON))[0]


async def unbound(connection: Connection) -> Sequence[str]:
    """Return the names of partners' tables whose policies don't bind the role of the connection."""
    return list(await connection.fetch(_OPEN))


async def wait_briefly(tx: Transaction) -> None:
    """Let the transaction wait for tables for a moment only, because all who want them later wait behind it."""
    await _run(tx, "SET LOCAL lock_timeout = '2s'")


async def turn_on(tx: Transaction) -> None:
    """Make the policies of all partners' tables anew, and let them bind every role that does not own the tables."""
    for table, column in COLUMNS.items():
        await _run(tx, f"DROP POLICY IF EXISTS portal_partner ON {table}")
        await _run(tx, f"CREATE POLICY portal_partner ON {table} USING ({column} = {_PARTNER} OR {_GIVEN} = '{EVERY}')")
        await _run(tx, f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    await _run(tx, f"DROP POLICY IF EXISTS portal_vendor ON {users.name}")
    await _run(tx, _OF_VENDOR)


async def turn_off(tx: Transaction) -> None:
    """Let the policies bind no role any more."""
    for table in COLUMNS:
        await _run(tx, f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")


async def grant(tx: Transaction, role: str) -> bool:
    """Give a role what a server needs, in tables to come too; return False if there is no such role."""
    quoted = list(await tx.fetch(_QUOTED, {"role": role}))
    if not quoted:
        return False
    to, tables = f"TO {quoted[0]}", ", ".join((*metadata.tables, VERSION.name))
    await _run(tx, f"GRANT SELECT, INSERT, UPDATE, DELETE ON {tables} {to}")
    await _run(tx, f"GRANT USAGE ON SEQUENCE {', '.join(await tx.fetch(_SEQUENCES))} {to}")
    await _run(tx, f"ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES {to}")
    await _run(tx, f"ALTER DEFAULT PRIVILEGES GRANT USAGE ON SEQUENCES {to}")
    return True


async def _run(tx: Transaction, text: str) -> None:
    await tx.execute(Statement(sa.text(text), values_of))
