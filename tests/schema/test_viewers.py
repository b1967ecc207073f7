"""One field, one meaning: what the owner, another partner and the vendor see of every field of an object."""

from typing import NamedTuple

import pytest
from graphql import GraphQLObjectType, get_named_type, is_leaf_type

from tests.api import Api, Json
from tests.schema.conftest import NewApi
from tests.schema.introspection import GRAPHQL, call, field_of, is_connection, node_types
from tests.schema.lists import Ids, one_of_each


def of_the_viewer(name: str) -> bool:
    """Return whether a field is about what the viewer may do."""
    return name.startswith("viewerCan")


def fields_of(type_name: str) -> list[str]:
    of_type = GRAPHQL.type_map[type_name]
    assert isinstance(of_type, GraphQLObjectType)
    return [name for name in of_type.fields if not of_the_viewer(name)]


def values(path: str) -> str:
    """Return a selection of all values of a field's objects, and of the ids of a list's."""
    field = field_of(path)
    named = get_named_type(field.type)
    if is_connection(field):
        # The vendor's cursors are of the lists of all partners.
        return "{ totalCount nodes { id } }"
    if not isinstance(named, GraphQLObjectType):
        return ""
    leaves = [name for name, each in named.fields.items() if is_leaf_type(get_named_type(each.type)) and not each.args]
    return f"{{ {' '.join(name for name in leaves if not of_the_viewer(name))} }}"


async def seen_by(api: Api, type_name: str, node: str) -> Json:
    """Return every field of an object; None for an object that the viewer can't see."""
    found: dict[str, Json] = {}
    for name in fields_of(type_name):
        path = f"{type_name}.{name}"
        query = f"query ($id: ID!) {{ node(id: $id) {{ ... on {type_name} {{ {call(path)} {values(path)} }} }} }}"
        found[name] = (await api.data(query, id=node))["node"]
    return found


class Owner(NamedTuple):
    """Partner with one object of each type, and their ids."""

    api: Api
    ids: Ids


@pytest.fixture(scope="module")
async def owner(lasting_api: NewApi) -> Owner:
    """Owner whose objects tests only read."""
    api = await lasting_api()
    return Owner(api, await one_of_each(api))


@pytest.mark.parametrize("type_name", sorted(node_types()))
async def test_the_vendor_sees_of_each_field_what_its_owner_does(
    owner: Owner, other_api: Api, vendor: Api, type_name: str
) -> None:
    node = owner.ids[type_name]

    owners, vendors = await seen_by(owner.api, type_name, node), await seen_by(vendor, type_name, node)
    others = await seen_by(other_api, type_name, node)

    assert vendors == owners
    assert all(owners.values())
    assert type_name == "Product" or not any(others.values())
