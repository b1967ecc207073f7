"""The tables keep partners apart, and compare text alike on both engines."""

import pytest
import sqlalchemy as sa

from db.engine import Database
from db.engine.column_types import BytewiseText
from db.tables import metadata
from tests.units import fetch_value, reading

TENANTS = [table for table in metadata.sorted_tables if "partner_id" in table.c]
NAMES = [column for table in metadata.sorted_tables for column in table.c if isinstance(column.type, sa.Enum)]
# A key is found before it is known whose it is: its owner is what one asks for.
FOUND_WITHOUT_PARTNER = {"users.email", "invitations.digest", "tokens.digest", "sign_in_challenges.digest"}


# The vendor's users list all partners together.
FOR_VENDOR = {
    "ix_clients_active_of_all_by_name",
    "ix_clients_search_of_all",
    "ix_clients_cnpj",
    "ix_clients_city_folded_id_status",
    "ix_clients_last_activated_at_id",
    "ix_clients_registered_at_id",
    "ix_clients_updated_at_id",
    "ix_activations_activated_at_id",
    "ix_activations_updated_at_id",
    "ix_activations_client_name_folded_id",
    "ix_activations_activation_key",
    "ix_activations_authorization_code",
    "ix_activations_ecf_serial_number",
    "ix_orders_created_at_id",
    "ix_orders_number_id",
    "ix_orders_approved_at_id",
    "ix_partner_price_tables_price_table_id",
}


@pytest.mark.parametrize("table", TENANTS, ids=str)
def test_every_index_of_a_partners_table_begins_with_the_partner(table: sa.Table) -> None:
    others = {index for index in table.indexes if next(iter(index.columns)).name != "partner_id"}
    of_all = {index.name for index in others if index.columns.keys() != ["id"]}

    assert of_all <= FOR_VENDOR
    assert not any(index.unique for index in others)


@pytest.mark.parametrize("table", TENANTS, ids=str)
def test_every_uniqueness_in_a_partners_table_is_within_the_partner(table: sa.Table) -> None:
    for constraint in table.constraints:
        if isinstance(constraint, sa.UniqueConstraint):
            columns = [column.name for column in constraint.columns]
            assert columns[0] == "partner_id" or f"{table.name}.{columns[0]}" in FOUND_WITHOUT_PARTNER


@pytest.mark.parametrize("table", TENANTS, ids=str)
def test_every_text_in_an_index_is_compared_bytewise(table: sa.Table) -> None:
    indexed = [column for index in table.indexes for column in index.columns if isinstance(column.type, sa.Text)]

    assert all(column.type is BytewiseText for column in indexed)


@pytest.mark.parametrize("table", metadata.sorted_tables, ids=str)
def test_money_and_numbers_are_integers(table: sa.Table) -> None:
    assert not [column for column in table.c if isinstance(column.type, sa.Float | sa.Numeric)]


@pytest.mark.parametrize("column", NAMES, ids=str)
async def test_a_column_of_names_takes_those_of_its_enum_only(database: Database, column: sa.Column[str]) -> None:
    checks = [each for each in column.table.constraints if isinstance(each, sa.CheckConstraint)]
    (condition,) = (str(each.sqltext) for each in checks if str(each.sqltext).startswith(f"{column.name} = "))
    assert isinstance(column.type, sa.Enum)

    allowed = {
        name: await _is_allowed(database, condition, column.name, name)
        for name in (*column.type.enums, "", "OTHER", column.type.enums[0].lower(), f"{column.type.enums[0]} ")
    }

    assert {name for name, is_allowed in allowed.items() if is_allowed} == set(column.type.enums)


async def _is_allowed(database: Database, condition: str, column: str, name: str) -> bool:
    query = sa.text(f"SELECT {condition} FROM (SELECT CAST(:name AS VARCHAR(32)) AS {column}) AS given")  # noqa: S608 — of our tables.
    async with reading(database) as connection:
        return bool(await fetch_value(connection, query.bindparams(name=name).columns(is_allowed=sa.Boolean)))
