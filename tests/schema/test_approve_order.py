"""Approving an order: the model of a mutation, over HTTP, on both engines."""

import asyncio

from db import licenses
from domain.access import Permission, Role
from domain.licenses import COUNTER_MAX, Delta
from domain.orders import OrderType
from resolvers import ids
from tests.api import Api
from tests.factories import new_caller, new_product, tier
from tests.units import writing


async def test_an_approved_order_adds_its_quantity_and_bonus_to_the_stock(api: Api) -> None:
    tiers = {OrderType.PURCHASE: [tier(1), tier(10, bonus=2)]}
    product = await new_product(api.portal, api.partner_id, tiers=tiers)
    order = await api.order((product, 10))

    payload = await api.approve(order)

    assert payload["order"] == {"id": order, "status": "COMPLETED"}
    assert (await api.stock(product)).items() >= {"purchased": 10, "bonus": 2, "activated": 0, "available": 12}.items()


async def test_approved_additional_seats_add_seats_and_no_licenses(api: Api, product: str) -> None:
    await api.buy(product, 1)

    await api.approve(await api.order((product, 7), type="ADDITIONAL_SEATS"))

    stock = await api.stock(product)
    assert (stock["available"], stock["additionalSeatsTotal"], stock["additionalSeatsAvailable"]) == (1, 7, 7)


async def test_two_approvals_at_once_add_the_licenses_once(api: Api, product: str) -> None:
    order = await api.order((product, 10))

    answers = await asyncio.gather(api.approve(order), api.approve(order))

    codes = sorted(error["code"] for answer in answers for error in answer["userErrors"])
    assert codes == ["ORDER_TRANSITION"]
    assert (await api.stock(product))["available"] == 10


async def test_an_approval_has_a_user_an_event_and_a_ledger_line(api: Api, product: str) -> None:
    order = await api.order((product, 3))

    payload = await api.done(
        "approveOrder",
        """order { number approvedAt approvedBy { name } viewerCanApprove viewerCanCancel }
        licenseStock { movements { nodes { type purchased bonus activated order { id } activation { id } } } }""",
        {"orderId": order},
    )

    assert payload["order"]["approvedBy"] == {"name": "Ana"}
    assert (payload["order"]["viewerCanApprove"], payload["order"]["viewerCanCancel"]) == (False, False)
    assert payload["licenseStock"][0]["movements"]["nodes"] == [
        {
            "type": "ORDER_APPROVED",
            "purchased": 3,
            "bonus": 0,
            "activated": 0,
            "order": {"id": order},
            "activation": None,
        }
    ]
    events = await api.data("{ events(last: 1) { nodes { type message order { id } actor { name } } } }")
    assert events["events"]["nodes"] == [
        {"type": "ORDER_APPROVED", "message": "Order 1 approved.", "order": {"id": order}, "actor": {"name": "Ana"}}
    ]


async def test_an_order_that_is_not_pending_is_refused_with_its_status(api: Api, product: str) -> None:
    order = await api.order((product, 1))
    await api.done("cancelOrder", "order { status }", {"orderId": order})

    payload = await api.approve(order)

    (error,) = payload["userErrors"]
    assert payload["order"] is None
    assert (error["__typename"], error["from"], error["to"]) == ("OrderTransitionError", "CANCELLED", "COMPLETED")
    assert error["path"] == ["orderId"]


async def test_an_approval_that_would_pass_the_counters_limit_changes_nothing(api: Api) -> None:
    product = await new_product(api.portal, api.partner_id)
    other = await new_product(api.portal, api.partner_id)
    await api.buy(other, 1)
    await _fill(api, other)
    order = await api.order((product, 1), (other, 1))

    codes = await api.codes("approveOrder", {"orderId": order})

    assert codes == ["INVALID_INPUT"]
    assert (await api.data("{ licenseStock { purchased } }"))["licenseStock"] == [{"purchased": COUNTER_MAX}]
    orders = await api.data("query ($id: ID!) { order(id: $id) { status } }", id=order)
    assert orders["order"]["status"] == "PENDING"


async def test_the_same_key_approves_once_and_answers_the_same(api: Api, product: str) -> None:
    given = {"orderId": await api.order((product, 5)), "idempotencyKey": "approve-1"}

    first = await api.done("approveOrder", "order { id status } licenseStock { purchased }", given)
    again = await api.done("approveOrder", "order { id status } licenseStock { purchased }", given)

    assert first == again
    assert (await api.stock(product))["purchased"] == 5


async def test_two_approvals_at_once_with_one_key_succeed_and_add_once(api: Api, product: str) -> None:
    given = {"orderId": await api.order((product, 5)), "idempotencyKey": "approve-2"}

    answers = await asyncio.gather(*(api.done("approveOrder", "order { status }", given) for _ in range(2)))

    assert [answer["order"]["status"] for answer in answers] == ["COMPLETED", "COMPLETED"]
    assert (await api.stock(product))["purchased"] == 5


async def test_an_operator_may_not_approve_and_nothing_happens(api: Api, product: str) -> None:
    operator = await new_caller(api.http, api.portal, api.partner_id, role=Role.OPERATOR)
    order = await api.order((product, 1))

    error = await operator.error(
        "mutation ($id: ID!) { approveOrder(input: {orderId: $id}) { order { id } } }", id=order
    )

    assert error["extensions"] == {
        "code": "FORBIDDEN",
        "missingPermissions": [Permission.ORDERS_APPROVE.value],
    }
    assert (await api.data("{ licenseStock { id } }"))["licenseStock"] == []


async def _fill(api: Api, product: str) -> None:
    """Set the product's counters to their limit, which would take too many orders of 10,000."""
    async with writing(api.portal.database) as tx:
        number = ids.number("Product", product)
        assert await licenses.add_each(tx, api.partner_id, {number: Delta(purchased=COUNTER_MAX - 1)})
