"""GraphQL over WebSocket: the protocol graphql-transport-ws, and the rules that it shares with HTTP."""

import json
from dataclasses import replace
from http import HTTPStatus

import pytest

from resolvers import ids
from server.http.transport_ws import ID_LENGTH_MAX, CloseCode
from tests import cnpjs
from tests.api import Api
from tests.server.http.websockets import REGISTER, VIEWER, app_of, code_of
from tests.streams import EVENTS
from tests.websockets import connecting, signed_in

PAYLOADS: list[dict[str, object]] = [
    {"query": VIEWER},
    {"query": VIEWER, "operationName": "Other"},
    {"query": VIEWER, "operationName": ""},
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
    json.dumps({"type": "pong", "payload": {"a": "a" * 4_096}}),
    json.dumps({"type": "complete", "id": "1", "payload": {"a": "a" * 4_096}}),
    json.dumps({"type": "connection_init", "payload": {"a": "a" * 65_536}}),
    '{"type": "subscribe", "id": "\\ud800", "payload": {}}',
    '{"type": "complete", "id": "a\\udfff"}',
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


@pytest.mark.parametrize("kind", ["pong", "subscribe", "nonsense"])
async def test_a_long_message_without_a_token_is_not_parsed(anonymous: Api, kind: str) -> None:
    text = json.dumps({"type": kind, "id": "1", "payload": {"query": VIEWER, "more": "a" * 65_536}})[:-1]
    async with signed_in(anonymous) as socket:
        socket.send_text(text)
        closed = await socket.next()

    assert closed == (CloseCode.BAD_REQUEST, "Without a token, a message may have 65,536 characters.")


async def test_a_long_operation_with_a_token_is_executed(api: Api) -> None:
    async with signed_in(api) as socket:
        body = await socket.ask("1", VIEWER, unused="a" * 65_536)

    assert body["data"]["viewer"]["user"]["name"]


async def test_a_pong_may_repeat_the_longest_id(anonymous: Api) -> None:
    longest = "😀" * ID_LENGTH_MAX
    async with signed_in(anonymous) as socket:
        socket.send("pong", payload={"id": longest, "cursor": "c" * 100})
        socket.send("complete", id=longest)
        socket.send("ping")

        assert await socket.next() == {"type": "pong"}


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
