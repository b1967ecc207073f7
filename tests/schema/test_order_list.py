"""Finding orders, prices and products over HTTP, on both engines."""

from dataclasses import replace

import pytest
import sqlalchemy as sa

from db import orders as order_rows
from db.engine import Transaction
from db.orders import OrderFilter, OrdersTotal
from db.tables import orders
from domain.orders import OrderType
from resolvers import ids
from tests.api import Api, Json
from tests.factories import new_caller, new_product, tier
from tests.units import execute

ORDERS = """query ($filter: OrderFilter, $sort: OrderSort) { orders(filter: $filter, sort: $sort) {
    totalCount nodes { number } } }"""


async def numbers(api: Api, sort: Json = None, **chosen: object) -> list[int]:
    """Return the numbers of the orders that the filter selects."""
    found = (await api.data(ORDERS, filter=chosen or None, sort=sort))["orders"]
    assert found["totalCount"] == len(found["nodes"])
    return [order["number"] for order in found["nodes"]]


@pytest.fixture
async def bought(api: Api, product: str) -> str:
    """Product with a completed, a pending and a cancelled order, numbered 1, 2, 3."""
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


async def test_orders_are_found_by_their_maker_and_their_approver(api: Api, other_api: Api, bought: str) -> None:
    maker = await new_caller(api.http, api.portal, api.partner_id)
    await api.approve(await maker.order((bought, 1)))
    ana, rui, theirs = (ids.encode("User", each.user_id) for each in (api, maker, other_api))

    assert await numbers(api, createdById=rui) == [4]
    assert await numbers(api, createdById=ana) == [3, 2, 1]
    assert await numbers(api, approvedById=ana) == [4, 1]
    assert await numbers(api, approvedById=ana, createdById=ana) == [1]
    assert await numbers(api, approvedById=rui) == await numbers(api, createdById=theirs) == []
    assert await numbers(other_api, createdById=rui) == await numbers(other_api, approvedById=ana) == []
    assert await numbers(api, createdById=None, approvedById=None, totalWithSetupFee=None) == [4, 3, 2, 1]
    total = "query ($filter: OrderFilter) { ordersTotal(filter: $filter) { count } }"
    assert (await api.data(total, filter={"approvedById": ana}))["ordersTotal"] == {"count": 2}


@pytest.mark.usefixtures("bought")
async def test_orders_are_found_by_an_amount_or_a_range_of_amounts(api: Api) -> None:
    totals = [(150, 1), (300, 3), (1050, 2)]
    found = await api.data("{ orders(sort: { direction: ASC }) { nodes { totalWithSetupFee } } }")
    assert [node["totalWithSetupFee"] for node in found["orders"]["nodes"]] == ["150.00", "1050.00", "300.00"]

    for amount, number in totals:
        exactly = f"{amount}.00"
        assert await numbers(api, totalWithSetupFee={"minimum": exactly, "maximum": exactly}) == [number]
    assert await numbers(api, totalWithSetupFee={"minimum": "150.01"}) == [3, 2]
    assert await numbers(api, totalWithSetupFee={"maximum": "1049.99"}) == [3, 1]
    assert await numbers(api, totalWithSetupFee={"minimum": "300", "maximum": "150"}) == []
    assert await numbers(api, totalWithSetupFee={"minimum": None}) == [3, 2, 1]


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


@pytest.mark.usefixtures("bought")
async def test_totals_of_more_than_64_bits_are_added_up(api: Api) -> None:
    huge, mine = 2**62 + 1, orders.c.partner_id == api.partner_id

    async def added_up(tx: Transaction) -> OrdersTotal:
        await execute(tx, sa.update(orders).where(mine).values(monthly_total=huge, setup_fee_total=huge - 1))
        return await order_rows.total(tx, api.partner_id, OrderFilter())

    found = await api.portal.database.rehearse(added_up)

    assert found == (3, 3 * huge, 3 * (huge - 1))
    assert found.total_with_setup_fee == 6 * huge - 3
