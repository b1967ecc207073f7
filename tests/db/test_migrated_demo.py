"""The demo data from before the vendor's users, migrated to the tables of today on both engines."""

from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa

from db.doctor.checks import examine
from db.engine import Database
from db.migrations import migrate
from resolvers.portal import Portal
from server.app import create_app
from server.settings import Settings
from tests.api import transport
from tests.databases import Databases
from tests.db.plain_sql import look, write
from tests.factories import new_caller

DEMO = Path(__file__).with_name("demo_before_vendor.sql").read_text(encoding="utf-8")
STATEMENTS = [statement for statement in DEMO.split(";\n") if "INSERT" in statement]
NUMBERED = (
    *("partners", "products", "price_tables", "users", "clients", "orders", "order_items", "activations", "events"),
    "stock_movements",
)
"""Tables whose next id PostgreSQL takes from a sequence, which rows with ids do not move."""
NEXT_ID = "SELECT setval(pg_get_serial_sequence('{0}', 'id'), (SELECT max(id) FROM {0}))"

TIER = "product_id, order_type, minimum_quantity, unit_monthly_price, unit_setup_fee, bonus_quantity"
ORDER = "partner_id, number, type, status, monthly_total, setup_fee_total, price_table_id, created_by_id"
ITEM = "partner_id, order_id, product_id, quantity, bonus_quantity, seats, unit_monthly_price, unit_setup_fee"
STOCK = "partner_id, product_id, purchased, bonus, activated, additional_seats_total, additional_seats_allocated"

VERSIONS = "partner_price_tables JOIN price_table_versions USING (price_table_id) JOIN price_tiers ON version_id = id"
BOUGHT = """query ($product: ID!) {
    priceTable { name versionInForce { number state } versions { number } }
    quoteOrder(input: { type: PURCHASE, items: [{ productId: $product, quantity: 10 }] }) {
        quote { monthlyTotal } } }"""


async def rows(url: str, columns: str, table: str) -> list[tuple[Any, ...]]:
    """Return the rows of a table, sorted."""
    query = sa.text(f"SELECT {columns} FROM {table}")  # noqa: S608 — our own.
    return sorted(tuple(map(str, row)) for row in await look(url, lambda sync: sync.execute(query).all()))


async def test_the_demo_from_before_the_vendor_keeps_its_prices_and_orders(engine: str, databases: Databases) -> None:
    url = databases.migrated(engine, to="0005")
    await write(url, *STATEMENTS)
    if engine == "postgresql":
        await write(url, *map(NEXT_ID.format, NUMBERED))
    kept = {"orders": ORDER, "order_items": ITEM, "license_stock": STOCK, "clients": "id, cnpj, name, city, status"}
    before = {table: await rows(url, columns, table) for table, columns in kept.items()}
    tiers = await rows(url, f"partner_id, {TIER}", "price_tiers")

    migrate.upgrade(url)

    assert {table: await rows(url, columns, table) for table, columns in kept.items()} == before
    assert await rows(url, f"partner_id, {TIER}", VERSIONS) == tiers
    assert await rows(url, "price_table_id, number, state", "price_table_versions") == [
        (str(table), "1", "PUBLISHED") for table in (1, 2, 3)
    ]
    assert await rows(url, "partner_id, price_table_id, preselected", "partner_price_tables") == [
        (str(partner), str(partner), str(1 if engine == "sqlite" else True)) for partner in (1, 2, 3)
    ]
    await _buy(url)


async def _buy(url: str) -> None:
    """Assert that nothing is wrong with the database, before and after an order."""
    database = Database(url)
    try:
        portal = Portal(database, secret=b"s" * 32)
        assert await examine(database) == []
        async with httpx.AsyncClient(transport=transport(create_app(portal, Settings())), base_url="http://p") as http:
            api = await new_caller(http, portal, 1)
            product = (await api.data("{ products { id code } }"))["products"][0]["id"]
            bought = await api.data(BOUGHT, product=product)
            assert bought["priceTable"] == {
                "name": "Pauta Ouro 2026",
                "versionInForce": {"number": 1, "state": "PUBLISHED"},
                "versions": [{"number": 1}],
            }
            assert bought["quoteOrder"]["quote"] is not None
            await api.buy(product, 10)
        assert await examine(database) == []
    finally:
        await database.close()
