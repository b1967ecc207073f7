"""Finding orders, prices and products over HTTP, on both engines; and that orders cost what was quoted."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from random import Random

import pytest

from domain.orders import OrderType
from tests.api import Api, Json, new_product, tier

ORDERS = """query ($filter: OrderFilter, $sort: OrderSort) { orders(filter: $filter, sort: $sort) {
    totalCount nodes { number } } }"""


async def numbers(api: Api, sort: Json = None, **chosen: object) -> list[int]:
    """The numbers of the orders that the filter chooses."""
    found = (await api.data(ORDERS, filter=chosen or None, sort=sort))["orders"]
    assert found["totalCount"] == len(found["nodes"])
    return [order["number"] for order in found["nodes"]]


@pytest.fixture
async def bought(api: Api, product: str) -> str:
    """A product with a completed, a pending and a cancelled order, numbered 1, 2, 3."""
    await api.buy(product, 1)
    await api.order((product, 7), type="ADDITIONAL_SEATS")
    cancelled = await api.order((await new_product(api.portal, api.partner_id), 1), (product, 1))
    await api.done("cancelOrder", "order { id }", {"orderId": cancelled})
    return product


async def test_orders_are_found_by_what_is_asked(api: Api, bought: str) -> None:
    other = await new_product(api.portal, api.partner_id)

    assert await numbers(api) == [3, 2, 1]
    assert await numbers(api, number=2) == [2]
    assert await numbers(api, number=9) == []
    assert await numbers(api, type="ADDITIONAL_SEATS") == [2]
    assert await numbers(api, status=["COMPLETED", "CANCELLED"]) == [3, 1]
    assert await numbers(api, status=[]) == []
    assert await numbers(api, status=None, number=None, productId=None) == [3, 2, 1]
    assert await numbers(api, productId=bought) == [3, 2, 1]
    assert await numbers(api, productId=bought, type="PURCHASE", status=["CANCELLED"]) == [3]
    assert await numbers(api, productId=other) == await numbers(api, productId="nothing") == []


@pytest.mark.usefixtures("bought")
async def test_orders_are_found_by_when_they_were_created(api: Api) -> None:
    found = await api.data("{ orderByNumber(number: 2) { createdAt } }")
    at = found["orderByNumber"]["createdAt"]

    assert await numbers(api, createdAt={"from": at}) == [3, 2]
    assert await numbers(api, createdAt={"to": at}) == [1]


@pytest.mark.usefixtures("bought")
@pytest.mark.parametrize("by", ["NUMBER", "CREATED_AT"])
async def test_orders_are_sorted_both_ways(api: Api, by: str) -> None:
    assert await numbers(api, {"by": by, "direction": "ASC"}) == [1, 2, 3]
    assert await numbers(api, {"by": by}) == [3, 2, 1]


@pytest.mark.parametrize("number", [0, -1, 4, 2**31 - 1])
@pytest.mark.usefixtures("bought")
async def test_there_is_no_order_of_another_number(api: Api, number: int) -> None:
    found = await api.data("query ($number: Int!) { orderByNumber(number: $number) { id } }", number=number)

    assert found["orderByNumber"] is None


@pytest.mark.parametrize(
    ("language", "labels"),
    [
        ("pt-BR", ["Finalizado", "Confirmação Pendente", "Cancelado"]),
        ("en", ["Completed", "Pending confirmation", "Cancelled"]),
    ],
)
@pytest.mark.usefixtures("bought")
async def test_a_status_has_a_label_in_the_callers_language(api: Api, language: str, labels: list[str]) -> None:
    caller = replace(api, language=language)

    found = await caller.data("{ orders(sort: {direction: ASC}) { nodes { statusLabel statusAbbreviation } } }")

    orders = found["orders"]["nodes"]
    assert [order["statusLabel"] for order in orders] == labels
    assert [order["statusAbbreviation"] for order in orders] == ["FIN", "PEND", "CANC"]


async def test_the_price_table_shows_each_product_with_its_tiers(api: Api) -> None:
    tiers = {OrderType.PURCHASE: [tier(10, bonus=2), tier(1)], OrderType.ADDITIONAL_SEATS: [tier(1, monthly=5_00)]}
    product = await new_product(api.portal, api.partner_id, tiers=tiers)

    found = await api.data(
        """{ priceTable { name items { orderType product { id }
        tiers { minimumQuantity unitMonthlyPrice unitSetupFee bonusQuantity } } } }"""
    )

    shown = {item["orderType"]: item for item in found["priceTable"]["items"]}
    assert {item["product"]["id"] for item in shown.values()} == {product}
    assert [each["minimumQuantity"] for each in shown["PURCHASE"]["tiers"]] == [1, 10]
    assert shown["ADDITIONAL_SEATS"]["tiers"] == [
        {"minimumQuantity": 1, "unitMonthlyPrice": "5.00", "unitSetupFee": "50.00", "bonusQuantity": 0}
    ]


async def test_the_price_table_is_the_partners_own(api: Api, other_api: Api, product: str) -> None:
    shown = await other_api.data("{ priceTable { items { product { id } } } viewer { partner { priceTable { id } } } }")
    listed = await other_api.data("{ products { id code name includedSeats active } }")

    assert shown["priceTable"]["items"] == []
    (mine,) = [each for each in listed["products"] if each["id"] == product]
    assert (mine["name"], mine["includedSeats"], mine["active"]) == ("Moderniza Completo", 2, True)
    assert shown["viewer"]["partner"]["priceTable"] != (await api.data("{ priceTable { id } }"))["priceTable"]


@pytest.mark.parametrize("seed", range(8))
async def test_an_order_costs_the_sum_of_its_items_and_what_was_quoted(api: Api, seed: int) -> None:
    random = Random(seed)  # noqa: S311 — it chooses examples, the same in every run.

    items = []
    for _ in range(random.randint(1, 5)):
        minimums = [1, *random.sample(range(2, 10_001), random.randint(0, 3))]
        tiers = [
            tier(each, monthly=random.randint(0, 10**10 - 1), setup=random.randint(0, 10**10 - 1), bonus=each % 7)
            for each in minimums
        ]
        product = await new_product(api.portal, api.partner_id, tiers={OrderType.PURCHASE: tiers})
        items.append({"productId": product, "quantity": random.choice([1, *minimums, 10_000])})
    wanted = {"type": "PURCHASE", "items": items}
    values = """monthlyTotal setupFeeTotal totalWithSetupFee items { quantity bonusQuantity totalQuantity seats
        unitMonthlyPrice unitSetupFee setupFee monthlyTotal totalWithSetupFee product { id } }"""
    query = f"query ($input: QuoteOrderInput!) {{ quoteOrder(input: $input) {{ quote {{ {values} }} }} }}"

    quoted, created = await asyncio.gather(
        api.data(query, input=wanted), api.done("createOrder", f"order {{ {values} }}", wanted)
    )

    order = created["order"]
    assert order == quoted["quoteOrder"]["quote"]
    for total, part in (("monthlyTotal", "monthlyTotal"), ("setupFeeTotal", "setupFee")):
        assert Decimal(order[total]) == sum(Decimal(item[part]) for item in order["items"])
    assert Decimal(order["totalWithSetupFee"]) == Decimal(order["monthlyTotal"]) + Decimal(order["setupFeeTotal"])
    assert [item["product"]["id"] for item in order["items"]] == [item["productId"] for item in items]
    for item in order["items"]:
        assert Decimal(item["monthlyTotal"]) == Decimal(item["unitMonthlyPrice"]) * item["quantity"]
        assert Decimal(item["setupFee"]) == Decimal(item["unitSetupFee"]) * item["quantity"]
