"""A list of a hundred rows needs as many statements as a list of one."""

import pytest
from graphql import GraphQLField, GraphQLList, GraphQLNonNull, GraphQLObjectType, get_named_type

from tests.api import Api
from tests.factories import new_caller, new_partner, new_product
from tests.schema.worlds import GRAPHQL, object_types
from tests.statements import reading

MANY = 100
_BELOW = 2
"""Depth of relations below a row."""

RECIPES = {
    "Query.nodes": "query ($ids: [ID!]!) { nodes(ids: $ids) { id ... on Client { % } } }",
    "Query.clients": "{ clients(first: 100) { % } }",
    "Query.activations": "{ activations(first: 100) { % } }",
    "Query.orders": "{ orders(first: 100) { % } }",
    "Query.products": "{ products { % } }",
    "Query.licenseStock": "{ licenseStock { % } }",
    "Query.events": "{ events(last: 100) { % } }",
    "Viewer.apiTokens": "{ viewer { apiTokens { % } } }",
    "Client.activations": "{ clients(first: 30) { nodes { activations(first: 30) { % } } } }",
    "CancellationImpact.releasedLicenses": (
        "{ clients(first: 100) { nodes { cancellationImpact { releasedLicenses { % } } } } }"
    ),
    "LicenseStock.movements": "{ licenseStock { movements(first: 15) { % } } }",
    "Order.items": "{ orders(first: 100) { nodes { items { % } } } }",
    "OrderQuote.items": (
        "query ($items: [OrderItemInput!]!) { quoteOrder(input: { type: PURCHASE, items: $items }) "
        "{ quote { items { % } } } }"
    ),
    "PriceTable.items": "{ priceTable { items { % } } }",
    "PriceTableItem.tiers": "{ priceTable { items { tiers { % } } } }",
}
"""Query for every list of objects; the percent sign is replaced by the selection of each row.

Below a list, pages are as long as the limit of 50,000 objects allows.
"""

WRITTEN = {
    "ApproveOrderPayload.licenseStock": "approveOrder",
    "CancelClientPayload.releasedLicenses": "cancelClient",
    "CancelClientPayload.cancelledActivations": "cancelClient",
    "CancelClientPayload.licenseStock": "cancelClient",
}
"""Lists that only a mutation returns, with the mutation."""


def _lists() -> dict[str, GraphQLField]:
    return {
        f"{each.name}.{name}": field
        for each in object_types()
        for name, field in each.fields.items()
        if _is_list(field) and not each.name.endswith(("Connection", "Edge")) and name != "userErrors"
    }


def _is_list(field: GraphQLField) -> bool:
    kind = field.type.of_type if isinstance(field.type, GraphQLNonNull) else field.type
    named = get_named_type(field.type)
    many = isinstance(kind, GraphQLList) and hasattr(named, "fields")
    return many or named.name.endswith("Connection")


def test_every_list_is_counted() -> None:
    assert set(_lists()) == set(RECIPES) | set(WRITTEN)


@pytest.fixture
async def small(api: Api) -> Api:
    """Partner with one object of everything."""
    return await _filled(api, 1)


@pytest.fixture
async def large(api: Api) -> Api:
    """Another partner with a hundred objects of everything."""
    partner_id = await new_partner(api.portal, name="Grande")
    return await _filled(await new_caller(api.http, api.portal, partner_id), MANY)


# The clock is stopped: otherwise a cached viewer expires after five seconds and is read again.
@pytest.mark.usefixtures("clock")
async def test_no_list_costs_more_statements_for_more_rows(small: Api, large: Api) -> None:
    few = {place: await _counted(small, place) for place in RECIPES}

    many = {place: await _counted(large, place) for place in RECIPES}

    assert many == few
    assert all(few.values())


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("name", sorted(set(WRITTEN.values())))
async def test_a_payload_costs_no_more_statements_for_more_rows(api: Api, name: str) -> None:
    payload = GRAPHQL.type_map[f"{name[0].upper()}{name[1:]}Payload"]
    assert isinstance(payload, GraphQLObjectType)
    selection = _selection(payload, _BELOW).replace("userErrors", "")
    counted = []
    for size in (1, 50):
        products = [await new_product(api.portal, api.partner_id) for _ in range(size)]
        order = await api.order(*((product, 1) for product in products))
        given = {"orderId": order}
        if name == "cancelClient":
            await api.approve(order)
            given = {"clientId": await api.client()}
            for product in products:
                await api.activation(given["clientId"], product)
        with reading(api.portal.database) as statements:
            await api.done(name, selection, given)
        counted.append(len(statements))

    assert len(set(counted)) == 1


async def _filled(api: Api, size: int) -> Api:
    """Create this number of rows in every list, for each parent that matters."""
    products = [await new_product(api.portal, api.partner_id) for _ in range(size)]
    for start in range(0, size, 50):
        await api.approve(await api.order(*((product, 2 * MANY + 2) for product in products[start : start + 50])))
    busy = await api.client(name="Padaria Grande")
    for product in products:
        client = await api.client()
        await api.activation(client, product)
        await api.activation(busy, products[0])
        await api.order((product, 1))
        token = {"name": "script", "permissions": ["CLIENTS_READ"]}
        await api.done("createApiToken", "apiToken { id }", token)
    return api


async def _counted(api: Api, place: str) -> int:
    """Return the number of statements that the list's query needs."""
    named = get_named_type(_lists()[place].type)
    assert named is not None
    row = GRAPHQL.type_map["Client"] if place == "Query.nodes" else named
    assert isinstance(row, GraphQLObjectType)
    query = RECIPES[place].replace("%", _selection(row, _BELOW))
    found = await api.data("{ clients(first: 100) { nodes { id } } priceTable { items { product { id } } } }")
    ids = [node["id"] for node in found["clients"]["nodes"]]
    products = sorted({item["product"]["id"] for item in found["priceTable"]["items"]})[:50]
    items = [{"productId": product, "quantity": 1} for product in products]
    with reading(api.portal.database) as statements:
        await api.data(query, ids=ids, items=items)
    return len(statements)


def _selection(of: GraphQLObjectType, below: int) -> str:
    """Select every leaf of a type, and every relation to this depth."""
    if of.name.endswith("Connection"):
        row = get_named_type(of.fields["nodes"].type)
        assert isinstance(row, GraphQLObjectType)
        return f"totalCount pageInfo {{ hasNextPage hasPreviousPage }} nodes {{ {_selection(row, below)} }}"
    chosen = []
    for name, field in of.fields.items():
        named = get_named_type(field.type)
        if not isinstance(named, GraphQLObjectType):
            chosen.append(name)
        elif below > 0:
            chosen.append(f"{name} {{ {_selection(named, below - 1)} }}")
    return " ".join(chosen)
