"""Keys have the partner in them, so that the database itself refuses references across partners."""

from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa
from sqlalchemy import ForeignKeyConstraint, PrimaryKeyConstraint, Table, UniqueConstraint

from db.engine import Database, Transaction
from db.tables import metadata, stock_movements, users
from tests.databases import Databases
from tests.db.plain_sql import REFUSED
from tests.db.rows_of_two_partners import Row, Rows, new_row, write_two_partners
from tests.units import insert

COPIED = {
    # No partner's.
    *("partners", "products", "price_tables", "price_table_versions", "price_tiers", "trusted_documents"),
    *("rate_buckets", "sign_in_attempts"),
    # A sign-in or a secret is looked up in these before the partner is known.
    *("users", "tokens", "invitations", "password_resets", "identities"),
    *("totp_secrets", "recovery_codes", "sign_in_challenges", "unlinked_identities"),
}
"""Tables that Citus copies to each node, as reference tables."""

DISTRIBUTED = [table for table in metadata.sorted_tables if table.name not in COPIED]

REFERENCES = [
    pytest.param(table, key, id=f"{table}.{key.elements[-1].parent.name}")
    for table in metadata.sorted_tables
    for key in sorted(table.foreign_key_constraints, key=lambda key: str(key.name))
    if "partner_id" in table.c and "partner_id" in key.referred_table.c
]
"""Foreign keys from rows of a partner to rows of a partner."""

PERSONS = {
    *("orders.created_by_id", "orders.approved_by_id", "orders.cancelled_by_id", "clients.cancelled_by_id"),
    *("activations.activated_by_id", "activations.cancelled_by_id", "events.actor_id", "webhooks.maker_id"),
    *("invitations.invited_by_id", "password_resets.created_by_id"),
}
"""Who did something: the vendor's users do it for any partner."""

WITHIN = [each for each in REFERENCES if each.id not in PERSONS]


def test_tables_are_distributed_or_copied_to_each_node() -> None:
    assert metadata.tables.keys() >= COPIED
    assert all("partner_id" in table.c and not table.c.partner_id.nullable for table in DISTRIBUTED)


@pytest.mark.parametrize("table", DISTRIBUTED, ids=str)
def test_every_unique_key_of_a_distributed_table_has_the_partner(table: Table) -> None:
    keys = [each for each in table.constraints if isinstance(each, PrimaryKeyConstraint | UniqueConstraint)]

    assert all("partner_id" in key.columns for key in keys)
    assert all("partner_id" in index.columns for index in table.indexes if index.unique)


@pytest.mark.parametrize("table", metadata.sorted_tables, ids=str)
def test_foreign_keys_are_those_that_citus_allows(table: Table) -> None:
    for key in table.foreign_key_constraints:
        assert _is_allowed(table, key), f"{key.name}"


def _is_allowed(table: Table, key: ForeignKeyConstraint) -> bool:
    # Any table may refer to one that is copied, and one that is copied to no other.
    if key.referred_table.name in COPIED:
        return True
    pairs = {(each.parent.name, each.column.name) for each in key.elements}
    # Actions that would set the partner to null or a default are refused.
    return table.name not in COPIED and ("partner_id", "partner_id") in pairs and not (key.ondelete or key.onupdate)


@pytest.mark.parametrize("table", DISTRIBUTED, ids=str)
def test_distributed_tables_have_no_computed_keys_or_exclusions(table: Table) -> None:
    assert table.c.partner_id.server_default is None
    assert table.c.partner_id.computed is None
    assert not [each for each in table.constraints if type(each).__name__ == "ExcludeConstraint"]
    # Ids are of type bigint, of which Citus gives each node a range of a sequence.
    assert "id" not in table.c or isinstance(table.c.id.type, sa.BigInteger)


@pytest.mark.parametrize(("table", "key"), REFERENCES)
def test_a_reference_within_a_partner_names_the_partner(table: Table, key: ForeignKeyConstraint) -> None:
    name = f"{table}.{key.elements[-1].parent.name}"
    columns = [(each.parent.name, each.column.name) for each in key.elements]

    if name in PERSONS:
        assert key.referred_table is users
    else:
        assert columns[0] == ("partner_id", "partner_id")


@pytest.fixture(scope="module")
async def empty(engine: str, databases: Databases) -> AsyncIterator[Database]:
    """Database without rows, for the tests of the module, which leave none."""
    opened = Database(databases.migrated(engine))
    yield opened
    await opened.close()


@pytest.mark.parametrize(("table", "key"), WITHIN)
async def test_the_database_refuses_a_reference_to_another_partners_row(
    empty: Database, table: Table, key: ForeignKeyConstraint
) -> None:
    parent = key.elements[-1].parent.name

    async def refused(tx: Transaction) -> str:
        mine, others = await write_two_partners(tx)
        if table.c[parent].nullable:
            # Its rows have every other reference already.
            await _refer(tx, table, parent, mine, mine[key.referred_table.name])
        try:
            await _refer(tx, table, parent, mine, others[key.referred_table.name])
        except REFUSED as error:
            return str(error).lower()
        return "nothing"

    assert "foreign key" in await empty.rehearse(refused)


async def _refer(tx: Transaction, table: Table, parent: str, mine: Rows, referred: Row) -> None:
    row = new_row(table, 1, mine) | {parent: referred["id"]}
    if table is stock_movements:
        row |= {name: None for name in ("order_id", "activation_id") if name != parent}
    await insert(tx, table, [row])
