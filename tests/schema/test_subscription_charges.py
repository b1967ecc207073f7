"""What a subscription pays: the points of the events that it executes, and none for the results of another."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp

from domain.errors import NotRead
from server.app import create_app
from server.http.backlog import Backlog
from tests.api import Api, transport
from tests.executors import DOCUMENTS
from tests.factories import new_caller
from tests.schema.following import Streaming, cursor_of, last_number
from tests.server.http.test_rates import VIEWER, ask, exhausted, left, settings

pytestmark = pytest.mark.stock

CLIENTS = """subscription ($after: String) { events(after: $after, filter: {types: [CLIENT_REGISTERED]}) {
    number client { name city } } }"""
OTHER = "subscription { events(filter: {types: [CLIENT_REGISTERED]}) { number type actor { name } } }"
ELSEWHERE = "subscription { events(filter: {types: [ORDER_CREATED]}) { number } }"


@pytest.fixture(autouse=True)
def _kept_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep results as long as a slow machine may take, and try again soon."""
    monkeypatch.setattr("server.graphql.shared_results.KEPT_SECONDS", 60)
    monkeypatch.setattr("server.http.event_stream._RETRY_SECONDS", 0.01)
    monkeypatch.setattr("server.http.websocket_operation._RETRY_SECONDS", 0.01)


def limited(api: Api, **given: int) -> ASGIApp:
    """Return an application whose buckets never fill up again."""
    made = create_app(api.portal, settings(**given), documents=DOCUMENTS)
    made.state.limiter._now = int  # noqa: SLF001 — nothing leaks.
    return made


@pytest.fixture
def app(api: Api) -> ASGIApp:
    """Application with enough points for a test, of which one token may spend all."""
    return limited(api, partner=10_000, token_percent=100)


class Purse:
    """Points of a caller, as the headers of its answers tell of them."""

    def __init__(self, app: ASGIApp, api: Api) -> None:
        self._app, self._api = app, api
        self._before = 0

    async def spent(self) -> int:
        """Return what was spent since the last call, without the price of looking."""
        async with httpx.AsyncClient(transport=transport(self._app), base_url="http://portal.test") as http:
            first, second = [left(await ask(http, VIEWER, self._api.token)) for _ in range(2)]
        looking = first - second
        spent, self._before = self._before - first - looking, second
        return spent


def price(query: str) -> int:
    """Return the points of one event."""
    (operation,) = DOCUMENTS.get(query, None, None).operations.values()
    variables = operation.prepared.coerced({})
    assert not isinstance(variables, list)
    return operation.points(variables.coerced)


async def events_of(opened: list[Any], count: int, api: Api) -> None:
    """Let events happen, which every one of the subscriptions gets."""
    for _ in range(count):
        await api.client()
        for stream in opened:
            sent = await stream.next()
            assert sent is not None
            assert "errors" not in sent.data, sent


async def paid_for(app: ASGIApp, api: Api, streaming: Streaming, chosen: list[str], silent: Sequence[str] = ()) -> int:
    """Return what subscriptions of the same caller pay for three events; the silent ones get none."""
    purse = Purse(app, api)
    async with AsyncExitStack() as stack:
        for query in silent:
            await stack.enter_async_context(streaming(api, query, app=app))
        opened = [await stack.enter_async_context(streaming(api, query, app=app)) for query in chosen]
        await events_of(opened, 1, api)
        await purse.spent()
        await events_of(opened, 3, api)
        return await purse.spent()


@pytest.mark.parametrize("silent", [[], [ELSEWHERE]], ids=["alone", "beside another"])
async def test_a_subscription_pays_for_each_event_that_it_executes(
    app: ASGIApp, api: Api, streaming: Streaming, silent: list[str]
) -> None:
    assert await paid_for(app, api, streaming, [CLIENTS], silent) == 3 * price(CLIENTS)


async def test_different_subscriptions_each_pay_for_their_events(app: ASGIApp, api: Api, streaming: Streaming) -> None:
    assert await paid_for(app, api, streaming, [CLIENTS, OTHER]) == 3 * (price(CLIENTS) + price(OTHER))


async def test_one_of_several_equal_subscriptions_pays(app: ASGIApp, api: Api, streaming: Streaming) -> None:
    assert await paid_for(app, api, streaming, [CLIENTS] * 3) == 3 * price(CLIENTS)


@pytest.mark.parametrize("silent", [[], [ELSEWHERE]], ids=["alone", "beside another"])
async def test_an_event_that_the_database_fails_to_read_is_paid_once(
    api: Api, streaming: Streaming, silent: list[str]
) -> None:
    await api.client()
    start = await cursor_of(api, await last_number(api))
    await api.client()
    # The preparation of a document that the process has seen is not paid again.
    price(CLIENTS)
    failures: list[str] = []

    def fail(statement: str) -> None:
        if failures and "FROM clients" in statement:
            raise NotRead(failures.pop())

    api.portal.database.observers.append(fail)
    spent = []
    for number in (0, 5):
        failures.extend(["client"] * number)
        app = limited(api, partner=10_000, token_percent=100)
        purse = Purse(app, api)
        async with AsyncExitStack() as stack:
            for query in silent:
                await stack.enter_async_context(streaming(api, query, app=app))
            await purse.spent()
            stream = await stack.enter_async_context(streaming(api, CLIENTS, app=app, after=start))
            assert await stream.next() is not None
            spent.append(await purse.spent())
    api.portal.database.observers.remove(fail)

    assert (failures, spent[1]) == ([], spent[0])


async def test_an_event_that_waits_for_room_in_the_backlog_is_paid_once(
    app: ASGIApp, api: Api, streaming: Streaming, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.http.room.FREE_BYTES", 0)
    full: list[int] = []
    backlog, purse = Backlog(lambda: full.pop() if full else 0), Purse(app, api)

    async with streaming(api, CLIENTS, app=app, state={"backlog": backlog}) as stream:
        await purse.spent()
        full.extend([2**40] * 10)
        await events_of([stream], 1, api)
        spent = await purse.spent()

    assert (full, spent) == ([], price(CLIENTS))


async def test_an_event_that_one_can_not_pay_is_paid_by_the_next(api: Api, streaming: Streaming) -> None:
    app, colleague = limited(api), await new_caller(api.http, api.portal, api.partner_id)
    purse = Purse(app, colleague)

    async with streaming(api, CLIENTS, app=app) as poor, streaming(colleague, CLIENTS, app=app) as other:
        async with httpx.AsyncClient(transport=transport(app), base_url="http://portal.test") as http:
            await exhausted(http, VIEWER, api.token)
        await purse.spent()
        await events_of([poor, other], 2, api)
        spent = await purse.spent()

    assert spent == 2 * price(CLIENTS)
