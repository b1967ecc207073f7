"""Partner with one object of every type, and elements of the schema found by introspection."""

from collections.abc import Iterator, Mapping

from graphql import (
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    get_named_type,
)

from resolvers import ids
from schema import schema
from tests.api import Api
from tests.factories import new_product

World = Mapping[str, str]
"""Ids of a partner's objects, by type."""

GRAPHQL: GraphQLSchema = build_schema(schema.as_str())


async def new_world(api: Api) -> World:
    """Create one object of each type for the partner."""
    product = await new_product(api.portal, api.partner_id)
    await api.buy(product, 5, seats=3)
    client = await api.client()
    activation = await api.activation(client, product)
    order = await api.order((product, 2))
    made = await api.done("createApiToken", "apiToken { id }", {"name": "script", "permissions": ["CLIENTS_READ"]})
    query = """query ($order: ID!) {
        order(id: $order) { items { id } priceTable { id } partner { id } createdBy { id } }
        events(first: 1) { nodes { id } }
        licenseStock { id movements(first: 1) { nodes { id } } } }"""
    found = await api.data(query, order=order)
    return {
        "Client": client,
        "Activation": activation,
        "Product": product,
        "Order": order,
        "OrderItem": found["order"]["items"][0]["id"],
        "PriceTable": found["order"]["priceTable"]["id"],
        "Partner": found["order"]["partner"]["id"],
        "User": found["order"]["createdBy"]["id"],
        "Event": found["events"]["nodes"][0]["id"],
        "LicenseStock": found["licenseStock"][0]["id"],
        "StockMovement": found["licenseStock"][0]["movements"]["nodes"][0]["id"],
        "ApiToken": made["apiToken"]["id"],
    }


def absent(type_name: str, partner_id: int) -> str:
    """Return an id of the type that no object has."""
    nowhere = 2**62
    return ids.encode(type_name, partner_id, nowhere) if type_name == "LicenseStock" else ids.encode(type_name, nowhere)


def node_types() -> list[str]:
    """Return every type with a global id."""
    node = GRAPHQL.type_map["Node"]
    assert isinstance(node, GraphQLInterfaceType)
    return sorted(each.name for each in GRAPHQL.get_possible_types(node))


def object_types() -> Iterator[GraphQLObjectType]:
    """Yield every type of the schema that has fields, without those of introspection."""
    for name, each in GRAPHQL.type_map.items():
        if isinstance(each, GraphQLObjectType) and not name.startswith("__"):
            yield each


def id_arguments() -> set[str]:
    """Return where a caller can give an id: `Query.node(id)`, or `Query.orders(filter.productId)` inside an input."""
    found = set()
    for each in object_types():
        for name, field in each.fields.items():
            for argument, definition in field.args.items():
                for path in _ids_of(argument, get_named_type(definition.type)):
                    found.add(f"{each.name}.{name}({path})")
    return found


def _ids_of(path: str, given: object) -> Iterator[str]:
    if isinstance(given, GraphQLInputObjectType):
        for name, field in given.fields.items():
            yield from _ids_of(f"{path}.{name}", get_named_type(field.type))
    elif str(given) == "ID":
        yield path
