"""Events that are deleted because of their age: what is kept goes on, and older cursors are refused."""

import asyncio

import pytest

from db import audit, retention
from db.doctor import checks
from db.engine import Database
from db.events import EventFilter
from domain.errors import CursorTooOld
from resolvers import ids
from server.background import cleanup
from tests.api import Api
from tests.clock import Clock
from tests.streams import streaming
from tests.units import reading

pytestmark = pytest.mark.stock

LIST = """query ($after: String, $before: String, $last: Int, $first: Int) {
    events(after: $after, before: $before, first: $first, last: $last) { nodes { number cursor } } }"""

OF_PARTNER = "query ($after: String) { viewer { partner { events(after: $after) { nodes { number } } } } }"


@pytest.fixture
def database(own_database: Database) -> Database:
    """Database of the test alone, in which all partners have their old events deleted."""
    return own_database


@pytest.fixture
async def cursors(api: Api, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> dict[int, str]:
    """Cursors of seven events, of which the first four are deleted in transactions of two."""
    monkeypatch.setattr(retention, "TOGETHER_MAX", 2)
    monkeypatch.setattr(cleanup, "_PAUSE_SECONDS", 0)
    for _ in range(4):
        await api.client()
    clock.forward(days=31)
    for _ in range(3):
        await api.client()
    nodes = (await api.data(LIST, first=100))["events"]["nodes"]
    await cleanup.drop_old_events(api.portal, days=30)
    return {node["number"]: node["cursor"] for node in nodes}


async def test_old_events_go_and_the_chain_of_the_others_is_intact(api: Api, cursors: dict[int, str]) -> None:
    first = max(cursors) - 2
    nodes = (await api.data(LIST, first=100))["events"]["nodes"]
    query = "query ($after: Int) { auditChain(after: $after) { isIntact checked lastNumber brokenAt } }"
    chains = [(await api.data(query, after=after))["auditChain"] for after in (0, first - 1, first)]
    found = [each for each in await checks.examine(api.portal.database) if each.partner_id == api.partner_id]

    assert [node["number"] for node in nodes] == [first, first + 1, first + 2]
    assert [(chain["isIntact"], chain["checked"]) for chain in chains] == [(True, 3), (True, 3), (True, 2)]
    assert found == []


async def test_the_numbers_go_on_when_all_events_are_deleted(api: Api, clock: Clock, cursors: dict[int, str]) -> None:
    clock.forward(days=31)
    await cleanup.drop_old_events(api.portal, days=30)
    await api.client()
    (node,) = (await api.data(LIST, first=100, after=cursors[max(cursors)]))["events"]["nodes"]
    async with reading(api.portal.database) as connection:
        verified = await audit.verify(connection, api.partner_id)

    assert node["number"] == max(cursors) + 1
    assert verified is not None
    assert (verified.checked, verified.broken_at) == (1, None)


async def test_a_list_whose_events_are_all_deleted_says_where_to_go_on(
    api: Api, clock: Clock, cursors: dict[int, str]
) -> None:
    webhook = (await api.done("createWebhook", "webhook { id }", {"url": "https://erp.example/webhooks"}))["webhook"][
        "id"
    ]
    await api.done("pauseWebhook", "webhook { state }", {"webhookId": webhook})
    clock.forward(days=31)
    for _ in range(3):
        await cleanup.drop_old_events(api.portal, days=30)
    query = "{ events(last: 1) { nodes { number } pageInfo { endCursor hasNextPage hasPreviousPage } } }"
    refused = await api.error(
        "mutation ($id: ID!) { resumeWebhook(input: {webhookId: $id}) { __typename } }", id=webhook
    )
    found = (await api.data(query))["events"]
    end = found["pageInfo"]["endCursor"]
    async with streaming(api, after=end) as stream:
        await api.done("resumeWebhook", "webhook { state }", {"webhookId": webhook, "from": end})
        await api.client()
        numbers = await stream.numbers(2)
    nodes = (await api.data(LIST, after=end, first=5))["events"]["nodes"]

    assert refused["extensions"]["tooOld"]
    assert found == {"nodes": [], "pageInfo": {"endCursor": end, "hasNextPage": False, "hasPreviousPage": False}}
    assert numbers == [node["number"] for node in nodes] == [max(cursors) + 3, max(cursors) + 4]


async def test_events_of_a_month_grow_no_further_in_a_year(api: Api, clock: Clock) -> None:
    sizes = []
    for _ in range(26):
        await api.client()
        await cleanup.drop_old_events(api.portal, days=30)
        sizes.append(len((await api.data(LIST, first=100))["events"]["nodes"]))
        clock.forward(days=14)

    assert sizes == [1, 2] + [3] * 24


async def test_older_cursors_are_refused_by_list_and_subscription(api: Api, cursors: dict[int, str]) -> None:
    first = max(cursors) - 2
    errors = [await api.error(LIST, after=cursors[first - 2], first=5)]
    errors += [await api.error(LIST, before=cursors[first - 2], last=5)]
    async with streaming(api, after=cursors[first - 2]) as stream:
        errors += [await stream.error()]
    errors += [await api.error(OF_PARTNER, after=cursors[first - 2])]
    nodes = (await api.data(LIST, after=cursors[first - 1], first=5))["events"]["nodes"]
    async with streaming(api, after=cursors[first - 1]) as stream:
        numbers = await stream.numbers(3)

    for error, argument in zip(errors, ("after", "before", "after", "after"), strict=True):
        extensions = {"code": "BAD_USER_INPUT", "argument": argument, "tooOld": True, "firstNumber": first}
        assert error["extensions"] == extensions
        assert "by `clients` and `activations` with `updatedSince`" in error["message"]
    assert [node["number"] for node in nodes] == numbers == [first, first + 1, first + 2]


async def test_an_older_cursor_is_an_error_of_its_partner_alone(
    api: Api, vendor: Api, other_api: Api, cursors: dict[int, str]
) -> None:
    first = max(cursors) - 2
    query = """query ($ids: [ID!]!, $after: String) { nodes(ids: $ids) { ... on Partner {
        events(after: $after) { nodes { number } } } } }"""
    asked = [ids.encode("Partner", each.partner_id) for each in (api, other_api)]
    answer = await vendor.post(query, ids=asked, after=cursors[first - 2])

    assert [error["path"][:2] for error in answer["errors"]] == [["nodes", 0]]
    assert [error["extensions"]["firstNumber"] for error in answer["errors"]] == [first]


async def test_what_is_deleted_is_looked_up_after_the_page(api: Api, cursors: dict[int, str]) -> None:
    statements = list[str]()
    api.portal.database.observers.append(statements.append)
    await api.data(LIST, after=cursors[max(cursors)], first=5)
    await api.data(OF_PARTNER, after=cursors[max(cursors)])
    api.portal.database.observers.clear()
    looks = ["dropped_number" in each for each in statements if "dropped_number" in each or "FROM events" in each]

    assert looks == [False, True, False, True]


async def test_a_subscriber_misses_nothing_that_was_deleted_without_an_error(api: Api, cursors: dict[int, str]) -> None:
    feed = api.portal.feed
    # It was accepted before the events were deleted, and they are not in memory.
    late = feed.follow(api.partner_id, max(cursors), EventFilter())
    follower = feed.follow(api.partner_id, min(cursors), EventFilter())
    with pytest.raises(CursorTooOld):
        async with asyncio.timeout(20):
            await follower.batch()
    follower.close()
    late.close()
