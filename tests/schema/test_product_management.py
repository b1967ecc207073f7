"""Creating, updating and retiring products by the vendor's administrators, over HTTP on both engines."""

import asyncio
from collections.abc import Mapping
from uuid import uuid4

import pytest

from domain.access import Permission, Role
from domain.orders import OrderType
from resolvers import ids, orders, products
from resolvers.orders import CreateOrder
from resolvers.prices import WantedItem, WantedOrder
from resolvers.products import RetireProduct
from tests.api import Api, Json
from tests.factories import new_caller, new_product
from tests.resolvers.test_races import raced
from tests.schema.recipes import OF_PRODUCTS

_SEEN = "product { id code name includedSeats active }"


def _new(**given: object) -> dict[str, object]:
    return {"code": uuid4().hex.upper(), "name": "Módulo NFC-e", "includedSeats": 3, **given}


async def _created(vendor: Api, **given: object) -> Json:
    return (await vendor.done("createProduct", _SEEN, _new(**given)))["product"]


async def _update(vendor: Api, product: str, **given: object) -> Json:
    return (await vendor.done("updateProduct", _SEEN, {"productId": product, **given}))["product"]


async def _retire(vendor: Api, product: str) -> Json:
    return (await vendor.done("retireProduct", _SEEN, {"productId": product}))["product"]


async def _refusals(caller: Api, name: str, given: Mapping[str, object]) -> list[tuple[str, str]]:
    payload = await caller.mutate(name, "__typename", given)
    return sorted((error["code"], ".".join(error["path"])) for error in payload["userErrors"])


async def _quoted(api: Api, given: Mapping[str, object]) -> list[tuple[str, list[str]]]:
    query = "query ($input: QuoteOrderInput!) { quoteOrder(input: $input) { userErrors { code path } } }"
    errors = (await api.data(query, input=given))["quoteOrder"]["userErrors"]
    return [(error["code"], error["path"]) for error in errors]


async def _events(vendor: Api, product: str) -> list[tuple[str, str, str]]:
    """Return type, message and actor of the vendor's events of a product."""
    query = """query ($vendor: ID!) { events(filter: { partnerId: $vendor }, last: 20)
        { nodes { type message product { id } actor { id } } } }"""
    nodes = (await vendor.data(query, vendor=ids.encode("Partner", vendor.partner_id)))["events"]["nodes"]
    return [
        (node["type"], node["message"], node["actor"]["id"])
        for node in nodes
        if node["product"] is not None and node["product"]["id"] == product
    ]


def _wanted(product: str, **given: object) -> dict[str, object]:
    return {"type": "PURCHASE", "items": [{"productId": product, "quantity": 1}], **given}


async def test_each_change_of_a_product_is_seen_and_leaves_an_event(vendor: Api, api: Api) -> None:
    new = _new(code=f"nfce-{uuid4().hex}")

    created = (await vendor.done("createProduct", _SEEN, new))["product"]
    updated = await _update(vendor, created["id"], name="NFC-e", includedSeats=5)
    retired = await _retire(vendor, created["id"])

    expected = {"id": created["id"], **new, "code": str(new["code"]).upper(), "active": True}
    assert created == expected
    assert updated == expected | {"name": "NFC-e", "includedSeats": 5}
    assert retired == updated | {"active": False}
    assert retired in (await api.data("{ products { id code name includedSeats active } }"))["products"]
    admin = ids.encode("User", vendor.user_id)
    assert await _events(vendor, created["id"]) == [
        ("PRODUCT_CREATED", "NFC-e: product created.", admin),
        ("PRODUCT_UPDATED", "NFC-e: product updated.", admin),
        ("PRODUCT_RETIRED", "NFC-e: product retired.", admin),
    ]


async def test_bad_details_of_a_product_are_refused_together(vendor: Api) -> None:
    product = (await _created(vendor))["id"]
    bad = {"code": "A B", "name": " ", "includedSeats": -1}

    created = await _refusals(vendor, "createProduct", bad)
    updated = await _refusals(vendor, "updateProduct", {"productId": product, "name": None, "includedSeats": None})
    hidden = await _refusals(
        vendor, "updateProduct", {"productId": product, "name": "a\u202eb", "includedSeats": 10001}
    )

    assert created == [("INVALID_INPUT", "code"), ("INVALID_INPUT", "includedSeats"), ("INVALID_INPUT", "name")]
    assert updated == hidden == [("INVALID_INPUT", "includedSeats"), ("INVALID_INPUT", "name")]


async def test_a_code_is_one_product_s_even_after_it_is_retired(vendor: Api) -> None:
    product = await _created(vendor)
    await _retire(vendor, product["id"])

    again = await _refusals(vendor, "createProduct", _new(code=product["code"].lower()))

    assert again == [("PRODUCT_CODE_IN_USE", "code")]


async def test_two_products_created_at_once_with_one_code_are_one(vendor: Api) -> None:
    new = _new()

    codes = await asyncio.gather(*(vendor.codes("createProduct", new) for _ in range(2)))

    assert sorted(codes) == [[], ["PRODUCT_CODE_IN_USE"]]


async def test_an_update_of_a_product_keeps_what_it_does_not_name(vendor: Api) -> None:
    product = await _created(vendor)

    renamed = await _update(vendor, product["id"], name="NFC-e")
    seated = await _update(vendor, product["id"], includedSeats=0)
    same = await _update(vendor, product["id"], name="NFC-e", includedSeats=0)

    assert renamed == product | {"name": "NFC-e"}
    assert same == seated == renamed | {"includedSeats": 0}
    kinds = [kind for kind, _, _ in await _events(vendor, product["id"])]
    assert kinds == ["PRODUCT_CREATED", "PRODUCT_UPDATED", "PRODUCT_UPDATED"]


async def test_new_included_seats_are_those_of_later_orders_and_activations(vendor: Api, api: Api, client: str) -> None:
    product = await new_product(api.portal, api.partner_id, included_seats=2)
    await api.buy(product, 5)
    order, activation = await api.order((product, 1)), await api.activation(client, product)

    await _update(vendor, product, includedSeats=7)

    later = await api.order((product, 1)), await api.activation(client, product)
    await api.approve(order)
    query = """query ($order: ID!, $activation: ID!) {
        order(id: $order) { items { seats } } activation(id: $activation) { seats } }"""
    found = [await api.data(query, order=each[0], activation=each[1]) for each in ((order, activation), later)]
    seats = [(each["order"]["items"][0]["seats"], each["activation"]["seats"]) for each in found]
    assert seats == [(2, 2), (7, 7)]


@pytest.mark.parametrize("order_type", ["PURCHASE", "ADDITIONAL_SEATS"])
async def test_a_retired_product_is_neither_ordered_nor_quoted(vendor: Api, api: Api, order_type: str) -> None:
    product, other = [await new_product(api.portal, api.partner_id) for _ in range(2)]
    for each in (product, other):
        await api.buy(each, 1)
    await _retire(vendor, product)
    items = [{"productId": each, "quantity": 1} for each in (other, product)]
    given = {"type": order_type, "items": items}

    quoted = await _quoted(api, given)
    for caller in (api, vendor):
        payload = await caller.mutate(
            "createOrder", "__typename", {**given, "partnerId": ids.encode("Partner", api.partner_id)}
        )
        (error,) = payload["userErrors"]
        assert (error["code"], error["path"]) == ("PRODUCT_RETIRED", ["items", "1", "productId"])

    assert quoted == [("PRODUCT_RETIRED", ["items", "1", "productId"])]
    assert error["message"] == "Item 2: the product “Moderniza Completo” is retired and can no longer be ordered."


async def test_what_was_bought_of_a_retired_product_stays_usable(vendor: Api, api: Api, client: str) -> None:
    product = await new_product(api.portal, api.partner_id)
    await api.buy(product, 2)
    order, activation = await api.order((product, 1)), await api.activation(client, product)
    elsewhere = await api.client()

    await _retire(vendor, product)

    assert (await api.approve(order))["order"]["status"] == "COMPLETED"
    move = {"activationId": activation, "toClientId": elsewhere, "activationKey": "KEY-2"}
    moved = await api.done("moveActivation", "activation { id }", move)
    assert await api.codes("cancelActivation", {"activationId": moved["activation"]["id"]}) == []
    assert await api.activation(client, product)
    assert (await api.stock(product))["available"] == 2


async def test_a_retired_product_is_returned_as_it_is(vendor: Api) -> None:
    product = (await _created(vendor))["id"]

    codes = await asyncio.gather(*(vendor.codes("retireProduct", {"productId": product}) for _ in range(3)))

    assert codes == [[]] * 3
    assert (await _retire(vendor, product))["active"] is False
    assert [kind for kind, _, _ in await _events(vendor, product)] == ["PRODUCT_CREATED", "PRODUCT_RETIRED"]


async def test_a_key_changes_a_product_once(vendor: Api) -> None:
    key = str(uuid4())
    new = _new(idempotencyKey=key)

    first, again = [await vendor.done("createProduct", _SEEN, new) for _ in range(2)]
    product = first["product"]["id"]
    retiring = {"productId": product, "idempotencyKey": key}
    retired = [await vendor.done("retireProduct", _SEEN, retiring) for _ in range(2)]

    assert first == again
    assert retired[0] == retired[1]
    assert await vendor.codes("createProduct", {**new, "name": "Outro"}) == ["IDEMPOTENCY_CONFLICT"]
    assert [kind for kind, _, _ in await _events(vendor, product)] == ["PRODUCT_CREATED", "PRODUCT_RETIRED"]


async def test_a_retired_product_is_sold_again_after_its_reinstatement(vendor: Api, api: Api, product: str) -> None:
    await _retire(vendor, product)
    refused = await api.codes("createOrder", _wanted(product))

    reinstated = [await vendor.done("reinstateProduct", _SEEN, {"productId": product}) for _ in range(2)]

    assert refused == ["PRODUCT_RETIRED"]
    assert reinstated[0] == reinstated[1]
    assert reinstated[0]["product"]["active"] is True
    assert await api.codes("createOrder", _wanted(product)) == []
    query = """query ($filter: EventFilter) { events(filter: $filter) { totalCount nodes { type message } } }"""
    chosen = {"partnerId": ids.encode("Partner", vendor.partner_id), "productId": product}
    found = (await vendor.data(query, filter=chosen))["events"]
    assert found["totalCount"] == 2
    assert [each["type"] for each in found["nodes"]] == ["PRODUCT_RETIRED", "PRODUCT_REINSTATED"]
    assert found["nodes"][1]["message"] == "Moderniza Completo: product reinstated."


@pytest.mark.parametrize("name", ["updateProduct", "retireProduct", "reinstateProduct"])
async def test_an_id_of_no_product_is_not_found(vendor: Api, name: str) -> None:
    for unknown in (ids.encode("Product", 2**62), ids.encode("Partner", vendor.partner_id), "nothing"):
        given = {**OF_PRODUCTS[name], "productId": unknown}
        assert await _refusals(vendor, name, given) == [("NOT_FOUND", "productId")]


@pytest.mark.parametrize("name", sorted(OF_PRODUCTS))
async def test_only_the_vendor_s_administrators_change_products(vendor: Api, api: Api, name: str) -> None:
    product = await _created(vendor)
    of_one = {"createProduct": {"code": uuid4().hex}, "importProducts": {}}
    given = {**OF_PRODUCTS[name], **of_one.get(name, {"productId": product["id"]})}
    query = f"mutation ($input: {name[0].upper()}{name[1:]}Input!) {{ {name}(input: $input) {{ __typename }} }}"
    colleagues = [
        await new_caller(vendor.http, vendor.portal, vendor.partner_id, role=role)
        for role in (Role.VENDOR_VIEWER, Role.VENDOR_SALES)
    ]

    for caller in (api, *colleagues):
        error = await caller.error(query, input=given)
        assert error["extensions"] == {"code": "FORBIDDEN", "missingPermissions": ["PRODUCTS_MANAGE"]}
    assert product in (await vendor.data("{ products { id code name includedSeats active } }"))["products"]
    assert await vendor.codes(name, given) == []


async def test_a_reader_of_events_alone_reads_nothing_of_products(vendor: Api) -> None:
    await _created(vendor)
    chosen = frozenset({Permission.EVENTS_READ})
    reader = await new_caller(vendor.http, vendor.portal, vendor.partner_id, role=Role.VENDOR_ADMIN, chosen=chosen)
    query = """query ($vendor: ID!) { events(filter: { partnerId: $vendor, types: [PRODUCT_CREATED] }, last: 1)
        { nodes { message product { id } } } }"""

    found = await reader.data(query, vendor=ids.encode("Partner", vendor.partner_id))

    assert found["events"]["nodes"] == [{"message": "…: product created.", "product": None}]


async def test_a_partner_has_no_events_of_products(vendor: Api, api: Api) -> None:
    await _retire(vendor, (await _created(vendor))["id"])

    events = (await api.data("{ events(last: 100) { nodes { type } } }"))["events"]["nodes"]

    assert not [event for event in events if event["type"].startswith("PRODUCT_")]


async def test_no_order_is_created_of_a_product_that_is_being_retired(vendor: Api, api: Api, product: str) -> None:
    retiring = RetireProduct(ids.number("Product", product))

    refused = await raced(vendor, products.retire, retiring, api.codes("createOrder", _wanted(product)))

    assert refused == ["PRODUCT_RETIRED"]
    assert (await api.data("{ orders { totalCount } }"))["orders"]["totalCount"] == 0


async def test_a_product_is_retired_after_an_order_that_is_under_way(vendor: Api, api: Api, product: str) -> None:
    wanted = WantedOrder(OrderType.PURCHASE, (WantedItem(ids.number("Product", product), 1),))
    orders_then = list[int]()

    async def retired() -> list[str]:
        refused = await vendor.codes("retireProduct", {"productId": product})
        orders_then.append((await api.data("{ orders { totalCount } }"))["orders"]["totalCount"])
        return refused

    refused = await raced(api, orders.create, CreateOrder(wanted, None, None), retired())

    assert (refused, orders_then) == ([], [1])
    assert await api.codes("createOrder", _wanted(product)) == ["PRODUCT_RETIRED"]
