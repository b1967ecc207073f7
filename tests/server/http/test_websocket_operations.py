"""Operations and subscriptions over WebSocket: their ends, their limits and their errors."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from http import HTTPStatus

import pytest

from domain.access import ROLE_PERMISSIONS, Permission, Role
from resolvers import ids
from server.http.transport_ws import CloseCode
from tests import cnpjs
from tests.api import Api
from tests.factories import new_caller
from tests.server.http.websockets import REGISTER, VIEWER, app_of, code_of, sockets_of
from tests.server.log import Log
from tests.streams import EVENTS, streaming
from tests.websockets import Closed, connecting, signed_in


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
        # The event of the change may come before the next check.
        while (refused := await socket.next())["type"] == "next":
            continue
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
