"""Every connection, with every combination of its paging arguments."""

from dataclasses import dataclass
from itertools import product as combinations

import pytest

from tests.api import Api, Json
from tests.clock import Clock
from tests.factories import new_product
from tests.schema.worlds import object_types

ROWS = 5
ORDERS = ("ASC", "DESC")
RECIPES = {
    "Query.clients": [
        f"clients(sort: {{ by: {key}, direction: {way} }}, #)" for key in ("NAME", "REGISTERED_AT") for way in ORDERS
    ],
    "Query.activations": [
        f"activations(sort: {{ by: {key}, direction: {way} }}, #)"
        for key in ("ACTIVATED_AT", "CLIENT_NAME")
        for way in ORDERS
    ],
    "Query.orders": [
        f"orders(sort: {{ by: {key}, direction: {way} }}, #)" for key in ("NUMBER", "CREATED_AT") for way in ORDERS
    ],
    "Query.events": ["events(filter: { types: [CLIENT_REGISTERED] }, #)"],
    "Client.activations": ["client(id: $client) { activations(#) }"],
    "LicenseStock.movements": ["licenseStock(productId: $product) { movements(#) }"],
}
"""Each connection in each of its orders; the number sign is replaced by the paging arguments."""

FIELDS = [field for fields in RECIPES.values() for field in fields]


@dataclass
class Lists:
    """Partner, with the parents of its lists."""

    api: Api
    client: str
    product: str

    async def page(self, field: str, given: str) -> Json:
        """Return a page of the connection."""
        page = (
            "edges { cursor node { id } } nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
        )
        chosen = field.replace("(#)", f"({given})").replace("#)", f"{given})")
        if chosen.endswith("}"):
            query = f"{chosen[:-1]} {{ totalCount {page} }} }}"
        else:
            query = f"{chosen} {{ totalCount {page} }}"
        declared = [f"${name}: ID!" for name in ("client", "product") if f"${name}" in query]
        head = f"query ({', '.join(declared)})" if declared else "query"
        (found,) = (await self.api.data(f"{head} {{ {query} }}", client=self.client, product=self.product)).values()
        found = found[0] if isinstance(found, list) else found
        return found if "edges" in found else next(iter(found.values()))


@pytest.fixture
async def lists(api: Api) -> Lists:
    """Lists of some rows, all with the same time and most with the same name."""
    api.portal.now = Clock()
    product = await new_product(api.portal, api.partner_id)
    await api.buy(product, ROWS)
    for _ in range(ROWS - 2):
        await api.order((product, 1))
    clients = [await api.client(name="Ana" if place == 3 else "Bia") for place in range(ROWS)]
    for _ in range(ROWS - 1):
        await api.activation(clients[0], product)
    return Lists(api, clients[0], product)


def test_every_connection_is_walked() -> None:
    found = {
        f"{each.name}.{name}"
        for each in object_types()
        for name, field in each.fields.items()
        if str(field.type).removesuffix("!").endswith("Connection")
    }

    assert found == set(RECIPES)


@pytest.mark.parametrize("field", FIELDS)
async def test_every_window_shows_its_rows_and_says_what_is_around_them(lists: Lists, field: str) -> None:
    everything = await lists.page(field, "first: 100")
    cursors = [edge["cursor"] for edge in everything["edges"]]
    count = len(cursors)
    assert everything["totalCount"] == count >= ROWS - 1

    for side, size, after, before in combinations(("first", "last"), (1, 2, 9), (None, 0, 1), (None, count - 1, 2)):
        given = f"{side}: {size}"
        given += "" if after is None else f', after: "{cursors[after]}"'
        given += "" if before is None else f', before: "{cursors[before]}"'
        places = list(range(count))[0 if after is None else after + 1 : before]
        wanted = places[:size] if side == "first" else places[-size:]

        page = await lists.page(field, given)

        assert page["edges"] == [everything["edges"][place] for place in wanted], given
        assert page["nodes"] == [edge["node"] for edge in page["edges"]]
        assert page["pageInfo"] == {
            "hasNextPage": wanted[-1] < count - 1 if wanted else before is not None,
            "hasPreviousPage": wanted[0] > 0 if wanted else after is not None,
            "startCursor": cursors[wanted[0]] if wanted else _cursor(cursors, before),
            "endCursor": cursors[wanted[-1]] if wanted else _cursor(cursors, after),
        }, given
        assert page["totalCount"] == count


@pytest.mark.parametrize("field", FIELDS)
async def test_a_page_of_no_rows_says_whether_there_are_any(lists: Lists, field: str) -> None:
    page = await lists.page(field, "first: 0")

    nothing = {"startCursor": None, "endCursor": None}
    assert page["edges"] == []
    assert page["pageInfo"] == nothing | {"hasNextPage": True, "hasPreviousPage": False}


@pytest.mark.parametrize("field", FIELDS)
async def test_an_empty_page_goes_on_from_the_cursor_that_was_given(lists: Lists, field: str) -> None:
    everything = await lists.page(field, "first: 100")
    begin, end = everything["pageInfo"]["startCursor"], everything["pageInfo"]["endCursor"]

    for given, page_info in (
        (f'first: 5, after: "{end}"', (None, end, False, True)),
        (f'after: "{end}"', (None, end, False, True)),
        (f'first: 0, after: "{begin}"', (None, begin, True, True)),
        (f'last: 5, before: "{begin}"', (begin, None, True, False)),
        (f'last: 0, before: "{end}"', (end, None, True, True)),
        (f'first: 5, after: "{end}", before: "{begin}"', (begin, end, True, True)),
        (f'last: 5, after: "{end}", before: "{end}"', (end, end, True, True)),
    ):
        page = await lists.page(field, given)

        assert page["edges"] == []
        names = ("startCursor", "endCursor", "hasNextPage", "hasPreviousPage")
        assert page["pageInfo"] == dict(zip(names, page_info, strict=True)), given


def _cursor(cursors: list[str], place: int | None) -> str | None:
    return None if place is None else cursors[place]


@pytest.mark.parametrize("field", FIELDS)
async def test_rows_that_come_meanwhile_move_nothing(lists: Lists, field: str) -> None:
    before = [node["id"] for node in (await lists.page(field, "first: 100"))["nodes"]]
    page = await lists.page(field, "first: 2")
    seen = [node["id"] for node in page["nodes"]]

    await lists.api.client(name="Aaa")
    await lists.api.order((lists.product, 1))
    await lists.api.activation(lists.client, lists.product)
    while page["pageInfo"]["hasNextPage"]:
        page = await lists.page(field, f'first: 2, after: "{page["pageInfo"]["endCursor"]}"')
        seen += [node["id"] for node in page["nodes"]]

    assert len(seen) == len(set(seen))
    assert [each for each in seen if each in before] == before
