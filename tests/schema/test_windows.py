"""Every connection, with every combination of its paging arguments."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from itertools import product as combinations
from typing import NamedTuple

import httpx
import pytest
from graphql import GraphQLEnumType, GraphQLInputObjectType, get_named_type

from db.engine import Database
from domain.access import Role
from resolvers.portal import Portal
from server.graphql.documents import Documents
from tests.api import Api, Json, serving
from tests.clock import Clock
from tests.factories import new_caller, new_partner, new_vendor
from tests.schema.introspection import field_of
from tests.schema.lists import CONNECTIONS, Ids, fill

ROWS = 4
PAGE = """totalCount edges { cursor node { id } } nodes { id }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"""
DECLARED = "$first: Int, $last: Int, $after: String, $before: String"
GIVEN = "first: $first, last: $last, after: $after, before: $before"


class Sorted(NamedTuple):
    """Connection in one of its orders."""

    path: str
    sort: str = ""


def _sorted() -> Iterator[Sorted]:
    for path in CONNECTIONS:
        argument = field_of(path).args.get("sort")
        if argument is None:
            yield Sorted(path)
            continue
        taken = get_named_type(argument.type)
        assert isinstance(taken, GraphQLInputObjectType)
        keys, directions = (get_named_type(taken.fields[name].type) for name in ("by", "direction"))
        assert isinstance(keys, GraphQLEnumType)
        assert isinstance(directions, GraphQLEnumType)
        for key, direction in combinations(keys.values, directions.values):
            yield Sorted(path, f"sort: {{ by: {key}, direction: {direction} }}, ")


ORDERS = [*_sorted()]
FIRST_ORDERS = {each.path: each for each in reversed(ORDERS)}.values()

each_order = pytest.mark.parametrize("field", ORDERS, ids=lambda field: f"{field.path} {field.sort}")


@dataclass
class Lists:
    """Partner and vendor, with the parents of their lists."""

    api: Api
    vendor: Api
    parents: Ids

    async def page(self, field: Sorted, **given: object) -> Json:
        """Return a page of the connection."""
        connection = CONNECTIONS[field.path]
        # The text is the same for each page, so that it is validated once.
        query = connection.query.replace("#", f"{field.sort}{GIVEN}").replace("%", PAGE)
        begin, rest = f"query ({DECLARED}", query.removeprefix("query (")
        query = f"{begin}) {query}" if rest == query else f"{begin}, {rest}"
        found = await (self.vendor if connection.for_vendor else self.api).data(query, **self.parents, **given)
        while "edges" not in found:
            (found,) = found if isinstance(found, list) else found.values()
        return found


async def filled(http: httpx.AsyncClient, portal: Portal) -> Lists:
    """Create some rows in each list, all with the same time and most with the same name."""
    Clock.of(portal)
    api = await new_caller(http, portal, await new_partner(portal))
    vendor = await new_caller(http, portal, await new_vendor(portal), role=Role.VENDOR_ADMIN)
    return Lists(api, vendor, await fill(api, ROWS))


@pytest.fixture(scope="module")
async def lists(database: Database, documents: Documents) -> AsyncIterator[Lists]:
    """Lists that the tests only read."""
    portal = Portal(database, secret=b"s" * 32)
    async with serving(portal, documents) as http:
        yield await filled(http, portal)


@each_order
async def test_every_window_shows_its_rows_and_says_what_is_around_them(lists: Lists, field: Sorted) -> None:
    everything = await lists.page(field, first=100)
    cursors = [edge["cursor"] for edge in everything["edges"]]
    count = len(cursors)
    assert everything["totalCount"] == count >= ROWS

    # The order chooses the key that cursors are compared by; the number of rows is the same matter in each.
    sizes = (1, 2, 9) if field in FIRST_ORDERS else (2,)
    for side, size, after, before in combinations(("first", "last"), sizes, (None, 0, 1), (None, count - 1, 2)):
        given: dict[str, object] = {side: size}
        given |= {} if after is None else {"after": cursors[after]}
        given |= {} if before is None else {"before": cursors[before]}
        places = list(range(count))[0 if after is None else after + 1 : before]
        wanted = places[:size] if side == "first" else places[-size:]

        page = await lists.page(field, **given)

        assert page["edges"] == [everything["edges"][place] for place in wanted], given
        assert page["nodes"] == [edge["node"] for edge in page["edges"]]
        assert page["pageInfo"] == {
            "hasNextPage": wanted[-1] < count - 1 if wanted else before is not None,
            "hasPreviousPage": wanted[0] > 0 if wanted else after is not None,
            "startCursor": cursors[wanted[0]] if wanted else _cursor(cursors, before),
            "endCursor": cursors[wanted[-1]] if wanted else _cursor(cursors, after),
        }, given
        assert page["totalCount"] == count


@each_order
async def test_a_page_of_no_rows_says_whether_there_are_any(lists: Lists, field: Sorted) -> None:
    page = await lists.page(field, first=0)

    nothing = {"startCursor": None, "endCursor": None}
    assert page["edges"] == []
    assert page["pageInfo"] == nothing | {"hasNextPage": True, "hasPreviousPage": False}


@each_order
async def test_an_empty_page_goes_on_from_the_cursor_that_was_given(lists: Lists, field: Sorted) -> None:
    everything = await lists.page(field, first=100)
    begin, end = everything["pageInfo"]["startCursor"], everything["pageInfo"]["endCursor"]

    pages: list[tuple[dict[str, object], tuple[object, ...]]] = [
        ({"first": 5, "after": end}, (None, end, False, True)),
        ({"after": end}, (None, end, False, True)),
        ({"first": 0, "after": begin}, (None, begin, True, True)),
        ({"last": 5, "before": begin}, (begin, None, True, False)),
        ({"last": 0, "before": end}, (end, None, True, True)),
        ({"first": 5, "after": end, "before": begin}, (begin, end, True, True)),
        ({"last": 5, "after": end, "before": end}, (end, end, True, True)),
    ]
    for given, page_info in pages:
        page = await lists.page(field, **given)

        assert page["edges"] == []
        names = ("startCursor", "endCursor", "hasNextPage", "hasPreviousPage")
        assert page["pageInfo"] == dict(zip(names, page_info, strict=True)), given


def _cursor(cursors: list[str], place: int | None) -> str | None:
    return None if place is None else cursors[place]


async def test_rows_that_come_meanwhile_move_nothing(http: httpx.AsyncClient, portal: Portal) -> None:
    lists = await filled(http, portal)
    before = {field: await lists.page(field, first=100) for field in ORDERS}
    pages = {field: await lists.page(field, first=2) for field in ORDERS}

    await lists.api.client(name="Aaa")
    await lists.api.order((lists.parents["Product"], 1))
    await lists.api.activation(lists.parents["Client"], lists.parents["Product"])

    for field, first in pages.items():
        page, seen = first, [node["id"] for node in first["nodes"]]
        while page["pageInfo"]["hasNextPage"]:
            page = await lists.page(field, first=2, after=page["pageInfo"]["endCursor"])
            seen += [node["id"] for node in page["nodes"]]

        known = [node["id"] for node in before[field]["nodes"]]
        assert len(seen) == len(set(seen)), field
        assert [each for each in seen if each in known] == known, field
