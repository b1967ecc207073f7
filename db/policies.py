"""Policies of PostgreSQL's row-level security, by which a role that does not own the tables gets one partner's rows.

They are made from the tables of this version, and a migration of a database that has them adds those of new tables.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

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

_GIVEN = f"( SELECT current_setting('{SETTING}'::text, true) AS current_setting)"
_PARTNER = (
    f"( SELECT (NULLIF(NULLIF(current_setting('{SETTING}'::text, true), ''::text), '{EVERY}'::text))::bigint "
    'AS "nullif")'
)
_VENDOR = ",".join(role.name for role in Role if role in VENDOR_ROLES)


class Policy(NamedTuple):
    """Policy of a table.

    The condition is in PostgreSQL's own words, so that it can be compared with what the server has. A sub-select in it
    is run once for a statement, and not for each row.
    """

    table: str
    name: str
    command: str
    condition: str


_OF_PARTNER = "portal_partner"
POLICIES = (
    *(
        Policy(table, _OF_PARTNER, "ALL", f"(({column} = {_PARTNER}) OR ({_GIVEN} = '{EVERY}'::text))")
        for table, column in COLUMNS.items()
    ),
    # The vendor's users act for any partner, which is shown their names.
    Policy(
        users.name,
        "portal_vendor",
        "SELECT",
        f"(((role)::text = ANY ('{{{_VENDOR}}}'::text[])) AND ({_GIVEN} <> ''::text))",
    ),
)

_ON: Statement[bool] = Statement(
    sa.text(
        f"SELECT coalesce(bool_or(relrowsecurity), false) AS found FROM pg_class WHERE oid = "  # noqa: S608
        f"to_regclass('{partners.name}')"
    ).columns(found=sa.Boolean),
    value,
)


def _names(text: str, *bound: sa.BindParameter[Any]) -> Statement[str]:
    """Return the statement that selects a name in each row."""
    return Statement(sa.text(text).bindparams(*bound).columns(name=sa.Text), value)


_OPEN = _names(
    "SELECT name FROM unnest(:names) AS name WHERE NOT row_security_active(to_regclass(name)::oid) ORDER BY name",
    _NAMES,
)
_BARE = _names(
    "SELECT name FROM unnest(:names) AS name WHERE NOT EXISTS "
    "(SELECT FROM pg_policy WHERE polrelid = to_regclass(name) AND polname = :policy) ORDER BY name",
    _NAMES,
    sa.bindparam("policy", _OF_PARTNER, sa.Text),
)
_OFF = _names(
    "SELECT name FROM unnest(:names) AS name JOIN pg_class ON pg_class.oid = to_regclass(name) "
    "WHERE NOT relrowsecurity ORDER BY name",
    _NAMES,
)
_UNLIKE: Statement[tuple[str, str]] = Statement(
    sa.text(
        "SELECT of_table, name FROM unnest(:tables, :policies, :commands, :conditions) "
        "AS wanted (of_table, name, command, condition) "
        "WHERE to_regclass(of_table) IS NOT NULL AND NOT EXISTS (SELECT FROM pg_policy "
        "WHERE polrelid = to_regclass(of_table) AND polname = name AND polpermissive AND polroles = '{0}' "
        "AND polcmd = CASE command WHEN 'ALL' THEN '*' ELSE 'r' END AND polwithcheck IS NULL "
        "AND pg_get_expr(polqual, polrelid) = condition)"
    )
    .bindparams(
        *(
            sa.bindparam(name, list(values), sa.ARRAY(sa.Text))
            for name, values in zip(
                ("tables", "policies", "commands", "conditions"), zip(*POLICIES, strict=True), strict=True
            )
        )
    )
    .columns(of_table=sa.Text, name=sa.Text),
    values_of,
)
_SEQUENCES = _names(
    "SELECT DISTINCT sequence.oid::regclass::text AS name FROM pg_class sequence "
    "JOIN pg_depend ON objid = sequence.oid AND refclassid = 'pg_class'::regclass AND deptype IN ('a', 'i') "
    "WHERE relkind = 'S' AND refobjid IN (SELECT to_regclass(name)::oid FROM unnest(:names) AS name)",
    sa.bindparam("names", list(metadata.tables), sa.ARRAY(sa.Text)),
)
_QUOTED: Statement[tuple[str, str]] = Statement(
    sa.text(
        "SELECT quote_ident(rolname) AS name, quote_ident(current_schema()) AS schema FROM pg_roles "
        "WHERE rolname = :role"
    ).columns(name=sa.Text, schema=sa.Text),
    values_of,
)


async def are_on(connection: Connection) -> bool:
    """Return whether the database has row-level security turned on."""
    return (await connection.fetch(_ON))[0]


async def unbound(connection: Connection) -> Sequence[str]:
    """Return the names of partners' tables whose policies don't bind the role of the connection."""
    return list(await connection.fetch(_OPEN))


async def bare(connection: Connection) -> Sequence[str]:
    """Return the names of partners' tables that have no policy."""
    return list(await connection.fetch(_BARE))


async def unfit(connection: Connection) -> Sequence[str]:
    """Return the names of the tables that `turn_on` would change, and lock."""
    unlike = {table for table, _ in await connection.fetch(_UNLIKE)}
    return sorted(unlike | {*await connection.fetch(_OFF)})


async def wait_briefly(tx: Transaction) -> None:
    """Let the transaction wait for tables for a moment only, because all who want them later wait behind it."""
    await _run(tx, "SET LOCAL lock_timeout = '2s'")


async def turn_on(tx: Transaction) -> None:
    """Let the policies of the partners' tables that there are bind every role that does not own the tables.

    Only what is missing or different is made, since that locks the table.
    """
    unlike = {(table, name) for table, name in await tx.fetch(_UNLIKE)}
    for table, name, command, condition in POLICIES:
        if (table, name) in unlike:
            await _run(tx, f"DROP POLICY IF EXISTS {name} ON {table}")
            await _run(tx, f"CREATE POLICY {name} ON {table} FOR {command} USING {condition}")
    for table in list(await tx.fetch(_OFF)):
        await _run(tx, f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")


async def turn_off(tx: Transaction) -> None:
    """Let the policies bind no role any more."""
    for table in COLUMNS:
        await _run(tx, f"ALTER TABLE IF EXISTS {table} DISABLE ROW LEVEL SECURITY")


async def grant(tx: Transaction, role: str) -> bool:
    """Give a role what a server needs, in tables to come too; return False if there is no such role."""
    quoted = list(await tx.fetch(_QUOTED, {"role": role}))
    if not quoted:
        return False
    ((name, schema),) = quoted
    to = f"TO {name}"
    await _run(tx, f"GRANT USAGE ON SCHEMA {schema} {to}")
    await _run(tx, f"GRANT SELECT, INSERT, UPDATE, DELETE ON {', '.join(metadata.tables)} {to}")
    await _run(tx, f"GRANT SELECT ON {VERSION.name} {to}")
    await _run(tx, f"GRANT USAGE ON SEQUENCE {', '.join(await tx.fetch(_SEQUENCES))} {to}")
    await _run(tx, f"ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES {to}")
    await _run(tx, f"ALTER DEFAULT PRIVILEGES GRANT USAGE ON SEQUENCES {to}")
    return True


async def _run(tx: Transaction, text: str) -> None:
    await tx.execute(Statement(sa.text(text), values_of))
