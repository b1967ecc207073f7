"""Each field for three viewers: of the partner, of another partner, and of the vendor."""

from collections.abc import Iterator

import pytest
from graphql import GraphQLField, GraphQLInterfaceType, GraphQLNonNull, GraphQLObjectType, get_named_type

from resolvers import ids
from tests.api import Api, Json
from tests.schema.introspection import GRAPHQL, call, node_types, outline, type_of_id
from tests.schema.recipes import absent, one_of_each
from tests.schema.test_tenancy import PLACES

NOT_FOR_ONE_PARTNER = {"Query.viewer", "Query.partners", "Query.products", "Query.priceTables"}
"""Root fields without an id: the viewer itself, its partners, and the products and price tables of all partners."""

_BELOW = 1


def _fields(type_name: str) -> dict[str, GraphQLField]:
    found = GRAPHQL.type_map[type_name]
    assert isinstance(found, GraphQLObjectType | GraphQLInterfaceType)
    fields: dict[str, GraphQLField] = found.fields
    return fields


def _selection(type_name: str, below: int) -> str:
    return " ".join(_selected(type_name, below))


def _selected(type_name: str, below: int) -> Iterator[str]:
    for name, field in _fields(type_name).items():
        if any(isinstance(each.type, GraphQLNonNull) for each in field.args.values()):
            continue
        of = get_named_type(field.type).name
        if not isinstance(GRAPHQL.type_map[of], GraphQLObjectType):
            yield name
        elif of.endswith("Connection"):
            row = get_named_type(_fields(of)["nodes"].type).name
            # Cursors are the viewer's own.
            yield f"{name} {{ totalCount nodes {{ {_selection(row, below - 1) if below else 'id'} }} }}"
        elif below:
            yield f"{name} {{ {_selection(of, below - 1)} }}"
        else:
            yield f"{name} {{ __typename }}"


@pytest.mark.parametrize("type_name", node_types())
async def test_an_object_is_the_partners_and_the_vendors_and_no_other_partners(
    api: Api, other_api: Api, vendor: Api, type_name: str
) -> None:
    own_objects = await one_of_each(api)
    await one_of_each(other_api)
    query = f"query ($id: ID!) {{ node(id: $id) {{ ... on {type_name} {{ {_selection(type_name, _BELOW)} }} }} }}"

    async def seen(caller: Api, given: str) -> Json:
        return (await caller.data(query, id=given))["node"]

    own, vendors = await seen(api, own_objects[type_name]), await seen(vendor, own_objects[type_name])
    foreign = await seen(other_api, own_objects[type_name])

    assert own is not None
    assert vendors == own
    shared = type_name == "Product"
    assert foreign == (own if shared else await seen(other_api, absent(type_name, other_api.partner_id)))
    assert (foreign is None) is not shared


QUERIES = [place for place in PLACES if place.startswith("Query.")]


@pytest.mark.parametrize("place", QUERIES)
async def test_a_root_field_is_for_the_vendor_as_for_the_partner(api: Api, vendor: Api, place: str) -> None:
    field, _, path = place.rstrip(")").partition("(")
    own_objects = await one_of_each(api)
    # The vendor names the partner, where a field is about one.
    named = {
        each.rstrip(")").partition("(")[2]: f'"{own_objects["Partner"]}"'
        for each in QUERIES
        if each.startswith(f"{field}(") and each.endswith("partnerId)")
    }
    query, by_vendor = (
        f"query ($id: ID!) {{ {call(field, {**more, path: '$id'})} {outline(field)} }}" for more in ({}, named)
    )
    given = {"id": own_objects[type_of_id(place)]}

    own, vendors = await api.post(query, **given), await vendor.post(by_vendor, **given)

    assert "errors" not in own
    assert vendors == own


def test_every_root_field_is_compared() -> None:
    compared = {place.partition("(")[0] for place in QUERIES}

    assert {f"Query.{name}" for name in _fields("Query")} == compared | NOT_FOR_ONE_PARTNER


def test_every_object_has_its_partner_or_is_reached_from_one_that_has() -> None:
    without = {name for name in node_types() if "partner" not in _fields(name)}

    assert without == {"ApiToken", "OrderItem", "Partner", "PriceTable", "Product", "StockMovement", "User"}


async def test_a_partner_reaches_no_list_of_the_vendor(api: Api, vendor: Api, product: str) -> None:
    partner = ids.encode("Partner", api.partner_id)
    items = [{"productId": product, "quantity": 1}]
    await vendor.done("createOrder", "order { id }", {"partnerId": partner, "type": "PURCHASE", "items": items})
    query = "query ($id: ID!) { node(id: $id) { id } partner(id: $id) { users { totalCount } } }"

    found = await api.data(query, id=ids.encode("Partner", vendor.partner_id))

    assert found == {"node": None, "partner": None}
    # No field of a user, as of one of the vendor who acted for the partner, is an object that has lists.
    assert not any(isinstance(get_named_type(field.type), GraphQLObjectType) for field in _fields("User").values())
