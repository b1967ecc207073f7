"""Subscriptions that are refused or ended, as a stream of events and over WebSocket."""

import json
from http import HTTPStatus

import pytest

from db import events
from db.engine import Database
from db.engine.keyset import Keyset
from db.events import EventFilter
from resolvers import cursors, ids
from server.app import create_app
from server.graphql.documents import Documents
from server.settings import Settings
from tests import streams, websockets
from tests.api import Api
from tests.factories import new_caller
from tests.schema.following import Streaming, cursor_of, last_number

pytestmark = pytest.mark.stock


@pytest.mark.edge
async def test_a_cursor_that_is_none_of_the_partners_is_refused(api: Api, other_api: Api, streaming: Streaming) -> None:
    for _ in range(3):
        await api.client()
    for given in ("nonsense", await cursor_of(api, await last_number(api))):
        async with streaming(other_api, after=given) as stream:
            error = await stream.error()
        assert error["extensions"] == {"code": "BAD_USER_INPUT", "argument": "after"}, given


@pytest.mark.edge
async def test_a_cursor_of_an_event_to_come_is_refused(api: Api, streaming: Streaming) -> None:
    await api.client()
    listing = events.listing(api.partner_id, EventFilter())
    ahead = Keyset(await last_number(api) + 1, 1)

    async with streaming(api, after=cursors.encode(listing.order, api.partner_id, ahead)) as stream:
        error = await stream.error()

    assert "beyond the last event" in error["message"]


@pytest.mark.edge
async def test_a_subscription_needs_a_caller_that_reads_streams(api: Api) -> None:
    error = await api.error("subscription { events { number } }")

    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert "text/event-stream" in error["message"]


@pytest.mark.edge
async def test_a_subscription_needs_its_permission_before_it_begins(
    api: Api, anonymous: Api, streaming: Streaming
) -> None:
    given = {"name": "ERP", "permissions": ["CLIENTS_READ"]}
    script = Api(api.http, api.portal, token=(await api.done("createApiToken", "secret", given))["secret"])

    codes = []
    for caller in (anonymous, script):
        async with streaming(caller) as stream:
            codes.append((await stream.error())["extensions"]["code"])

    assert codes == ["UNAUTHENTICATED", "FORBIDDEN"]
    assert api.portal.feed.followers == 0


@pytest.mark.edge
async def test_each_caller_has_a_limited_number_of_subscriptions(api: Api, documents: Documents) -> None:
    app = create_app(api.portal, Settings(max_subscriptions_of_user=2, max_subscriptions=3), documents=documents)
    other = await new_caller(api.http, api.portal, api.partner_id)

    async with streams.streaming(api, app=app), streams.streaming(api, app=app):
        async with streams.streaming(api, app=app) as third, streams.streaming(other, app=app):
            of_user = await third.error()
        async with streams.streaming(other, app=app) as again:
            await api.client()
            assert await again.numbers(1)

    assert of_user["extensions"] == {"code": "RATE_LIMITED", "limit": 2, "retryAfter": 5}


@pytest.mark.edge
async def test_a_full_process_asks_subscribers_to_come_back(api: Api, documents: Documents) -> None:
    app = create_app(api.portal, Settings(max_subscriptions=1), documents=documents)

    async with streams.streaming(api, app=app):
        async with streams.streaming(api, app=app) as second:
            body = json.loads(await second.receive_body())
        async with websockets.streaming(api, app=app) as third:
            by_websocket = await third.error()

    assert (second.status, second.headers["retry-after"]) == (HTTPStatus.SERVICE_UNAVAILABLE, "1")
    assert second.headers["content-type"].startswith("application/json")
    assert body == {"errors": [by_websocket]}
    assert by_websocket["extensions"] == {"code": "UNAVAILABLE"}


async def test_a_subscription_that_can_not_begin_in_time_may_begin_later(api: Api, documents: Documents) -> None:
    await api.client()
    after, database = await cursor_of(api, await last_number(api)), api.portal.database
    # The token is known already, as it is for some seconds after a request.
    await api.data("{ viewer { role } }")
    api.portal.database = in_threads = Database(database.url.render_as_string(hide_password=False), in_place=False)
    app = create_app(api.portal, Settings(request_timeout_seconds=1e-6), documents=documents)
    try:
        async with streams.streaming(api, app=app, after=after) as stream:
            (error,) = json.loads(await stream.receive_body())["errors"]
    finally:
        api.portal.database = database
        await in_threads.close()

    assert (stream.status, error["extensions"]["code"]) == (HTTPStatus.GATEWAY_TIMEOUT, "TIMEOUT")
    assert (api.portal.feed.followers, app.state.streams.total) == (0, 0)


async def test_the_end_of_a_token_ends_its_subscriptions(api: Api, streaming: Streaming) -> None:
    other = await new_caller(api.http, api.portal, api.partner_id)
    async with streaming(other) as stream:
        await api.client()
        await stream.numbers(1)
        await other.data("mutation { signOut { __typename } }")
        await api.client()

        assert await stream.end() == "UNAUTHENTICATED"


async def test_a_revoked_token_ends_a_stream_that_sends_nothing(
    api: Api, monkeypatch: pytest.MonkeyPatch, streaming: Streaming
) -> None:
    monkeypatch.setattr("server.http.stream_checks.CHECK_SECONDS", 0.05)
    other = await new_caller(api.http, api.portal, api.partner_id)

    async with streaming(other) as stream:
        await other.data("mutation { signOut { __typename } }")

        assert await stream.end() == "UNAUTHENTICATED"


async def test_a_second_factor_that_is_required_meanwhile_ends_the_subscription(
    api: Api, vendor: Api, monkeypatch: pytest.MonkeyPatch, streaming: Streaming
) -> None:
    monkeypatch.setattr("server.http.stream_checks.CHECK_SECONDS", 0.05)
    given = {"partnerId": ids.encode("Partner", api.partner_id), "secondFactorRequired": True}

    # The event of the policy itself may be sent before the process has heard of its commit.
    async with streaming(api, filter={"types": ["CLIENT_REGISTERED"]}) as stream:
        await vendor.done("setPartnerPolicy", "__typename", given)

        assert await stream.end() == "SECOND_FACTOR_REQUIRED"


async def test_a_stopping_server_ends_streams_to_be_continued(api: Api, streaming: Streaming) -> None:
    async with streaming(api) as stream:
        await api.client()
        await stream.numbers(1)
        api.portal.feed.close()

        assert await stream.end() == "STOPPED"


async def test_a_subscriber_that_disconnects_is_forgotten(api: Api, streaming: Streaming) -> None:
    for _ in range(3):
        async with streaming(api) as stream, streaming(api):
            await api.client()
            await stream.numbers(1)
            assert api.portal.feed.followers == 2

    assert (api.portal.feed.followers, api.portal.feed._partners, api.portal.feed._reader) == (0, {}, None)  # noqa: SLF001
    assert api.portal.feed._hinted.set not in api.portal.database.after_commit  # noqa: SLF001
