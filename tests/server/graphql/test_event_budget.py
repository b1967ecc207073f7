"""Large events of subscriptions and webhooks: partners take turns, and no request of theirs waits for an event."""

import asyncio
from collections.abc import Callable, Coroutine

import pytest

from db.events import EventFilter
from domain.limits import TooManyOperations
from domain.webhooks import MESSAGE_BYTES
from resolvers import access
from resolvers.context import Context
from resolvers.viewers import Viewer
from server.graphql.budget import Budget
from server.graphql.event_selections import EventSelections
from server.graphql.shared_results import SharedResults
from server.graphql.subscriptions import ResultStream
from tests.api import Api
from tests.executors import DOCUMENTS

_LARGE = "{ partner { clients(first: 100) { nodes { activations(first: 100) { nodes { id } } } } } }"
_TOTAL = 50_000

Read = Callable[[Budget, Api], Coroutine[None, None, object]]


async def by_subscription(budget: Budget, api: Api) -> object:
    """Return the results of a subscription for the partner's last event."""
    (operation,) = DOCUMENTS.get(f"subscription {{ events {_LARGE} }}", None, None).operations.values()
    variables = operation.prepared.coerced({})
    assert not isinstance(variables, list)
    viewer = await access.viewer_of(api.portal, str(api.token), None)
    follower = api.portal.feed.follow(api.partner_id, 0, EventFilter())

    async def renew() -> Viewer:
        assert viewer is not None
        return viewer

    async def pay(_viewer: Viewer, _points: int) -> None:
        """Nothing: the caller has no limit."""

    stream = ResultStream(
        Context(api.portal, viewer),
        operation,
        variables,
        follower,
        given={},
        budget=budget,
        shared=SharedResults(api.portal),
        renew=renew,
        pay=pay,
    )
    rows, _ = await api.portal.feed.page(api.partner_id, EventFilter(), after=0, last=1)
    try:
        return await stream.results(rows)
    finally:
        stream.close()


async def by_webhook(budget: Budget, api: Api) -> object:
    """Return what a webhook's selection has of ten events."""
    viewer = await access.viewer_of(api.portal, str(api.token), None)
    rows, _ = await api.portal.feed.page(api.partner_id, EventFilter(), after=0, last=1)
    text = _LARGE.replace("activations(first: 100)", "activations(first: 20)")
    context = Context(api.portal, viewer)
    return await EventSelections(DOCUMENTS, budget).written(
        context, text, [*rows] * 10, longest=MESSAGE_BYTES, used=0, whole=False
    )


@pytest.mark.parametrize("read", [by_subscription, by_webhook])
async def test_a_partner_with_many_large_events_delays_no_other(api: Api, other_api: Api, read: Read) -> None:
    for each in (api, other_api):
        await each.client()
    budget = Budget(_TOTAL, waiting_max=1)

    async with budget.share(_TOTAL):
        waiting = [asyncio.create_task(read(budget, each)) for each in (api, other_api)]
        while budget.waiting + sum(each.done() for each in waiting) < 2:  # noqa: ASYNC110 — the budget has no event of it.
            await asyncio.sleep(0)
        with pytest.raises(TooManyOperations):
            await read(budget, api)

    assert all(await asyncio.gather(*waiting))


async def test_a_query_does_not_wait_for_its_partner_s_events(api: Api) -> None:
    await api.client()
    budget = Budget(2 * _TOTAL)

    async with budget.share(1, api.partner_id):
        assert await by_webhook(budget, api)
