"""The subscription to a partner's events, as a stream of events and over WebSocket."""

import json

import pytest

from domain.errors import NotRead
from resolvers import ids
from resolvers.newest_events import BATCH_MAX, KEPT
from server.app import create_app
from server.graphql.documents import Documents
from server.http.backlog import FREE_BYTES, Backlog
from server.settings import Settings
from tests import streams
from tests.api import Api
from tests.executors import DOCUMENTS
from tests.factories import new_caller, new_partner
from tests.schema.following import Streaming, cursor_of, last_number

pytestmark = pytest.mark.stock

CURSORS = "{ events(first: 100) { nodes { number cursor type } } }"
NESTED = """subscription ($after: String) { events(after: $after) {
    number cursor message client { id name activations(first: 1) { nodes { id } } } } }"""


async def test_a_subscriber_gets_each_new_event_once_in_order(api: Api, streaming: Streaming) -> None:
    await api.client()
    before = await last_number(api)

    async with streaming(api) as stream:
        for _ in range(3):
            await api.client()
        found = await stream.numbers(3)

    assert found == [before + 1, before + 2, before + 3]


async def test_a_subscription_continues_after_the_cursor_of_any_list(
    api: Api, other_api: Api, streaming: Streaming
) -> None:
    for _ in range(4):
        await api.client()
    await other_api.client()
    first = await last_number(api) - 3

    async with streaming(api, after=await cursor_of(api, first)) as stream:
        await api.client()
        found = await stream.numbers(4)

    assert found == [first + 1, first + 2, first + 3, first + 4]


async def test_the_cursor_before_the_first_event_misses_nothing(api: Api, streaming: Streaming) -> None:
    async with streaming(api, filter={"types": ["ACTIVATION_CANCELLED"]}) as stream:
        start = await stream.progress()
    for _ in range(2):
        await api.client()
    numbers = [node["number"] for node in (await api.data(CURSORS))["events"]["nodes"]]

    async with streaming(api, after=start) as stream:
        found = await stream.numbers(2)

    assert found == numbers


async def test_a_cursor_goes_on_past_events_that_do_not_match(
    api: Api, streaming: Streaming, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.http.event_stream.ALIVE_SECONDS", 0.05)
    monkeypatch.setattr("server.http.websocket_operation._WAIT_SECONDS", 0.05)

    async with streaming(api, filter={"types": ["ACTIVATION_CANCELLED"]}) as stream:
        start = await stream.progress()
        await api.client()
        past = await stream.progress()
    await api.client()
    last = await last_number(api)
    async with streaming(api, after=past) as stream:
        found = await stream.numbers(1)

    assert start != past
    assert found == [last]


async def test_the_id_of_an_event_continues_a_lost_connection(api: Api) -> None:
    await api.client()
    start = await cursor_of(api, await last_number(api))
    async with streams.streaming(api, after=start) as stream:
        await api.client()
        sent = await stream.next()
    assert sent is not None
    assert sent.id is not None
    await api.client()

    async with streams.streaming(api, after=start, headers={"Last-Event-ID": sent.id}) as again:
        found = await again.numbers(1)

    assert found == [sent.data["data"]["events"]["number"] + 1]


async def test_an_empty_id_of_an_event_is_none(api: Api) -> None:
    await api.client()

    async with streams.streaming(api, headers={"Last-Event-ID": ""}) as stream:
        await api.client()
        found = await stream.numbers(1)

    assert found == [await last_number(api)]


async def test_what_is_no_longer_kept_is_read_from_the_database(api: Api, streaming: Streaming) -> None:
    await api.client()
    first = await last_number(api)
    start = await cursor_of(api, first)
    other = await api.client()
    count = KEPT + BATCH_MAX + 5
    async with streaming(api) as fresh:
        for place in range(count):
            await api.done("updateClient", "client { id }", {"clientId": other, "city": f"Campinas {place}"})
        live = await fresh.numbers(count)

    async with streaming(api, after=start) as stream:
        found = await stream.numbers(count + 1)

    assert found == list(range(first + 1, first + count + 2))
    assert live == found[1:]


async def test_only_the_events_of_the_filter_are_sent(api: Api, streaming: Streaming) -> None:
    await api.client()
    start = await cursor_of(api, await last_number(api))
    mine = await api.client()
    await api.client()
    await api.done("updateClient", "client { id }", {"clientId": mine, "city": "Campinas"})

    async with streaming(api, after=start, filter={"clientId": mine}) as caught_up:
        old = await caught_up.numbers(2)
        await api.client()
        await api.done("updateClient", "client { id }", {"clientId": mine, "city": "Santos"})
        new = await caught_up.numbers(1)
    async with streaming(api, after=start, filter={"types": ["CLIENT_UPDATED"]}) as updates:
        of_type = await updates.numbers(2)

    first = old[0]
    assert (old, new, of_type) == ([first, first + 2], [first + 4], [first + 2, first + 4])


async def test_no_partner_sees_the_events_of_another(
    api: Api, other_api: Api, vendor: Api, streaming: Streaming
) -> None:
    await api.client()
    await other_api.client()
    partner = (await api.data("{ viewer { partner { id } } }"))["viewer"]["partner"]["id"]
    of_other = await cursor_of(other_api, await last_number(other_api))

    async with streaming(other_api) as others, streaming(vendor, filter={"partnerId": partner}) as vendors:
        await api.client()
        await other_api.client()
        (mine,) = await others.numbers(1)
        (seen,) = await vendors.numbers(1)
    async with streaming(api, after=of_other) as with_their_cursor, streaming(vendor) as of_no_partner:
        refused = [await with_their_cursor.error(), await of_no_partner.error()]

    assert (mine, seen) == (await last_number(other_api), await last_number(api))
    assert [error["extensions"]["argument"] for error in refused] == ["after", "filter.partnerId"]


async def test_another_partner_is_refused_as_one_that_does_not_exist(
    api: Api, other_api: Api, vendor: Api, streaming: Streaming
) -> None:
    nowhere = ids.encode("Partner", 2**40)
    asked = [(api, other_api.partner), (api, nowhere), (api, "nonsense"), (vendor, nowhere), (vendor, "nonsense")]

    refused = []
    for caller, partner in asked:
        async with streaming(caller, filter={"partnerId": partner}) as stream:
            refused.append(await stream.error())

    assert [error["extensions"]["argument"] for error in refused] == ["filter.partnerId"] * len(asked)
    assert len({error["message"] for error in refused}) == 1


async def test_a_partner_without_an_event_is_followed(vendor: Api, streaming: Streaming) -> None:
    partner = await new_partner(vendor.portal)

    async with streaming(vendor, filter={"partnerId": ids.encode("Partner", partner)}) as stream:
        await (await new_caller(vendor.http, vendor.portal, partner)).client()
        found = await stream.numbers(1)

    assert found == [1]


@pytest.mark.edge
async def test_queries_of_urql_are_answered_in_json(api: Api) -> None:
    types = "application/graphql-response+json", "application/graphql+json", "application/json", "text/event-stream"
    accept = ", ".join((*types, "multipart/mixed"))

    async with streams.streaming(api, "{ viewer { user { name } } }", accept=accept) as query:
        body = json.loads(await query.receive_body())
    async with streams.streaming(api, accept=accept) as subscription:
        await api.client()
        found = await subscription.numbers(1)

    assert query.headers["content-type"] == "application/graphql-response+json; charset=utf-8"
    assert body["data"]["viewer"]["user"]["name"]
    assert len(found) == 1


@pytest.mark.edge
async def test_a_query_can_be_answered_as_a_stream_of_one(api: Api) -> None:
    async with streams.streaming(api, "{ viewer { user { name } } }") as stream:
        first, second, third = await stream.next(), await stream.next(), await stream.next()

    assert first is not None
    assert second is not None
    assert (stream.status, stream.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    assert (first.kind, second.kind, third) == ("next", "complete", None)
    assert first.data["data"]["viewer"]["user"]["name"]


async def test_statements_do_not_grow_with_the_events_of_a_batch(level: Api, streaming: Streaming) -> None:
    await level.client()
    start = await cursor_of(level, await last_number(level))
    counts = []
    for more in (2, 20):
        for _ in range(more):
            await level.client()
        seen: list[str] = []
        level.portal.database.observers.append(seen.append)
        # Only execution by batch loads what several events refer to at once.
        async with streaming(
            level, NESTED, app=create_app(level.portal, Settings(), documents=DOCUMENTS), after=start
        ) as stream:
            for _ in range(more):
                sent = await stream.next()
                assert sent is not None
                start = sent.data["data"]["events"]["cursor"]
        level.portal.database.observers.remove(seen.append)
        counts.append(len(seen))

    assert counts[1] <= counts[0] + 2


async def test_a_failure_of_the_database_loses_no_event(level: Api, streaming: Streaming) -> None:
    await level.client()
    start = await cursor_of(level, await last_number(level))
    await level.client()
    failures = ["client"]

    def fail_once(statement: str) -> None:
        if failures and "FROM clients" in statement:
            raise NotRead(failures.pop())

    level.portal.database.observers.append(fail_once)
    async with streaming(level, NESTED, after=start) as stream:
        sent = await stream.next()
    level.portal.database.observers.remove(fail_once)

    assert failures == []
    assert sent is not None
    assert "errors" not in sent.data
    assert sent.data["data"]["events"]["client"]["name"]


@pytest.mark.edge
async def test_a_long_answer_as_a_stream_leaves_no_bytes_counted(api: Api) -> None:
    query = "{ " + " ".join(f"t{n}: __schema {{ types {{ name description }} }}" for n in range(3)) + " }"
    backlog, unread = Backlog(), []

    for accept in ("application/json", "text/event-stream"):
        async with streams.streaming(api, query, accept=accept, state={"backlog": backlog}) as stream:
            assert len(await stream.receive_body()) > FREE_BYTES

        # Nothing more is refused than by a new one.
        unread.append(backlog._coming)  # noqa: SLF001 — how much is counted shows nowhere else.

    assert unread == [0, 0]


async def test_a_result_that_is_too_long_is_an_error_in_its_place(
    api: Api, streaming: Streaming, documents: Documents
) -> None:
    clients = " ".join(f"c{n}: client {{ name activations(first: 100) {{ nodes {{ id }} }} }}" for n in range(20))
    app = create_app(api.portal, Settings(max_answer_bytes=1_024), documents=documents)

    async with streaming(api, f"subscription {{ events {{ number {clients} }} }}", app=app) as stream:
        for _ in range(2):
            await api.client()
        sent = [await stream.next() for _ in range(2)]

    errors = [each.data["errors"][0]["extensions"] for each in sent if each is not None]
    assert [(each["code"], each["maxBytes"]) for each in errors] == [("COST_EXCEEDED", 1_024)] * 2


async def test_a_long_result_waits_for_room_in_the_backlog(
    api: Api, streaming: Streaming, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.http.room.FREE_BYTES", 0)
    monkeypatch.setattr("server.http.event_stream._RETRY_SECONDS", 0.01)
    monkeypatch.setattr("server.http.websocket_operation._RETRY_SECONDS", 0.01)
    full = [2**40] * 3
    backlog = Backlog(lambda: full.pop() if full else 0)

    async with streaming(api, state={"backlog": backlog}) as stream:
        for _ in range(2):
            await api.client()
        found = await stream.numbers(2)

    assert full == []
    assert found == [found[0], found[0] + 1]
    assert backlog._coming == 0  # noqa: SLF001 — how much is counted shows nowhere else.
