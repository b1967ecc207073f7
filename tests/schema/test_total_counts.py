"""`totalCount` may have a maximum, up to which lists are counted; `totalCountIsExact` says which ones are longer."""

from collections.abc import AsyncIterator
from functools import partial
from typing import NamedTuple

import pytest

from db.engine import Database
from domain.access import Role
from resolvers.portal import Portal
from server.graphql.documents import Documents
from tests.api import Api, Json, serving
from tests.factories import new_caller, new_partner, new_product, new_vendor
from tests.schema.lists import CONNECTIONS, Ids, fill
from tests.statements import fewest_read, reading

ROWS = 3
TOTALS = "totalCount totalCountIsExact"
KEPT = {"Query.events", "Partner.events"}
"""Connections whose number the database keeps."""

FILTERS = [
    "first: 1",
    'filter: { search: "padaria" }',
    'filter: { name: "padaria" }',
    'filter: { city: "recife" }',
    'filter: { city: "recife", search: "padaria" }',
    "filter: { hasActiveActivations: false }",
    "filter: { status: [ACTIVE, CANCELLED] }, sort: { by: CITY, direction: DESC }",
]
"""Arguments with which the four clients named so are found, each by statements of its own."""


class Lists(NamedTuple):
    """Partner and vendor, with the parents of their lists."""

    api: Api
    vendor: Api
    parents: Ids

    async def totals(self, path: str) -> Json:
        """Return the totals of a connection."""
        connection = CONNECTIONS[path]
        query = connection.query.replace("#", "first: 1").replace("%", TOTALS)
        found = await (self.vendor if connection.for_vendor else self.api).data(query, **self.parents)
        while "totalCount" not in found:
            (found,) = found if isinstance(found, list) else found.values()
        return found


@pytest.fixture(scope="module")
async def lists(database: Database, documents: Documents) -> AsyncIterator[Lists]:
    """Lists that the tests only read."""
    portal = Portal(database, secret=b"s" * 32)
    async with serving(portal, documents) as http:
        api = await new_caller(http, portal, await new_partner(portal))
        vendor = await new_caller(http, portal, await new_vendor(portal), role=Role.VENDOR_ADMIN)
        yield Lists(api, vendor, await fill(api, ROWS))


@pytest.mark.parametrize("path", CONNECTIONS)
async def test_every_list_is_counted_up_to_the_maximum(lists: Lists, path: str) -> None:
    lists.api.portal.total_count_max = None
    whole = await lists.totals(path)
    count = whole["totalCount"]
    assert whole == {"totalCount": count, "totalCountIsExact": True}
    assert count >= ROWS

    for most in (1, count - 1, count, count + 1):
        lists.api.portal.total_count_max = most
        found = await lists.totals(path)

        exact = most >= count or path in KEPT
        assert found == {"totalCount": count if exact else most, "totalCountIsExact": exact}


@pytest.mark.parametrize("arguments", FILTERS)
async def test_a_filtered_list_is_counted_up_to_the_maximum(api: Api, arguments: str) -> None:
    for number in range(4):
        await api.client(name=f"Padaria {number}", city="Recife")
    query = f"{{ clients({arguments}) {{ {TOTALS} }} }}"

    for most, expected in ((None, 4), (3, 3), (4, 4), (5, 4)):
        api.portal.total_count_max = most
        found = await api.data(query)

        assert found["clients"] == {"totalCount": expected, "totalCountIsExact": most != 3}, most


async def test_a_search_for_activations_is_counted_up_to_the_maximum(api: Api, product: str) -> None:
    await api.buy(product, 4)
    client = await api.client(name="Padaria Lua")
    for number in range(4):
        await api.activation(client, product, activationKey=f"LUA-{number}")
    searches = ('search: "lua"', 'clientName: "lua"', 'activationKey: "LUA"', "status: [ACTIVE, CANCELLED]")
    query = " ".join(
        ["{", *(f"a{place}: activations(filter: {{ {each} }}) {{ {TOTALS} }}" for place, each in enumerate(searches))]
    )

    for most, expected in ((None, 4), (3, 3), (4, 4)):
        api.portal.total_count_max = most
        found = await api.data(query + "}")

        assert list(found.values()) == [{"totalCount": expected, "totalCountIsExact": most != 3}] * len(searches)


async def test_a_number_that_is_kept_has_no_maximum(api: Api, product: str) -> None:
    await api.buy(product, 3)
    client = await api.client()
    for _ in range(3):
        await api.activation(client, product)
    api.portal.total_count_max = 1

    found = await api.data(f"{{ activations(filter: {{ status: ACTIVE }}) {{ {TOTALS} }} events {{ {TOTALS} }} }}")

    assert found["activations"] == {"totalCount": 3, "totalCountIsExact": True}
    assert found["events"]["totalCount"] > 3
    assert found["events"]["totalCountIsExact"]


async def test_each_list_of_many_is_counted_for_itself(api: Api, product: str) -> None:
    await api.buy(product, 6)
    for name, number in (("Ana", 1), ("Bia", 2), ("Caio", 3)):
        client = await api.client(name=name)
        for _ in range(number):
            await api.activation(client, product)
    api.portal.total_count_max = 2

    found = await api.data(f"{{ clients {{ nodes {{ activations(first: 1) {{ {TOTALS} }} }} }} }}")

    totals = [each["activations"] for each in found["clients"]["nodes"]]
    assert totals == [
        {"totalCount": 1, "totalCountIsExact": True},
        {"totalCount": 2, "totalCountIsExact": True},
        {"totalCount": 2, "totalCountIsExact": False},
    ]


# The clock is stopped: otherwise a cached viewer expires after five seconds and is read again.
@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("query", ["{ clients { % } }", "{ viewer { partner { clients { % } } } }"])
async def test_both_fields_of_a_total_are_one_statement(api: Api, query: str) -> None:
    await api.client()
    await new_product(api.portal, api.partner_id)
    api.portal.total_count_max = 5

    one, other, both, neither = [
        await fewest_read(api.portal.database, partial(api.data, query.replace("%", selected)))
        for selected in ("totalCount", "totalCountIsExact", TOTALS, "__typename")
    ]

    assert one == other == both == neither + 1


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("query", ["{ clients% }", "{ viewer { partner { clients% } } }"])
async def test_a_page_is_read_only_if_something_of_it_is_selected(api: Api, query: str) -> None:
    await api.client()

    total, rows, cursors, ends = [
        await fewest_read(api.portal.database, partial(api.data, query.replace("%", f" {{ totalCount {selected} }}")))
        for selected in ("", "... on ClientConnection { nodes { id } }", "edges { cursor }", "pageInfo { hasNextPage }")
    ]

    assert rows == cursors == ends == total + 1


async def test_a_cursor_is_checked_although_no_page_is_read(api: Api) -> None:
    error = await api.error('{ clients(after: "no cursor") { totalCount } }')

    assert error["extensions"] == {"code": "BAD_USER_INPUT", "argument": "after"}


@pytest.mark.usefixtures("clock")
async def test_without_a_maximum_nothing_is_counted_to_say_so(api: Api) -> None:
    with reading(api.portal.database) as statements:
        found = await api.data("{ clients { totalCountIsExact } }")

    assert found["clients"]["totalCountIsExact"]
    assert not [each for each in statements if "count(" in each]
