"""A list of a hundred rows needs as many statements as a list of one."""

from collections.abc import Mapping

import pytest
from graphql import GraphQLObjectType, get_named_type

from server.graphql.documents import Documents
from tests.api import Api
from tests.executors import DOCUMENTS
from tests.factories import new_caller, new_partner
from tests.schema.introspection import GRAPHQL, field_of, payload_of
from tests.schema.lists import CONNECTIONS, LISTS, fill
from tests.schema.recipes import MUTATIONS
from tests.statements import every_statement, fewest_read

pytestmark = pytest.mark.stock

MANY = 100
_BELOW = 2
"""Depth of relations below a row; one less below partners, which have lists of everything."""

LISTED = {
    **LISTS,
    **{
        path: each.many or each.query.replace("#", "first: 100")
        for path, each in CONNECTIONS.items()
        if not each.vendor_only
    },
}
"""Query for every list of objects; the percent sign is replaced by the selection of each row."""

NOT_SHOWN = {"Query.priceTableDiff"}
"""Lists of the vendor only, for which nothing is read for a partner."""

each_growing = pytest.mark.parametrize("name", [name for name, recipe in MUTATIONS.items() if recipe.sized])


@pytest.fixture
async def small(api: Api) -> Api:
    """Partner with one object of everything."""
    await fill(api, 1)
    return api


@pytest.fixture
async def large(api: Api, documents: Documents) -> Api:
    """Another partner with a hundred objects of everything; fewer for stock execution, which takes much longer."""
    partner_id = await new_partner(api.portal, name="Grande")
    caller = await new_caller(api.http, api.portal, partner_id)
    await fill(caller, MANY if documents is DOCUMENTS else MANY // 5)
    return caller


# The clock is stopped: otherwise a cached viewer expires after five seconds and is read again.
@pytest.mark.usefixtures("clock")
async def test_no_list_costs_more_statements_for_more_rows(small: Api, large: Api) -> None:
    given = await _variables(small)
    few = {place: await _counted(small, place, given) for place in LISTED}

    given = await _variables(large)
    many = {place: await _counted(large, place, given, enough=few[place]) for place in LISTED}

    assert many == few
    assert {place for place, count in few.items() if not count} == NOT_SHOWN


@pytest.mark.usefixtures("clock")
@each_growing
async def test_a_mutation_costs_no_more_statements_for_more_rows(api: Api, name: str) -> None:
    sized = MUTATIONS[name].sized
    assert sized is not None
    selection = _selection(payload_of(name), _BELOW).replace("userErrors", "__typename")
    # An event by itself is chained by one statement less than several are.
    counted: dict[int, list[int]] = {2: [], 50: []}
    # The fewest of two, for the reason of `fewest_read`; a mutation can't be repeated as it was.
    for size in (2, 50, 2, 50):
        given = await sized(api, size)
        with every_statement(api.portal.database) as statements:
            await api.done(name, selection, given)
        counted[size].append(len(statements))

    assert min(counted[2]) == min(counted[50])


@pytest.mark.usefixtures("clock")
async def test_the_total_of_one_list_in_several_windows_is_counted_once(small: Api) -> None:
    totals = "{ clients { nodes { a: activations(first: 1) { totalCount } %s } } }"
    once = await fewest_read(small.portal.database, lambda: small.data(totals % ""))

    again = await fewest_read(
        small.portal.database, lambda: small.data(totals % "b: activations(last: 2) { totalCountIsExact }")
    )

    assert again == once


async def _variables(api: Api) -> Mapping[str, object]:
    """Return what queries of lists ask for: ids of clients, and items of an order."""
    found = await api.data("{ clients(first: 100) { nodes { id } } priceTable { items { product { id } } } }")
    products = sorted({item["product"]["id"] for item in found["priceTable"]["items"]})[:50]
    return {
        "ids": [node["id"] for node in found["clients"]["nodes"]],
        "items": [{"productId": product, "quantity": 1} for product in products],
    }


async def _counted(api: Api, place: str, given: Mapping[str, object], *, enough: int = 0) -> int:
    """Return the number of statements that the list's query needs; it is asked for once if that is `enough`."""
    named = get_named_type(field_of(place).type)
    row = GRAPHQL.type_map["Client"] if place == "Query.nodes" else named
    assert isinstance(row, GraphQLObjectType)
    below = _BELOW - place.startswith(("Query.partners", "Partner.", "Client.activations"))
    query = LISTED[place].replace("%", _selection(row, below))
    return await fewest_read(api.portal.database, lambda: api.data(query, **given), enough=enough)


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
            # A partner's lists have queries of their own, and below many rows they would be too many objects.
            chosen.append(f"{name} {{ {_selection(named, 0 if named.name == 'Partner' else below - 1)} }}")
    return " ".join(chosen) or "__typename"
