"""Drafts, publications and orders of a price table at the same time, on both engines."""

from dataclasses import replace

from db import price_tables as statements
from db.doctor.checks import examine
from domain import money
from domain.money import Cents
from domain.orders import OrderType
from domain.price_tables import PriceKey
from domain.prices import Tier
from resolvers import ids, price_table_changes
from resolvers.price_table_changes import AssignPriceTables, DraftedPrice, DraftPriceTable, PublishPriceTable
from tests.api import Api
from tests.factories import new_product
from tests.resolvers.test_races import raced
from tests.schema.pricing import assign, draft, new_table, priced, publish


async def test_no_order_takes_the_old_prices_once_new_ones_have_begun(vendor: Api, api: Api) -> None:
    product, table = await new_product(api.portal, api.partner_id), await new_table(vendor)
    await assign(vendor, api, table)
    await draft(vendor, table, priced(product, (1, "10.00")))
    await publish(vendor, table)
    await draft(vendor, table, priced(product, (1, "20.00")))
    publishing = PublishPriceTable(ids.number("PriceTable", table), None)
    ordered = {"type": "PURCHASE", "items": [{"productId": product, "quantity": 1}]}

    refused = await raced(vendor, price_table_changes.publish, publishing, api.codes("createOrder", ordered))

    query = """{ orders { nodes { createdAt monthlyTotal priceTableVersion { number beginsAt } } } }"""
    (order,) = (await api.data(query))["orders"]["nodes"]
    assert refused == []
    assert (order["monthlyTotal"], order["priceTableVersion"]["number"]) == ("20.00", 2)
    assert order["createdAt"] >= order["priceTableVersion"]["beginsAt"]


async def test_two_publications_at_once_publish_the_draft_once(vendor: Api, api: Api) -> None:
    product, table = await new_product(api.portal, api.partner_id), await new_table(vendor)
    await draft(vendor, table, priced(product, (1, "10.00")))
    publishing = PublishPriceTable(ids.number("PriceTable", table), None)

    refused = await raced(
        vendor, price_table_changes.publish, publishing, vendor.codes("publishPriceTable", {"priceTableId": table})
    )

    assert refused == ["NO_PRICE_TABLE_DRAFT"]


async def test_a_draft_that_waits_for_a_publication_is_a_copy_of_it(vendor: Api, api: Api) -> None:
    product, table = await new_product(api.portal, api.partner_id), await new_table(vendor)
    await draft(vendor, table, priced(product, (1, "10.00")))
    await publish(vendor, table)
    await draft(vendor, table, priced(product, (1, "20.00")))
    number = ids.number("PriceTable", table)
    drafted = {"priceTableId": table, "prices": [priced(product, (1, "30.00"))]}

    refused = await raced(
        vendor,
        price_table_changes.publish,
        PublishPriceTable(number, None),
        vendor.codes("draftPriceTable", drafted),
        lambda tx: statements.locked(tx, number),
    )

    version = await vendor.done("publishPriceTable", "version { number copyOf }", {"priceTableId": table})
    assert refused == []
    assert version["version"] == {"number": 3, "copyOf": 2}


async def test_a_draft_during_a_publication_changes_no_published_price(vendor: Api, api: Api) -> None:
    product, table = await new_product(api.portal, api.partner_id), await new_table(vendor)
    await draft(vendor, table, priced(product, (1, "10.00")))
    publishing = PublishPriceTable(ids.number("PriceTable", table), None)
    drafted = {"priceTableId": table, "prices": [priced(product, (1, "30.00"))]}

    refused = await raced(vendor, price_table_changes.publish, publishing, vendor.codes("draftPriceTable", drafted))

    assert refused == []
    assert await _versions(vendor, table) == [(2, "DRAFT", 1, ["30.00"]), (1, "PUBLISHED", None, ["10.00"])]


async def test_a_publication_during_a_draft_publishes_all_of_it(vendor: Api, api: Api) -> None:
    product, table = await new_product(api.portal, api.partner_id), await new_table(vendor)
    await draft(vendor, table, priced(product, (1, "10.00")))
    key = PriceKey(ids.number("Product", product), OrderType.PURCHASE)
    tiers = (_tier(1, "9.00"), _tier(10, "8.00"))
    cheaper = DraftedPrice(key, tiers)
    drafting = DraftPriceTable(ids.number("PriceTable", table), (cheaper,))

    refused = await raced(
        vendor, price_table_changes.draft, drafting, vendor.codes("publishPriceTable", {"priceTableId": table})
    )

    assert refused == []
    assert await _versions(vendor, table) == [(1, "PUBLISHED", None, ["9.00", "8.00"])]
    # The publication keeps how many tiers it has published.
    mine = f"price table {ids.number('PriceTable', table)} "
    assert [each for each in await examine(vendor.portal.database) if mine in each.message] == []


async def test_a_partner_assigned_before_a_publication_commits_learns_of_its_prices(vendor: Api, api: Api) -> None:
    product, table = await new_product(api.portal, api.partner_id), await new_table(vendor)
    await draft(vendor, table, priced(product, (1, "10.00")))
    await publish(vendor, table)
    await draft(vendor, table, priced(product, (1, "20.00")))
    number = ids.number("PriceTable", table)

    refused = await raced(
        replace(vendor, partner_id=api.partner_id),
        price_table_changes.assign,
        AssignPriceTables((number,), number),
        vendor.codes("publishPriceTable", {"priceTableId": table}),
    )

    query = "query ($id: ID!) { events(filter: {priceTableId: $id}) { nodes { type } } }"
    happened = (await api.data(query, id=table))["events"]["nodes"]
    assert refused == []
    assert [each["type"] for each in happened] == ["PRICES_CHANGED"] * 2


def _tier(minimum: int, monthly: str) -> Tier:
    price = money.parse(monthly)
    assert price is not None
    return Tier(minimum_quantity=minimum, unit_monthly_price=price, unit_setup_fee=Cents(0), bonus_quantity=0)


async def _versions(vendor: Api, table: str) -> list[tuple[int, str, int | None, list[str]]]:
    """Return number, state, origin and monthly prices of each version, the newest first."""
    query = """query ($id: ID!) { node(id: $id) { ... on PriceTable { versions { number state copyOf
        items { tiers { unitMonthlyPrice } } } } } }"""
    return [
        (
            each["number"],
            each["state"],
            each["copyOf"],
            [tier["unitMonthlyPrice"] for item in each["items"] for tier in item["tiers"]],
        )
        for each in (await vendor.data(query, id=table))["node"]["versions"]
    ]
