"""GraphQL over WebSocket: the protocol graphql-transport-ws, and the rules that it shares with HTTP."""

import asyncio
import json
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from http import HTTPStatus
from typing import Any

import pytest

from domain.access import ROLE_PERMISSIONS, Permission, Role
from resolvers import ids
from server.app import Application, create_app
from server.http.transport_ws import CloseCode
from server.http.websocket import WebSockets
from server.settings import Settings
from tests import cnpjs
from tests.api import Api
from tests.executors import DOCUMENTS
from tests.factories import new_caller
from tests.server.log import Log
from tests.streams import EVENTS, streaming
from tests.websockets import Closed, Socket, connecting, signed_in

VIEWER = "{ viewer { user { name } } }"
REGISTER = """mutation ($cnpj: String!, $key: String) {
    registerClient(input: {cnpj: $cnpj, name: "Padaria", idempotencyKey: $key}) {
        client { id name } userErrors { code message path } } }"""


def app_of(api: Api, **settings: Any) -> Application:  # noqa: ANN401 — any settings.
    return create_app(api.portal, Settings(**settings), documents=DOCUMENTS)


def sockets_of(app: Application) -> WebSockets:
    sockets: WebSockets = app.state.sockets
    return sockets


async def code_of(socket: Socket) -> int:
    closed = await socket.next()
    assert isinstance(closed, Closed)
    assert closed.reason
    return closed.code


PAYLOADS: list[dict[str, object]] = [
    {"query": VIEWER},
    {"query": VIEWER, "operationName": "Other"},
    {"query": "query A { viewer { role } } query B { __typename }", "operationName": "B"},
    {"query": "{ viewer { rolle } }"},
    {"query": "{ viewer {"},
    {"query": ""},
    {"query": None},
    {"query": VIEWER, "variables": []},
    {"query": "{ __typename } \u0000"},
    {"query": 'query { client(id: "nonsense") { id } }'},
    {"query": "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", "variables": {"ids": ["x"]}},
    {"query": "query ($n: String) { clients(filter: {search: $n}) { totalCount } }", "variables": {"n": "ß" * 1_000}},
    {"query": "query ($n: String) { clients(filter: {search: $n}) { totalCount } }", "variables": {"n": "\ud800"}},
    {"query": "{ " + " ".join(f"a{n}: clients(first: 100) {{ nodes {{ id }} }}" for n in range(90)) + " }"},
    {"query": "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }"},
    {"documentId": "sha256:" + "a" * 64},
    {"documentId": "not one"},
    {"query": VIEWER, "extensions": {"persistedQuery": {"version": 1, "sha256Hash": "a" * 64}}},
    {"query": REGISTER, "variables": {"cnpj": "1"}},
    {"query": "{ __schema { queryType { name } } }"},
]


async def test_each_answer_is_that_of_http(api: Api, anonymous: Api) -> None:
    for caller in (api, anonymous):
        headers = {"Accept-Language": "en"} | ({"Authorization": f"Bearer {caller.token}"} if caller.token else {})
        async with signed_in(caller) as socket:
            for place, payload in enumerate(PAYLOADS):
                text = json.dumps(payload)
                given = headers | {"Content-Type": "application/json"}
                by_http = (await caller.http.post("/graphql", content=text, headers=given)).json()
                socket.send_text(json.dumps({"id": str(place), "type": "subscribe", "payload": payload}))
                message = await socket.next()

                kind = "next" if "data" in by_http else "error"
                assert message == {
                    "id": str(place),
                    "type": kind,
                    "payload": by_http if kind == "next" else by_http["errors"],
                }
                if kind == "next":
                    assert await socket.next() == {"id": str(place), "type": "complete"}


async def test_registered_documents_are_the_only_ones_if_the_setting_says_so(api: Api) -> None:
    async with signed_in(api, app=app_of(api, trusted_documents="only")) as socket:
        body = await socket.ask("1", VIEWER)

    assert body["errors"][0]["extensions"]["code"] == "DOCUMENT_NOT_TRUSTED"


async def test_a_mutation_with_a_key_is_done_once(api: Api) -> None:
    given = {"cnpj": cnpjs.another(), "key": "once"}
    async with signed_in(api) as socket:
        first, second = [await socket.ask("1", REGISTER, **given) for _ in range(2)]

    assert first == second
    assert first["data"]["registerClient"]["userErrors"] == []


@pytest.mark.parametrize("name", ["authorization", "Authorization"])
async def test_the_payload_has_a_token_and_a_language(api: Api, name: str) -> None:
    payload = {name: f"Bearer {api.token}", "Accept-Language": "pt-BR"}

    async with signed_in(replace(api, token=None), payload=payload) as socket:
        body = await socket.ask("1", REGISTER, cnpj="1")

    assert "CNPJ" in body["data"]["registerClient"]["userErrors"][0]["message"]
    assert "dígitos" in body["data"]["registerClient"]["userErrors"][0]["message"]


async def test_the_handshake_can_have_the_token(api: Api, anonymous: Api) -> None:
    headers = {"Authorization": f"Bearer {api.token}", "X-Request-Id": "mine"}

    async with signed_in(anonymous, headers=headers) as socket:
        body = await socket.ask("1", VIEWER)

    assert body["data"]["viewer"]["user"]["name"]
    assert (socket.headers["x-request-id"], socket.subprotocol) == ("mine", "graphql-transport-ws")


@pytest.mark.parametrize("given", ["Bearer unknown", "Basic abc", "Bearer a b"])
async def test_a_token_that_can_not_be_used_closes(anonymous: Api, given: str) -> None:
    async with connecting(anonymous) as socket:
        socket.send("connection_init", payload={"authorization": given})

        assert await code_of(socket) == CloseCode.UNAUTHORIZED


async def test_a_token_that_may_not_be_used_here_closes(api: Api, vendor: Api) -> None:
    given = {"name": "Script", "permissions": ["EVENTS_READ"]}
    script = replace(api, token=(await api.done("createApiToken", "secret", given))["secret"])
    policy = {"partnerId": ids.encode("Partner", api.partner_id), "apiTokenNetworks": ["203.0.113.0/24"]}
    await vendor.done("setPartnerPolicy", "partner { id }", policy)

    async with connecting(script) as socket:
        socket.send("connection_init", payload={"authorization": f"Bearer {script.token}"})

        assert await code_of(socket) == CloseCode.FORBIDDEN


BAD_MESSAGES = [
    "",
    "{",
    "[]",
    "null",
    '"connection_init"',
    "{}",
    '{"type": "start"}',
    '{"type": 1}',
    '{"type": "subscribe"}',
    '{"type": "subscribe", "id": "", "payload": {}}',
    '{"type": "subscribe", "id": 1, "payload": {}}',
    '{"type": "subscribe", "id": "1"}',
    '{"type": "subscribe", "id": "1", "payload": []}',
    json.dumps({"type": "subscribe", "id": "1" * 129, "payload": {}}),
    '{"type": "complete"}',
    '{"type": "ping", "payload": 1}',
    json.dumps({"type": "ping", "payload": {"a": "a" * 1_024}}),
    '{"type": "connection_init", "payload": "x"}',
    '{"type": "connection_init", "payload": {"Authorization": 1}}',
    "[" * 100_000,
    '{"type": "ping", "payload": {"a": NaN}}',
]


@pytest.mark.edge
async def test_what_is_no_message_closes(anonymous: Api) -> None:
    for text in BAD_MESSAGES:
        async with connecting(anonymous) as socket:
            socket.send_text(text)

            assert await code_of(socket) == CloseCode.BAD_REQUEST, text[:80]


@pytest.mark.edge
async def test_a_binary_message_closes(anonymous: Api) -> None:
    async with signed_in(anonymous) as socket:
        socket.given.put_nowait({"type": "websocket.receive", "bytes": b"{}"})

        assert await code_of(socket) == CloseCode.BAD_REQUEST


async def test_messages_out_of_their_order_close(api: Api) -> None:
    codes = []
    async with connecting(api) as socket:
        socket.subscribe("1", VIEWER)
        codes.append(await code_of(socket))
    async with signed_in(api) as socket:
        socket.send("connection_init")
        codes.append(await code_of(socket))
    async with signed_in(api) as socket:
        for _ in range(2):
            socket.subscribe("1", EVENTS)
        codes.append(await code_of(socket))

    assert codes == [CloseCode.UNAUTHORIZED, CloseCode.TOO_MANY_INITS, CloseCode.SUBSCRIBER_EXISTS]


async def test_a_caller_that_does_not_begin_is_closed(anonymous: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.http.websocket_session.INIT_SECONDS", 0.05)

    async with connecting(anonymous) as silent, connecting(anonymous) as chatty:
        chatty.send("ping")

        assert await chatty.next() == {"type": "pong"}
        assert [await code_of(each) for each in (silent, chatty)] == [CloseCode.INIT_TIMEOUT] * 2


async def test_a_ping_is_answered_with_its_payload(anonymous: Api) -> None:
    async with signed_in(anonymous) as socket:
        socket.send("pong")
        socket.send("complete", id="unknown")
        socket.send("ping", payload={"at": 1, "text": "\ud800"})

        assert await socket.next() == {"type": "pong", "payload": {"at": 1, "text": "\ud800"}}


async def test_an_id_can_be_used_again_after_its_end(api: Api) -> None:
    async with signed_in(api) as socket:
        answers = [await socket.ask("1", VIEWER) for _ in range(3)]
        for _ in range(3):
            socket.subscribe("1", EVENTS)
            socket.send("complete", id="1")
        socket.subscribe("1", "{ unknown }")
        last = await socket.next()

    assert answers[0] == answers[2]
    assert (last["id"], last["type"]) == ("1", "error")


@pytest.mark.parametrize("subprotocols", [[], ["graphql-ws"]])
async def test_another_protocol_is_refused(anonymous: Api, subprotocols: list[str]) -> None:
    async with connecting(anonymous, subprotocols=subprotocols) as socket:
        pass

    assert socket.refused is not None
    assert socket.refused[0] == HTTPStatus.BAD_REQUEST
    assert "graphql-transport-ws" in socket.refused[1]["errors"][0]["message"]


@pytest.mark.parametrize(
    ("origin", "admitted"),
    [
        (None, True),
        ("https://spa.example", True),
        ("https://portal.test", True),
        ("http://portal.test", True),
        ("https://portal.test.evil.example", False),
        ("https://evil.example", False),
        ("https://evil.example?://portal.test", False),
        ("null", False),
        ("", False),
    ],
)
async def test_pages_of_other_origins_are_refused(anonymous: Api, origin: str | None, *, admitted: bool) -> None:
    headers = {} if origin is None else {"Origin": origin}

    async with connecting(
        anonymous, headers=headers, app=app_of(anonymous, cors_origins="https://spa.example")
    ) as socket:
        socket.send("connection_init")
        assert not admitted or await socket.next() == {"type": "connection_ack"}

    assert admitted == (socket.refused is None)
    assert socket.refused is None or socket.refused[0] == HTTPStatus.FORBIDDEN


async def test_complete_ends_one_operation_only(api: Api) -> None:
    async with signed_in(api) as socket:
        for id_ in ("1", "2"):
            socket.subscribe(id_, EVENTS)
        await _until(lambda: api.portal.feed.followers == 2)
        socket.send("complete", id="1")
        await _until(lambda: api.portal.feed.followers == 1)
        await api.client()
        first = await socket.next()
        await api.client()
        second = await socket.next()

    assert [first["id"], second["id"]] == ["2", "2"]
    assert second["payload"]["data"]["events"]["number"] == first["payload"]["data"]["events"]["number"] + 1


async def test_a_mutation_is_done_though_its_caller_left(api: Api) -> None:
    numbers = [cnpjs.another() for _ in range(2)]
    async with signed_in(api) as socket:
        socket.subscribe("1", REGISTER, cnpj=numbers[0])
        socket.send("complete", id="1")
        socket.subscribe("2", REGISTER, cnpj=numbers[1])
        # It leaves at once.
    found = (await api.data("{ clients(first: 10) { nodes { cnpj } } }"))["clients"]["nodes"]

    assert sorted(node["cnpj"] for node in found) == sorted(numbers)


@pytest.mark.edge
async def test_a_connection_has_a_limited_number_of_operations(api: Api) -> None:
    async with signed_in(api, app=app_of(api, max_operations_of_connection=2)) as socket:
        for id_ in ("1", "2", "3"):
            socket.subscribe(id_, EVENTS)
        refused = await socket.next()
        await _until(lambda: api.portal.feed.followers == 2)
        socket.send("complete", id="1")
        await _until(lambda: api.portal.feed.followers == 1)
        answer = await socket.ask("3", VIEWER)

    assert (refused["id"], refused["type"]) == ("3", "error")
    assert refused["payload"][0]["extensions"] == {"code": "RATE_LIMITED", "limit": 2, "retryAfter": 1}
    assert answer["data"]


@pytest.mark.edge
async def test_the_limits_of_subscriptions_hold_over_both_transports(api: Api) -> None:
    app = app_of(api, max_subscriptions_of_user=2)

    async with signed_in(api, app=app) as socket, streaming(api, app=app):
        socket.subscribe("1", EVENTS)
        socket.subscribe("2", EVENTS)
        refused = await socket.next()
        async with streaming(api, app=app) as third:
            by_sse = await third.error()

    assert (refused["id"], refused["payload"]) == ("2", [by_sse])
    assert by_sse["extensions"] == {"code": "RATE_LIMITED", "limit": 2, "retryAfter": 5}


@pytest.mark.edge
async def test_each_caller_has_a_limited_number_of_connections(api: Api, anonymous: Api) -> None:
    app = app_of(api, max_subscriptions_of_user=1, max_subscriptions_of_address=1, max_subscriptions=3)

    async with signed_in(api, app=app), connecting(api, app=app) as second:
        second.send("connection_init", payload={"authorization": f"Bearer {api.token}"})
        of_user = await code_of(second)
    async with AsyncExitStack() as stack:
        for _ in range(3):
            await stack.enter_async_context(signed_in(anonymous, app=app))
        async with connecting(anonymous, app=app) as fourth:
            pass
    async with signed_in(api, app=app) as again:
        assert await again.ask("1", VIEWER)

    assert (of_user, fourth.refused and fourth.refused[0]) == (CloseCode.TRY_AGAIN, HTTPStatus.SERVICE_UNAVAILABLE)
    assert fourth.headers["retry-after"] == "1"


async def test_who_leaves_at_any_moment_frees_everything(api: Api) -> None:
    app, before = app_of(api), len(asyncio.all_tasks())
    sockets = sockets_of(app)

    for stage in range(6):
        async with connecting(api, app=app) as socket:
            if stage > 0:
                socket.send("connection_init", payload={"authorization": f"Bearer {api.token}"})
            if stage > 1:
                await socket.next()
            if stage > 2:
                socket.subscribe("1", EVENTS)
                socket.subscribe("2", VIEWER)
            if stage > 3:
                await socket.next()
                await _until(lambda: api.portal.feed.followers == 1)
            if stage > 4:
                await api.client()
                socket.readable.clear()
            await _until(lambda: sockets.connections == 1)
        assert (sockets.connections, api.portal.feed.followers) == (0, 0)

    counts = sockets._connections, sockets._signed_in, app.state.streams  # noqa: SLF001 — counts show nowhere else.
    assert [(each.total, dict(each._counts)) for each in counts] == [(0, {})] * 3  # noqa: SLF001
    await _until(lambda: len(asyncio.all_tasks()) <= before)


async def test_a_caller_that_reads_late_gets_all_events_in_order(api: Api) -> None:
    await api.client()
    async with signed_in(api) as socket:
        socket.readable.clear()
        for id_ in range(20):
            socket.subscribe(str(id_), EVENTS)
        await _until(lambda: api.portal.feed.followers == 20)
        for _ in range(3):
            await api.client()
        socket.readable.set()
        found: dict[str, list[int]] = {}
        for _ in range(60):
            message = await socket.next()
            found.setdefault(message["id"], []).append(message["payload"]["data"]["events"]["number"])

    assert len(found) == 20
    assert {tuple(numbers) for numbers in found.values()} == {tuple(sorted(found["0"]))}


async def test_a_stopping_server_gives_the_answers_that_it_owes(api: Api) -> None:
    stopping, cnpj = asyncio.Event(), cnpjs.another()

    async with (
        signed_in(api, state={"stopping": stopping}) as socket,
        signed_in(api, state={"stopping": stopping}) as idle,
    ):
        socket.subscribe("1", EVENTS)
        await _until(lambda: api.portal.feed.followers == 1)
        socket.subscribe("2", REGISTER, cnpj=cnpj)
        await asyncio.sleep(0)
        stopping.set()
        messages = [await socket.next()]
        while not isinstance(messages[-1], Closed):
            messages.append(await socket.next())
        last = await idle.next()

    of_mutation = [each for each in messages[:-1] if each["id"] == "2"]
    assert [each["type"] for each in of_mutation] == ["next", "complete"]
    assert messages[-1] == last
    assert last.code == CloseCode.RESTART
    assert "resume" in last.reason


async def test_a_lost_permission_ends_the_subscription_only(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.http.stream_checks.CHECK_SECONDS", 0.05)
    # Every role has it.
    lesser = ROLE_PERMISSIONS[Role.OPERATOR] - {Permission.EVENTS_READ}
    monkeypatch.setattr("domain.access.ROLE_PERMISSIONS", {**ROLE_PERMISSIONS, Role.OPERATOR: lesser})
    other = await new_caller(api.http, api.portal, api.partner_id)

    async with signed_in(other) as socket:
        socket.subscribe("1", EVENTS)
        await _until(lambda: api.portal.feed.followers == 1)
        await api.done("updateUser", "user { id }", {"userId": ids.encode("User", other.user_id), "role": "OPERATOR"})
        refused = await socket.next()
        answer = await socket.ask("1", VIEWER)

    assert (refused["id"], refused["type"]) == ("1", "error")
    assert refused["payload"][0]["extensions"]["code"] == "FORBIDDEN"
    assert answer["data"]


async def test_an_unexpected_error_is_masked_with_the_id_of_its_operation(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_arguments: object) -> None:
        message = "secret"
        raise RuntimeError(message)

    async with signed_in(api, headers={"X-Request-Id": "mine"}) as socket:
        await socket.ask("1", VIEWER)
        monkeypatch.setattr("server.graphql.operations.Operations.execute", fail)
        body = await socket.ask("2", VIEWER)

    assert body["errors"][0]["extensions"] == {"code": "INTERNAL", "requestId": "mine-2"}
    assert "secret" not in str(body)


@pytest.mark.parametrize(
    ("name", "event"),
    [
        ("websocket_session.Session._subscribe", "websocket failed"),
        ("stream_checks.bearer.renewed", "subscriptions not checked"),
    ],
)
async def test_an_unexpected_error_of_the_connection_is_logged_and_closes_it(
    api: Api, log: Log, monkeypatch: pytest.MonkeyPatch, name: str, event: str
) -> None:
    async def fail(*_arguments: object, **_options: object) -> None:
        message = "secret"
        raise RuntimeError(message)

    monkeypatch.setattr("server.http.stream_checks.CHECK_SECONDS", 0.05)
    monkeypatch.setattr(f"server.http.{name}", fail)
    log.read()
    async with signed_in(api) as socket:
        socket.subscribe("1", EVENTS)
        closed = await socket.next()

    (line,) = [line for line in log.lines() if line["event"] == event]
    assert closed.code == CloseCode.INTERNAL
    assert "secret" not in closed.reason
    assert [error["type"] for error in line["error"]] == ["builtins.RuntimeError"]


async def test_each_operation_and_the_connection_have_a_line_in_the_log(api: Api, log: Log) -> None:
    log.read()
    async with signed_in(api, headers={"X-Request-Id": "mine"}) as socket:
        await socket.ask("a", f"query Mine {VIEWER}")
        await socket.ask("b", "{ unknown }")
    lines = [line for line in log.lines() if line.get("method") == "WEBSOCKET"]

    assert [line["request_id"] for line in lines] == ["mine-1", "mine-2", "mine"]
    assert [line.get("operation") for line in lines] == ["Mine", None, None]
    assert lines[1]["errors"] == ["BAD_USER_INPUT"]
    assert (lines[2]["status"], lines[2]["close_code"]) == (101, 1001)
    assert {(line["partner_id"], line["user_id"]) for line in lines} == {(api.partner_id, api.user_id)}


async def _until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110 — what the application does has no event to wait for.
            await asyncio.sleep(0.001)
