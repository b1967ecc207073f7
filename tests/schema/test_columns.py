"""A list reads only the selected columns of its rows, and answers as if it read all."""

import pytest
from graphql import GraphQLField, GraphQLObjectType, get_named_type

from tests.api import Api
from tests.factories import new_product
from tests.schema.conftest import NewApi
from tests.schema.introspection import GRAPHQL

PLACES = {
    "{ clients(filter: { status: [ACTIVE, CANCELLED] }) { nodes { % } } }": "Client",
    "{ clients(sort: { by: REGISTERED_AT }) { edges { cursor node { % } } } }": "Client",
    "{ activations { nodes { % } } }": "Activation",
    "{ activations(sort: { by: CLIENT_NAME }) { edges { cursor node { % } } } }": "Activation",
    "{ activations { nodes { client { % } } edges { node { client { name } } } } }": "Client",
    "{ activations { nodes { movedTo { % } } } }": "Activation",
    "{ clients { nodes { activations { nodes { % } totalCount } } } }": "Activation",
    "{ clients { nodes { activations(first: 1) { edges { node { % } } pageInfo { hasNextPage } } } } }": "Activation",
    "{ orders { nodes { % } } }": "Order",
    "{ orders(sort: { by: NUMBER }) { edges { cursor node { % } } } }": "Order",
}
"""Lists with their row's type; the percent sign is replaced by the selection."""


async def _filled(api: Api) -> Api:
    product = await new_product(api.portal, api.partner_id)
    await api.approve(await api.order((product, 9)))
    await api.order((product, 2))
    first, second, gone = await api.client(), await api.client(), await api.client()
    moved = await api.activation(first, product)
    await api.activation(gone, product)
    given = {"activationId": moved, "toClientId": second, "activationKey": "NOVA-1"}
    await api.done("moveActivation", "activation { id }", given)
    await api.done("cancelClient", "client { id }", {"clientId": gone})
    return api


@pytest.fixture(scope="module")
async def filled(lasting_api: NewApi) -> Api:
    """Partner with rows in each list, which tests only read."""
    return await _filled(await lasting_api())


@pytest.mark.parametrize(("query", "type_name"), PLACES.items())
async def test_a_field_alone_is_what_it_is_among_all_others(filled: Api, query: str, type_name: str) -> None:
    of_type = GRAPHQL.type_map[type_name]
    assert isinstance(of_type, GraphQLObjectType)
    fields = [_asked(name, field) for name, field in of_type.fields.items()]
    everything = await filled.data(query.replace("%", " ".join(fields)))

    alone = [await filled.data(query.replace("%", field)) for field in fields]

    assert _merged(*alone) == everything


def _asked(name: str, field: GraphQLField) -> str:
    named = get_named_type(field.type)
    if not isinstance(named, GraphQLObjectType):
        return name
    return f"{name} {{ nodes {{ id }} }}" if name == "activations" else f"{name} {{ __typename }}"


def _merged(*found: object) -> object:
    """Merge several answers of one shape."""
    first = next((each for each in found if each is not None), None)
    if isinstance(first, dict):
        parts = [each for each in found if isinstance(each, dict)]
        keys = dict.fromkeys(key for each in parts for key in each)
        return {key: _merged(*(each[key] for each in parts if key in each)) for key in keys}
    if isinstance(first, list):
        return [_merged(*items) for items in zip(*(each for each in found if isinstance(each, list)), strict=True)]
    return first


async def test_unselected_columns_are_not_read(level: Api) -> None:
    await _filled(level)
    sent: list[str] = []
    level.portal.database.observers.append(sent.append)

    await level.data("{ activations { nodes { activationKey client { name } } } }")

    (of_page,) = [statement.partition("FROM")[0] for statement in sent if "FROM token" not in statement]
    assert [column in of_page for column in ("activation_key", "client_id", "note", "cancelled_at")] == [1, 1, 0, 0]
    assert [column in of_page for column in ("client.name", "client.cnpj", "client.city")] == [1, 0, 0]


async def test_an_object_by_its_id_is_read_with_what_is_asked_for(level: Api) -> None:
    await _filled(level)
    (first,) = (await level.data("{ clients(first: 1) { nodes { id } } }"))["clients"]["nodes"]
    sent: list[str] = []
    level.portal.database.observers.append(sent.append)

    await level.data("query ($id: ID!) { client(id: $id) { cnpj } }", **first)

    (of_client,) = [statement.partition("FROM")[0] for statement in sent if "FROM token" not in statement]
    assert [column in of_client for column in ("clients.cnpj", "clients.city", "clients.registered_at")] == [1, 0, 0]


async def test_two_relations_to_the_same_rows_each_read_their_own(level: Api) -> None:
    query = "{ one: activations { nodes { client { name } } } two: activations { nodes { client { status } } } }"

    await _filled(level)

    found = await level.data(query)

    names = [node["client"]["name"] for node in found["one"]["nodes"]]
    statuses = [node["client"]["status"] for node in found["two"]["nodes"]]
    assert all(names)
    assert sorted(statuses) == ["ACTIVE", "ACTIVE", "CANCELLED"]
