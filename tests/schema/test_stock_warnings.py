"""Warnings about a stock that runs low, over HTTP, on both engines."""

import asyncio

from domain.access import Permission, Role
from resolvers import ids
from tests.api import Api, Json
from tests.factories import new_caller, new_product

STOCK = "query ($product: ID) { licenseStock(productId: $product) { available low warningBelow ownWarningBelow } }"
PAYLOAD = "partner { policy { stockWarningBelow } } licenseStock { low warningBelow ownWarningBelow product { id } }"
WARNED = "{ events(filter: { types: [STOCK_LOW] }) { nodes { product { id } activation { id } } } }"
CHANGED = "{ events(filter: { types: [PARTNER_POLICY_CHANGED] }) { nodes { product { id } } } }"


async def _set(api: Api, below: int | None, product: str | None = None, **given: object) -> Json:
    wanted = {"warningBelow": below, "productId": product, **given}
    return await api.done("updateLicenseStockThreshold", PAYLOAD, wanted)


async def _stock(api: Api, product: str) -> Json:
    (stock,) = (await api.data(STOCK, product=product))["licenseStock"]
    return stock


async def _warned(api: Api) -> list[str]:
    return [event["product"]["id"] for event in (await api.data(WARNED))["events"]["nodes"]]


async def test_the_number_of_a_product_goes_before_that_of_the_partner(api: Api, product: str) -> None:
    other = await new_product(api.portal, api.partner_id)
    await api.buy(product, 5)
    await api.buy(other, 5)
    nothing = {"available": 5, "low": False, "warningBelow": None, "ownWarningBelow": None}
    assert await _stock(api, product) == nothing

    of_partner = await _set(api, 6)
    of_product = await _set(api, 5, product)

    assert of_partner["partner"] == {"policy": {"stockWarningBelow": 6}}
    assert [(each["low"], each["warningBelow"]) for each in of_partner["licenseStock"]] == [(True, 6)] * 2
    (stock,) = of_product["licenseStock"]
    assert stock == {"low": False, "warningBelow": 5, "ownWarningBelow": 5, "product": {"id": product}}
    assert (await _stock(api, other))["low"] is True
    off = await _set(api, 0, product)
    assert (off["licenseStock"][0]["low"], off["licenseStock"][0]["warningBelow"]) == (False, None)
    again = await _set(api, None, product)
    assert (again["licenseStock"][0]["low"], again["licenseStock"][0]["ownWarningBelow"]) == (True, None)
    await _set(api, None)
    assert await _stock(api, product) == nothing
    await _set(api, None)
    changed = [event["product"] for event in (await api.data(CHANGED))["events"]["nodes"]]
    assert changed == [None, *[{"id": product}] * 3, None]


async def test_each_passing_of_the_number_is_one_event(api: Api, client: str, product: str) -> None:
    await api.buy(product, 4)
    await _set(api, 1)
    await _set(api, 3, product)

    made = [await api.activation(client, product) for _ in range(4)]
    assert await _warned(api) == [product]
    (event,) = (await api.data(WARNED))["events"]["nodes"]
    assert event["activation"] == {"id": made[1]}

    await api.buy(product, 3)
    given = {"activationId": made[0], "toClientId": client, "activationKey": "OTHER"}
    await api.done("moveActivation", "activation { id }", given)
    assert await _warned(api) == [product]
    await api.activation(client, product)
    assert await _warned(api) == [product] * 2


async def test_many_activations_at_once_pass_the_number_once(api: Api, product: str) -> None:
    # An activation locks its client, so those of one client come one after the other.
    clients = [await api.client() for _ in range(4)]
    await api.buy(product, 4)
    await _set(api, 3, product)

    for times in (1, 2, 3):
        made = await asyncio.gather(*(api.activation(client, product) for client in clients))
        assert await _warned(api) == [product] * times
        cancel = [{"activationId": each} for each in made]
        await asyncio.gather(*(api.done("cancelActivation", "activation { id }", each) for each in cancel))


async def test_managers_and_the_vendor_set_the_number_and_others_do_not(
    api: Api, other_api: Api, vendor: Api, product: str
) -> None:
    await api.buy(product, 1)
    partner = ids.encode("Partner", api.partner_id)
    sales = await new_caller(api.http, api.portal, vendor.partner_id, role=Role.VENDOR_SALES)
    await _set(sales, 2, partnerId=partner)
    await _set(vendor, 3, product, partnerId=partner)
    query = """mutation ($input: UpdateLicenseStockThresholdInput!) {
        updateLicenseStockThreshold(input: $input) { __typename } }"""
    for role in (Role.OPERATOR, Role.VIEWER):
        caller = await new_caller(api.http, api.portal, api.partner_id, role=role)
        error = await caller.error(query, input={"warningBelow": 9})
        assert error["extensions"]["missingPermissions"] == ["STOCK_MANAGE"]

    assert await other_api.codes("updateLicenseStockThreshold", {"productId": product, "warningBelow": 1}) == [
        "NOT_FOUND"
    ]
    for below, of_product in ((-1, product), (10_001, product), (0, None), (10_001, None)):
        given = {"productId": of_product, "warningBelow": below}
        assert await api.codes("updateLicenseStockThreshold", given) == ["INVALID_INPUT"]
    assert (await _stock(api, product))["warningBelow"] == 3
    for of_product in (product, None):
        error = await api.mutate("updateLicenseStockThreshold", "__typename", {"productId": of_product})
        assert [(each["code"], each["path"]) for each in error["userErrors"]] == [("INVALID_INPUT", ["warningBelow"])]
    assert (await _stock(api, product))["ownWarningBelow"] == 3
    narrow = await new_caller(api.http, api.portal, api.partner_id, chosen=frozenset({Permission.STOCK_MANAGE}))
    assert "errors" not in await narrow.post(query, input={"warningBelow": 2})
