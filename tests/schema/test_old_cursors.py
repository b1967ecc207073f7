"""Cursors that were given out while names were folded in another way still name the places of their rows."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest

from tests.api import Api, Json

NAMES = ("Pau Brasil", "Pau d’Alho", "Pau d’Arco", "Pau da Lima", "Pau Ferro")
OLD = {"pau d'alho": "pau d’alho", "pau d'arco": "pau d’arco"}
"""Folded names, and how they were folded before migration 0031."""

LISTS = pytest.mark.parametrize(
    ("items", "by"), [("clients", "NAME"), ("clients", "CITY"), ("activations", "CLIENT_NAME")]
)
PAGE = """query ($first: Int, $after: String, $last: Int, $before: String) {{ {items}(
    sort: {{ by: {by}, direction: {direction} }}, first: $first, after: $after, last: $last, before: $before
) {{ edges {{ cursor node {{ id }} }} pageInfo {{ hasNextPage hasPreviousPage }} }} }}"""


def as_given_out_before(cursor: str) -> str:
    order, partner, key, row = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    text = json.dumps([order, partner, OLD[key], row], separators=(",", ":"), ensure_ascii=False)
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


@LISTS
@pytest.mark.parametrize("direction", ["ASC", "DESC"])
async def test_a_page_begins_at_a_cursor_from_before_an_upgrade(
    api: Api, product: str, items: str, by: str, direction: str
) -> None:
    await api.approve(await api.order((product, len(NAMES))))
    for name in NAMES:
        await api.activation(await api.client(name=name, city=name), product)
    query = PAGE.format(items=items, by=by, direction=direction)

    async def page(**window: object) -> Json:
        return (await api.data(query, **window))[items]

    edges = (await page())["edges"]
    ids = [edge["node"]["id"] for edge in edges]
    first = 1 if direction == "ASC" else 2
    for place in (first, first + 1):
        cursor = as_given_out_before(edges[place]["cursor"])
        following, preceding = await page(first=5, after=cursor), await page(last=5, before=cursor)

        assert [edge["node"]["id"] for edge in following["edges"]] == ids[place + 1 :]
        assert [edge["node"]["id"] for edge in preceding["edges"]] == ids[:place]
        assert (following["pageInfo"]["hasPreviousPage"], preceding["pageInfo"]["hasNextPage"]) == (True, True)
