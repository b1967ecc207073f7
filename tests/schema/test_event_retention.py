"""Events that are deleted because of their age: what is kept goes on, and older cursors are refused."""

import asyncio

import pytest

from db import audit, retention
from db.doctor import checks
from db.events import EventFilter
from domain.errors import CursorTooOld
from server.background import cleanup
from tests.api import Api
from tests.clock import Clock
from tests.streams import streaming
from tests.units import reading

LIST = """query ($after: String, $before: String, $last: Int, $first: Int) {
    events(after: $after, before: $before, first: $first, last: $last) { nodes { number cursor } } }"""


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


async def test_older_cursors_are_refused_by_list_and_subscription(api: Api, cursors: dict[int, str]) -> None:
    first = max(cursors) - 2
    errors = [await api.error(LIST, after=cursors[first - 2], first=5)]
    errors += [await api.error(LIST, before=cursors[first - 2], last=5)]
    async with streaming(api, after=cursors[first - 2]) as stream:
        errors += [await stream.error()]
    nodes = (await api.data(LIST, after=cursors[first - 1], first=5))["events"]["nodes"]
    async with streaming(api, after=cursors[first - 1]) as stream:
        numbers = await stream.numbers(3)

    for error, argument in zip(errors, ("after", "before", "after"), strict=True):
        extensions = {"code": "BAD_USER_INPUT", "argument": argument, "tooOld": True, "firstNumber": first}
        assert error["extensions"] == extensions
        assert "`clients` and `activations`" in error["message"]
    assert [node["number"] for node in nodes] == numbers == [first, first + 1, first + 2]


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
