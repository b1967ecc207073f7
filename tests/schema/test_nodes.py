"""Any object by its id: `node` and `nodes`."""

import pytest

from domain.access import ALL
from domain.field_permissions import NODE_PERMISSIONS
from resolvers import ids
from tests.api import Api
from tests.factories import new_caller
from tests.schema.conftest import NewApi
from tests.schema.introspection import GRAPHQL, node_types
from tests.schema.lists import Ids, absent, one_of_each

NODE = "query ($id: ID!) { viewer { role } node(id: $id) { __typename id } }"
NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"
GUARDED = {name: needed for name, needed in NODE_PERMISSIONS.items() if needed is not None}


@pytest.fixture(scope="module")
async def foreign(lasting_api: NewApi) -> Ids:
    """Ids of an object of each type, of another partner."""
    return await one_of_each(await lasting_api())


async def test_every_type_that_has_an_id_is_found_by_it(api: Api) -> None:
    objects = await one_of_each(api)
    assert sorted(objects) == node_types()

    found = {name: (await api.data(NODE, id=wanted))["node"] for name, wanted in objects.items()}

    assert found == {name: {"__typename": name, "id": wanted} for name, wanted in objects.items()}


async def test_nodes_have_the_order_of_their_ids_with_nulls_for_unknown_ones(api: Api, foreign: Ids) -> None:
    objects = await one_of_each(api)
    wanted = [objects["Order"], "nonsense", objects["Client"], foreign["Client"], absent("Event", 1), objects["Order"]]

    found = (await api.data(NODES, ids=wanted))["nodes"]

    assert [node and node["id"] for node in found] == [
        objects["Order"],
        None,
        objects["Client"],
        None,
        None,
        objects["Order"],
    ]


async def test_no_ids_find_nothing(api: Api) -> None:
    assert await api.data(NODES, ids=[]) == {"nodes": []}


async def test_a_hundred_ids_are_taken_and_one_more_is_refused(api: Api, client: str) -> None:
    assert len((await api.data(NODES, ids=[client] * 100))["nodes"]) == 100

    error = await api.error(NODES, ids=[client] * 101)

    assert (error["extensions"]["code"], error["extensions"]["argument"]) == ("BAD_USER_INPUT", "ids")


@pytest.mark.parametrize("type_name", [name for name in NODE_PERMISSIONS if name != "Product"])
async def test_what_is_another_partners_is_null(api: Api, foreign: Ids, type_name: str) -> None:
    assert (await api.data(NODE, id=foreign[type_name]))["node"] is None


@pytest.mark.parametrize("type_name", GUARDED)
async def test_without_the_types_permission_nothing_of_the_operation_runs(api: Api, type_name: str) -> None:
    needed = GUARDED[type_name]
    caller = await new_caller(api.http, api.portal, api.partner_id, chosen=ALL - {needed})

    for query, variables in ((NODE, {"id": absent(type_name, 1)}), (NODES, {"ids": [absent(type_name, 1)]})):
        body = await caller.post(query, **variables)

        assert "data" not in body
        (error,) = body["errors"]
        assert error["extensions"] == {"code": "FORBIDDEN", "missingPermissions": [needed.value]}


async def test_an_id_in_the_document_itself_needs_its_permission_too(api: Api) -> None:
    caller = await new_caller(api.http, api.portal, api.partner_id, chosen=frozenset())
    wanted = absent("Client", 1)

    for query in (
        f'{{ node(id: "{wanted}") {{ id }} }}',
        f'{{ nodes(ids: "{wanted}") {{ id }} }}',
        f'query ($id: ID = "{wanted}") {{ nodes(ids: [$id]) {{ id }} }}',
        f'{{ ...Hidden }} fragment Hidden on Query {{ ... on Query {{ b: node(id: "{wanted}") {{ id }} }} }}',
    ):
        assert "data" not in (body := await caller.post(query)), body


async def test_an_unknown_type_needs_nothing_and_is_null(api: Api) -> None:
    caller = await new_caller(api.http, api.portal, api.partner_id, chosen=frozenset())

    assert (await caller.data(NODE, id=ids.encode("Secret", 1)))["node"] is None


def test_every_type_with_an_id_says_what_it_needs() -> None:
    assert sorted(NODE_PERMISSIONS) == node_types()
    assert "Node" in GRAPHQL.type_map
