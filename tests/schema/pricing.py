"""Price tables in tests: how the vendor makes, publishes and assigns them, and what partners pay by them."""

from collections.abc import Mapping
from datetime import datetime
from uuid import uuid4

from resolvers import ids
from tests.api import Api, Json

VERSION = "version { number state beginsAt publishedAt publishedBy { id } }"


async def new_table(vendor: Api) -> str:
    made = await vendor.done("createPriceTable", "priceTable { id }", {"name": f"Pauta Preço {uuid4()}"})
    return str(made["priceTable"]["id"])


def priced(product: str, *tiers: tuple[int, str], order_type: str = "PURCHASE") -> dict[str, object]:
    lines = [
        {"minimumQuantity": minimum, "unitMonthlyPrice": monthly, "unitSetupFee": "0.00"} for minimum, monthly in tiers
    ]
    return {"productId": product, "orderType": order_type, "tiers": lines}


async def draft(vendor: Api, table: str, *prices: Mapping[str, object]) -> Json:
    selection = f"{VERSION} warnings {{ orderType minimumQuantity product {{ id }} }}"
    return await vendor.done("draftPriceTable", selection, {"priceTableId": table, "prices": list(prices)})


async def publish(vendor: Api, table: str, begins_at: datetime | None = None) -> Json:
    given = {"priceTableId": table, "beginsAt": None if begins_at is None else begins_at.isoformat()}
    return (await vendor.done("publishPriceTable", VERSION, given))["version"]


async def assign(vendor: Api, api: Api, preselected: str, *others: str) -> None:
    given = {
        "partnerId": ids.encode("Partner", api.partner_id),
        "priceTableIds": [preselected, *others],
        "preselectedId": preselected,
    }
    await vendor.done("assignPriceTables", "partner { priceTables { id } priceTable { id } }", given)


async def quoted(api: Api, product: str, quantity: int = 1, **given: object) -> tuple[str, str | None] | list[str]:
    query = """query ($input: QuoteOrderInput!) { quoteOrder(input: $input) {
        quote { monthlyTotal validUntil } userErrors { code } } }"""
    items = [{"productId": product, "quantity": quantity}]
    found = (await api.data(query, input={"type": "PURCHASE", "items": items, **given}))["quoteOrder"]
    if found["userErrors"]:
        return [error["code"] for error in found["userErrors"]]
    return found["quote"]["monthlyTotal"], found["quote"]["validUntil"]


async def refusals(caller: Api, name: str, given: Mapping[str, object]) -> list[tuple[str, str]]:
    payload = await caller.mutate(name, "__typename", given)
    return sorted((error["code"], ".".join(error["path"])) for error in payload["userErrors"])
