"""Assignment of price tables to a partner: what its events say, over HTTP."""

import pytest

from tests.api import Api
from tests.schema.pricing import assign, new_table

EVENTS = "{ events(last: 10, filter: { types: [PRICES_CHANGED] }) { nodes { message priceTable { id name } } } }"


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        ("ab", "ab", ""),
        ("abc", "acb", ""),
        ("ab", "ba", "b"),
        ("a", "ab", "b"),
        ("a", "abc", "bc"),
        ("a", "b", "ab"),
        ("ab", "b", "ab"),
        ("ab", "bc", "abc"),
        ("ab", "c", "abc"),
        ("ab", "a", "b"),
        ("abc", "a", "bc"),
    ],
)
async def test_an_assignment_has_an_event_of_each_table_that_it_changes(
    vendor: Api, api: Api, before: str, after: str, changed: str
) -> None:
    tables = {letter: await new_table(vendor) for letter in "abc"}
    await assign(vendor, api, *(tables[letter] for letter in before))
    known = len((await api.data(EVENTS))["events"]["nodes"])

    await assign(vendor, api, *(tables[letter] for letter in after))

    new = (await api.data(EVENTS))["events"]["nodes"][known:]
    assert [each["priceTable"]["id"] for each in new] == [tables[letter] for letter in changed]
    assert [each["message"] for each in new] == [
        f"{each['priceTable']['name']}: prices or assignment changed." for each in new
    ]
