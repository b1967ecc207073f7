"""Creating, quoting and cancelling orders over HTTP, on both engines."""

import httpx
import pytest
import sqlalchemy as sa

from db import price_drafts, price_tables, prices
from db.tables import products
from domain.access import Role
from domain.orders import OrderType
from domain.price_tables import PriceKey
from resolvers import ids
from tests.api import Api, Json
from tests.factories import new_caller, new_product, tier
from tests.units import execute, writing

VALUES = """quantity bonusQuantity totalQuantity seats unitMonthlyPrice unitSetupFee setupFee monthlyTotal
    totalWithSetupFee product { id }"""
TOTALS = f"type monthlyTotal setupFeeTotal totalWithSetupFee items {{ {VALUES} }}"
TIERED = {OrderType.PURCHASE: [tier(1), tier(10, monthly=90_00, setup=40_00, bonus=2)]}


async def quote(api: Api, *items: tuple[str, int], order_type: str = "PURCHASE", selection: str = TOTALS) -> Json:
    """Return the payload of quoteOrder."""
    wanted = {"type": order_type, "items": [{"productId": each, "quantity": quantity} for each, quantity in items]}
    query = f"""query ($input: QuoteOrderInput!) {{ quoteOrder(input: $input) {{
        quote {{ {selection} }} userErrors {{ code path }} }} }}"""
    return (await api.data(query, input=wanted))["quoteOrder"]


async def refused(api: Api, *items: tuple[str, int], order_type: str = "PURCHASE") -> list[tuple[str, str]]:
    """Return the codes and paths with which createOrder and quoteOrder both refuse the items."""
    wanted = {"type": order_type, "items": [{"productId": each, "quantity": quantity} for each, quantity in items]}
    created = await api.mutate("createOrder", "order { id }", wanted)
    quoted = await quote(api, *items, order_type=order_type)
    assert created["order"] is quoted["quote"] is None
    codes = [[(error["code"], ".".join(error["path"])) for error in each["userErrors"]] for each in (created, quoted)]
    assert codes[0] == codes[1]
    return codes[0]


async def test_an_order_keeps_what_its_items_come_to(api: Api) -> None:
    product = await new_product(api.portal, api.partner_id, included_seats=3, tiers=TIERED)
    wanted = {"type": "PURCHASE", "items": [{"productId": product, "quantity": 10}], "note": " Urgente\n"}

    payload = await api.done(
        "createOrder",
        f"order {{ number status note createdBy {{ name }} partner {{ name }} priceTable {{ name }} {TOTALS} }}",
        wanted,
    )

    assert payload["order"] == {
        "number": 1,
        "status": "PENDING",
        "note": "Urgente",
        "createdBy": {"name": "Ana"},
        "partner": {"name": "Alfa"},
        "priceTable": {"name": f"Pauta {api.partner_id}"},
        "type": "PURCHASE",
        "monthlyTotal": "900.00",
        "setupFeeTotal": "400.00",
        "totalWithSetupFee": "1300.00",
        "items": [
            {
                "quantity": 10,
                "bonusQuantity": 2,
                "totalQuantity": 12,
                "seats": 36,
                "unitMonthlyPrice": "90.00",
                "unitSetupFee": "40.00",
                "setupFee": "400.00",
                "monthlyTotal": "900.00",
                "totalWithSetupFee": "1300.00",
                "product": {"id": product},
            }
        ],
    }


async def test_a_quote_says_how_far_the_next_tier_is_and_writes_nothing(api: Api) -> None:
    product = await new_product(api.portal, api.partner_id, tiers=TIERED)
    selection = "items { unitsToNextTier nextTier { minimumQuantity unitMonthlyPrice bonusQuantity } }"

    below = await quote(api, (product, 7), selection=selection)
    above = await quote(api, (product, 10), selection=selection)

    next_tier = {"minimumQuantity": 10, "unitMonthlyPrice": "90.00", "bonusQuantity": 2}
    assert below["quote"]["items"] == [{"unitsToNextTier": 3, "nextTier": next_tier}]
    assert above["quote"]["items"] == [{"unitsToNextTier": None, "nextTier": None}]
    assert (await api.data("{ orders { totalCount } }"))["orders"]["totalCount"] == 0


@pytest.mark.parametrize("quantity", [0, -1, 10_001])
async def test_a_quantity_is_from_1_to_10000(api: Api, product: str, quantity: int) -> None:
    assert await refused(api, (product, quantity)) == [("INVALID_INPUT", "items.0.quantity")]


@pytest.mark.parametrize("quantity", [1, 10_000])
async def test_the_smallest_and_the_largest_quantity_are_taken(api: Api, product: str, quantity: int) -> None:
    assert await api.order((product, quantity))


async def test_an_order_has_a_product_at_most_once(api: Api, product: str) -> None:
    assert await refused(api, (product, 1), (product, 2)) == [("DUPLICATE_PRODUCT", "items.1.productId")]


async def test_every_unknown_product_is_named(api: Api, product: str) -> None:
    codes = await refused(api, ("nothing", 1), (product, 1), (ids.encode("Product", 2**62), 1))

    assert codes == [("NOT_FOUND", "items.0.productId"), ("NOT_FOUND", "items.2.productId")]


@pytest.mark.parametrize("count", [0, 51])
async def test_an_order_has_from_1_to_50_items(api: Api, count: int) -> None:
    assert ("INVALID_INPUT", "items") in await refused(api, *[("nothing", 1)] * count)


async def test_a_quantity_below_the_lowest_tier_has_no_price(api: Api) -> None:
    product = await new_product(api.portal, api.partner_id, tiers={OrderType.PURCHASE: [tier(5)]})

    assert await refused(api, (product, 4)) == [("PRODUCT_NOT_PRICED", "items.0.productId")]


async def test_a_retired_product_without_a_price_is_refused_as_retired(api: Api) -> None:
    product = await new_product(api.portal, api.partner_id, tiers={OrderType.PURCHASE: [tier(10)]})
    async with writing(api.portal.database) as tx:
        mine = products.c.id == ids.number("Product", product)
        await execute(tx, sa.update(products).where(mine).values(active=False))

    assert await refused(api, (product, 1)) == [("PRODUCT_RETIRED", "items.0.productId")]


async def test_additional_seats_are_for_products_that_were_bought(api: Api, product: str) -> None:
    codes = await refused(api, (product, 1), order_type="ADDITIONAL_SEATS")

    assert codes == [("PRODUCT_NOT_IN_STOCK", "items.0.productId")]
    await api.buy(product, 1)
    payload = await quote(api, (product, 7), order_type="ADDITIONAL_SEATS")
    assert payload["quote"]["items"][0]["seats"] == 7


async def test_an_order_at_the_expected_total_is_created(api: Api, product: str) -> None:
    assert await api.order((product, 2), expectedTotal="300.00")


async def test_an_order_at_another_total_is_refused_with_both(api: Api, product: str) -> None:
    wanted = {"type": "PURCHASE", "items": [{"productId": product, "quantity": 2}], "expectedTotal": "0.00"}

    payload = await api.mutate("createOrder", "order { id }", wanted)

    (error,) = payload["userErrors"]
    assert error.items() >= {"__typename": "PriceChangedError", "expected": "0.00", "actual": "300.00"}.items()
    assert (error["code"], error["path"]) == ("PRICE_CHANGED", ["expectedTotal"])
    assert (await api.data("{ orders { totalCount } }"))["orders"]["totalCount"] == 0


async def test_an_order_keeps_its_prices_when_the_table_changes(api: Api, product: str) -> None:
    order = await api.order((product, 2))
    query = f"query ($id: ID!) {{ order(id: $id) {{ {TOTALS} }} }}"
    before = await api.data(query, id=order)

    async with writing(api.portal.database) as tx:
        table_id = await price_tables.chosen(tx, api.partner_id, None)
        assert table_id is not None
        at = api.portal.now()
        version_id = await price_drafts.create(tx, table_id, at=at)
        key = PriceKey(ids.number("Product", product), OrderType.PURCHASE)
        await prices.replace_tiers(tx, version_id, {key: [tier(1, monthly=1, setup=2, bonus=3)]})
        await price_drafts.publish(tx, version_id, begins_at=at, by_id=None, at=at)

    assert await api.data(query, id=order) == before
    assert (await quote(api, (product, 2)))["quote"]["totalWithSetupFee"] == "0.06"


async def test_orders_are_numbered_for_each_partner_and_a_refusal_takes_no_number(api: Api, other_api: Api) -> None:
    product = await new_product(api.portal, api.partner_id)
    other = await new_product(other_api.portal, other_api.partner_id)
    for _ in range(2):
        await api.order((product, 1))
    await refused(api, (product, 0))
    await refused(api, ("nothing", 1))
    await api.order((product, 1))
    await other_api.order((other, 1))

    mine = await api.data("{ orders(sort: {direction: ASC}) { nodes { number } } }")
    theirs = await other_api.data("{ orders { nodes { number } } }")

    assert [order["number"] for order in mine["orders"]["nodes"]] == [1, 2, 3]
    assert [order["number"] for order in theirs["orders"]["nodes"]] == [1]


@pytest.mark.parametrize("note", ["a" * 2_001, "a\0", "a\ud800"])
async def test_a_note_has_at_most_2000_characters_that_can_be_kept(api: Api, product: str, note: str) -> None:
    items = [{"productId": product, "quantity": 1}]
    order = await api.order((product, 1), note="a" * 2_000)

    created = await api.mutate("createOrder", "order { id }", {"type": "PURCHASE", "items": items, "note": note})
    cancelled = await api.mutate("cancelOrder", "order { id }", {"orderId": order, "reason": note})

    assert [error["path"] for error in created["userErrors"]] == [["note"]]
    assert [error["path"] for error in cancelled["userErrors"]] == [["reason"]]


async def test_a_cancelled_order_says_who_when_and_why(api: Api, product: str) -> None:
    order = await api.order((product, 1))
    selection = "order { status cancelledAt cancellationNote cancelledBy { name } approvedAt approvedBy { name } }"

    payload = await api.done("cancelOrder", selection, {"orderId": order, "reason": " Engano "})

    cancelled = payload["order"]
    assert cancelled.pop("cancelledAt") is not None
    assert cancelled == {
        "status": "CANCELLED",
        "cancellationNote": "Engano",
        "cancelledBy": {"name": "Ana"},
        "approvedAt": None,
        "approvedBy": None,
    }
    assert (await api.data("{ licenseStock { id } }"))["licenseStock"] == []


@pytest.mark.parametrize("name", ["cancelOrder", "approveOrder"])
async def test_a_completed_order_stays_as_it_is(api: Api, product: str, name: str) -> None:
    order = await api.order((product, 1))
    await api.approve(order)

    payload = await api.mutate(name, "order { id }", {"orderId": order})

    (error,) = payload["userErrors"]
    assert (error["code"], error["from"], error["path"]) == ("ORDER_TRANSITION", "COMPLETED", ["orderId"])
    assert (await api.stock(product))["purchased"] == 1


async def test_an_unknown_order_is_not_found(api: Api) -> None:
    assert await api.codes("cancelOrder", {"orderId": "nothing"}) == ["NOT_FOUND"]
    assert await api.codes("approveOrder", {"orderId": "nothing"}) == ["NOT_FOUND"]


@pytest.mark.parametrize(
    ("role", "approve", "cancel"),
    [(Role.VIEWER, False, False), (Role.OPERATOR, False, True), (Role.MANAGER, True, True)],
)
async def test_an_order_says_what_the_viewer_can_do_with_it(
    http: httpx.AsyncClient, api: Api, product: str, role: Role, *, approve: bool, cancel: bool
) -> None:
    await api.order((product, 1))
    caller = await new_caller(http, api.portal, api.partner_id, role=role)

    found = await caller.data("{ orderByNumber(number: 1) { viewerCanApprove viewerCanCancel } }")

    assert found["orderByNumber"] == {"viewerCanApprove": approve, "viewerCanCancel": cancel}
