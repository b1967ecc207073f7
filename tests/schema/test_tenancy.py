"""Another partner's ids answer exactly as ids that do not exist."""

from typing import NamedTuple

import pytest

from tests.api import Api, Json, new_product, with_tokens
from tests.schema.worlds import World, absent, id_arguments, new_world

_ERRORS = "userErrors { __typename code message path }"


class Recipe(NamedTuple):
    """Query with `$id`, an id of the type.

    `shared` if all partners see the vendor's products, `nothing` if it finds nothing of its own either, and `error` if
    it answers an unknown id with an error of the request.
    """

    type_name: str
    query: str
    shared: bool = False
    nothing: bool = False
    error: bool = False


def _mutation(name: str, type_name: str, given: str, selection: str, *, shared: bool = False) -> Recipe:
    declared = "$id: ID!, $Client: ID!, $Product: ID!, $Activation: ID!, $Order: ID!, $ApiToken: ID!"
    used = ", ".join(each for each in declared.split(", ") if each.split(":")[0] in given)
    query = f"mutation ({used}) {{ {name}(input: {{ {given} }}) {{ {selection} {_ERRORS} }} }}"
    return Recipe(type_name, query, shared)


RECIPES = {
    "Query.node(id)": Recipe("Client", "query ($id: ID!) { node(id: $id) { __typename } }"),
    "Query.nodes(ids)": Recipe("Order", "query ($id: ID!) { nodes(ids: [$id]) { __typename } }"),
    "Query.client(id)": Recipe("Client", "query ($id: ID!) { client(id: $id) { name } }"),
    "Query.activation(id)": Recipe("Activation", "query ($id: ID!) { activation(id: $id) { activationKey } }"),
    "Query.activations(filter.clientId)": Recipe(
        "Client", "query ($id: ID!) { activations(filter: { clientId: $id }) { totalCount edges { cursor } } }"
    ),
    "Query.activations(filter.productId)": Recipe(
        "Product", "query ($id: ID!) { activations(filter: { productId: $id }) { totalCount edges { cursor } } }"
    ),
    "Query.order(id)": Recipe("Order", "query ($id: ID!) { order(id: $id) { number } }"),
    "Query.orders(filter.productId)": Recipe(
        "Product", "query ($id: ID!) { orders(filter: { productId: $id }) { totalCount edges { cursor } } }"
    ),
    "Query.partner(id)": Recipe("Partner", "query ($id: ID!) { partner(id: $id) { name } }"),
    "Query.clientByCnpj(partnerId)": Recipe(
        "Partner", 'query ($id: ID!) { clientByCnpj(cnpj: "16.727.230/0001-97", partnerId: $id) { id } }', nothing=True
    ),
    "Query.clients(filter.partnerId)": Recipe(
        "Partner", "query ($id: ID!) { clients(filter: { partnerId: $id }) { totalCount edges { cursor } } }"
    ),
    "Query.activations(filter.partnerId)": Recipe(
        "Partner", "query ($id: ID!) { activations(filter: { partnerId: $id }) { totalCount edges { cursor } } }"
    ),
    "Query.orders(filter.partnerId)": Recipe(
        "Partner", "query ($id: ID!) { orders(filter: { partnerId: $id }) { totalCount edges { cursor } } }"
    ),
    "Query.ordersTotal(filter.partnerId)": Recipe(
        "Partner", "query ($id: ID!) { ordersTotal(filter: { partnerId: $id }) { count monthlyTotal } }"
    ),
    "Query.ordersTotal(filter.productId)": Recipe(
        "Product", "query ($id: ID!) { ordersTotal(filter: { productId: $id }) { count monthlyTotal } }"
    ),
    "Query.orderByNumber(partnerId)": Recipe(
        "Partner", "query ($id: ID!) { orderByNumber(number: 1, partnerId: $id) { id } }"
    ),
    "Query.events(filter.partnerId)": Recipe(
        "Partner", "query ($id: ID!) { events(filter: { partnerId: $id }) { totalCount edges { cursor } } }"
    ),
    "Query.licenseStock(partnerId)": Recipe("Partner", "query ($id: ID!) { licenseStock(partnerId: $id) { id } }"),
    "Query.priceTable(partnerId)": Recipe(
        "Partner", "query ($id: ID!) { priceTable(partnerId: $id) { id } }", error=True
    ),
    "Query.quoteOrder(input.partnerId)": Recipe(
        "Partner",
        "query ($id: ID!, $Product: ID!) { quoteOrder(input: { partnerId: $id, type: PURCHASE, "
        f"items: [{{ productId: $Product, quantity: 1 }}] }}) {{ quote {{ monthlyTotal }} {_ERRORS} }} }}",
    ),
    "Query.licenseStock(productId)": Recipe("Product", "query ($id: ID!) { licenseStock(productId: $id) { id } }"),
    "Query.quoteOrder(input.items.productId)": Recipe(
        "Product",
        "query ($id: ID!) { quoteOrder(input: { type: PURCHASE, items: [{ productId: $id, quantity: 1 }] }) "
        f"{{ quote {{ monthlyTotal }} {_ERRORS} }} }}",
        shared=True,
    ),
    "Query.events(filter.clientId)": Recipe(
        "Client", "query ($id: ID!) { events(filter: { clientId: $id }) { totalCount edges { cursor } } }"
    ),
    "Query.events(filter.orderId)": Recipe(
        "Order", "query ($id: ID!) { events(filter: { orderId: $id }) { totalCount edges { cursor } } }"
    ),
    "Mutation.revokeApiToken(input.apiTokenId)": _mutation(
        "revokeApiToken", "ApiToken", "apiTokenId: $id", "apiToken { id }"
    ),
    "Mutation.updateClient(input.clientId)": _mutation(
        "updateClient", "Client", 'clientId: $id, name: "Outra"', "client { id }"
    ),
    "Mutation.cancelClient(input.clientId)": _mutation("cancelClient", "Client", "clientId: $id", "client { id }"),
    "Mutation.activateLicense(input.clientId)": _mutation(
        "activateLicense", "Client", 'clientId: $id, productId: $Product, activationKey: "ABCD"', "activation { id }"
    ),
    "Mutation.activateLicense(input.productId)": _mutation(
        "activateLicense",
        "Product",
        'clientId: $Client, productId: $id, activationKey: "ABCD"',
        "activation { id }",
        shared=True,
    ),
    "Mutation.cancelActivation(input.activationId)": _mutation(
        "cancelActivation", "Activation", "activationId: $id", "activation { id }"
    ),
    "Mutation.moveActivation(input.activationId)": _mutation(
        "moveActivation",
        "Activation",
        'activationId: $id, toClientId: $Client, activationKey: "ABCD"',
        "activation { id }",
    ),
    "Mutation.moveActivation(input.toClientId)": _mutation(
        "moveActivation",
        "Client",
        'activationId: $Activation, toClientId: $id, activationKey: "ABCD"',
        "activation { id }",
    ),
    "Mutation.createOrder(input.items.productId)": _mutation(
        "createOrder",
        "Product",
        "type: PURCHASE, items: [{ productId: $id, quantity: 1 }]",
        "order { id }",
        shared=True,
    ),
    "Mutation.approveOrder(input.orderId)": _mutation("approveOrder", "Order", "orderId: $id", "order { id }"),
    "Mutation.cancelOrder(input.orderId)": _mutation("cancelOrder", "Order", "orderId: $id", "order { id }"),
}

_OF_PARTNERS = {
    "updatePartner": 'name: "Outra"',
    "erasePartnerContacts": "",
    "suspendPartner": 'reason: "Outra"',
    "reinstatePartner": "",
    "closePartner": "",
    "setPartnerPolicy": "fourEyes: true",
}
"""Input of each mutation of partners, which a partner's users may not do."""

_ON_BEHALF = {
    "registerClient": 'cnpj: "16.727.230/0001-97", name: "Outra"',
    "updateClient": 'clientId: $Client, name: "Outra"',
    "cancelClient": "clientId: $Client",
    "activateLicense": 'clientId: $Client, productId: $Product, activationKey: "ABCD"',
    "cancelActivation": "activationId: $Activation",
    "moveActivation": 'activationId: $Activation, toClientId: $Client, activationKey: "ABCD"',
    "createOrder": "type: PURCHASE, items: [{ productId: $Product, quantity: 1 }]",
    "approveOrder": "orderId: $Order",
    "cancelOrder": "orderId: $Order",
    "revokeApiToken": "apiTokenId: $ApiToken",
}
"""Input of each mutation that can name a partner, which has all that the input names."""

RECIPES |= {
    f"Mutation.{name}(input.partnerId)": _mutation(name, "Partner", f"partnerId: $id, {given}", "__typename")
    for name, given in (_ON_BEHALF | _OF_PARTNERS).items()
}


def test_every_place_for_an_id_is_tried() -> None:
    assert {place for place in id_arguments() if not place.startswith("Subscription.")} == set(RECIPES)


@pytest.mark.parametrize("place", RECIPES)
async def test_another_partners_id_answers_as_one_that_nothing_has(api: Api, other_api: Api, place: str) -> None:
    recipe = RECIPES[place]
    world, foreign = await new_world(api), await new_world(other_api)
    before = await _state(other_api)

    async def answer(given: str) -> Json:
        return await api.post(recipe.query, **{**world, "id": given})

    nothing = await answer(absent(recipe.type_name, api.partner_id))
    assert recipe.shared or await answer(foreign[recipe.type_name]) == nothing
    assert await answer("nonsense") == nothing
    assert await answer(foreign["User"]) == nothing
    assert ("errors" in nothing) is recipe.error
    assert await _state(other_api) == before


@pytest.mark.parametrize("place", RECIPES)
async def test_the_partners_own_id_answers_otherwise(api: Api, place: str) -> None:
    recipe = RECIPES[place]
    world = await new_world(api)

    nothing = await api.post(recipe.query, **{**world, "id": absent(recipe.type_name, api.partner_id)})
    found = await api.post(recipe.query, **{**world, "id": world[recipe.type_name]})

    assert "errors" not in found
    assert recipe.nothing or found != nothing


async def test_lists_and_counts_show_nothing_of_another_partner(api: Api, other_api: Api) -> None:
    await new_world(other_api)
    await with_tokens(api, 1)

    found = await api.data("""{ clients(filter: { status: null }) { totalCount nodes { id } }
        activations { totalCount nodes { id } } orders { totalCount nodes { id } }
        events { totalCount nodes { id } } licenseStock { id } viewer { apiTokens { name } } }""")

    empty = {"totalCount": 0, "nodes": []}
    assert found.pop("viewer") == {"apiTokens": [{"name": "test"}]}
    assert found == {"clients": empty, "activations": empty, "orders": empty, "events": empty, "licenseStock": []}


async def test_numbers_of_another_partner_find_nothing(api: Api, other_api: Api) -> None:
    foreign = await new_world(other_api)
    seen = await _details(other_api, foreign)
    query = """query ($cnpj: CNPJ!, $text: String!, $code: String!, $key: String!) {
        orderByNumber(number: 1) { id } clientByCnpj(cnpj: $cnpj) { id }
        clients(filter: { cnpj: $text }) { totalCount } found: clients(filter: { search: $text }) { totalCount }
        byCode: activations(filter: { authorizationCode: $code }) { totalCount }
        byKey: activations(filter: { activationKey: $key }) { totalCount }
        byCnpj: activations(filter: { cnpj: $text }) { totalCount }
        bySearch: activations(filter: { search: $key }) { totalCount } }"""
    given = {"cnpj": seen["client"]["cnpj"], "text": seen["client"]["cnpj"]}
    given |= {"code": seen["authorizationCode"], "key": seen["activationKey"]}

    theirs, ours = await other_api.data(query, **given), await api.data(query, **given)

    assert all(theirs.values())
    assert ours.pop("orderByNumber") is ours.pop("clientByCnpj") is None
    assert all(found == {"totalCount": 0} for found in ours.values())
    assert all(theirs[name] == {"totalCount": 1} for name in ours)


async def test_partners_can_have_the_same_client_and_the_same_key(api: Api, other_api: Api) -> None:
    foreign = await new_world(other_api)
    seen = await _details(other_api, foreign)
    product = await new_product(api.portal, api.partner_id)
    await api.buy(product, 1)

    client = await api.client(cnpj=seen["client"]["cnpj"])

    assert await api.activation(client, product, activationKey=seen["activationKey"])


async def _details(api: Api, world: World) -> Json:
    query = "query ($id: ID!) { activation(id: $id) { activationKey authorizationCode client { cnpj } } }"
    return (await api.data(query, id=world["Activation"]))["activation"]


async def _state(api: Api) -> Json:
    return await api.data("""{ clients { nodes { name status } } activations { nodes { status client { id } } }
        orders { nodes { status } } events { totalCount } licenseStock { purchased activated }
        viewer { apiTokens { revokedAt } } }""")
