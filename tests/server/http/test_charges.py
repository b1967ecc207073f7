"""What is given back of the points of requests that were executed and could not be answered as they asked."""

from collections.abc import AsyncIterator
from itertools import count
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from db.engine.deadline import Deadline
from domain.access import TokenKind
from domain.rates import Limit
from resolvers.access import new_secret
from resolvers.context import Context
from resolvers.rates import Account, Charge, Lease
from server.app import create_app
from server.graphql.answers import Answer
from server.http import charges
from server.http.backlog import BACKLOG_MAX_BYTES, Backlog
from server.settings import Settings
from tests import streams
from tests.api import Api, address
from tests.executors import DOCUMENTS
from tests.server.http.test_rates import VIEWER, ask, exhausted, left, limited, settings
from tests.statements import reading
from tests.streams import EVENTS
from tests.websockets import signed_in, streaming

LONG = f"{{ {' '.join(f'a{number}: viewer {{ user {{ id name email }} }}' for number in range(20))} }}"
POINTS = 100

TYPENAME_POINTS = 3
"""What `{ __typename }` costs."""


@pytest.fixture
def charge() -> Charge:
    """Charge of an operation that could return many objects, and has begun."""
    lease = Lease("any", "address", Limit(POINTS, 50))
    lease.left = POINTS
    charge = Charge(Account(lease, None, lambda _: None), POINTS)
    assert charge.pay()
    charge.objects = 1_000
    return charge


@pytest.fixture
async def served(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    """Client of an application with small buckets."""
    async with limited(api) as http:
        yield http


def settled(api: Api, charge: Charge, deadline: Deadline) -> int:
    """Return the points kept for a query that found the database not available."""
    body: dict[str, Any] = {"data": None, "errors": [{}]}
    operation = DOCUMENTS.get(VIEWER).operations[None]
    answer = Answer(body, executed=True, codes=frozenset({"UNAVAILABLE"}), operation=operation)
    context = Context(api.portal, deadline=deadline, charge=charge)
    context.settle(b'{"data":null}', answer.braces, executed=answer.executed, longest=1_000)
    return charge.spent


def test_what_found_no_database_pays_for_half(api: Api, charge: Charge) -> None:
    assert settled(api, charge, Deadline(60)) == POINTS // 2


def test_a_caller_who_has_gone_pays_for_all(api: Api, charge: Charge) -> None:
    deadline = Deadline(60)
    deadline.abandon()

    assert settled(api, charge, deadline) == POINTS


def test_what_has_begun_is_not_cancelled(api: Api, charge: Charge) -> None:
    charges.cancel(Context(api.portal, charge=charge))

    assert charge.spent == POINTS


async def test_an_answer_that_is_too_long_is_paid_in_full(api: Api) -> None:
    app = create_app(api.portal, settings().model_copy(update={"max_answer_bytes": 1_024}), documents=DOCUMENTS)
    app.state.limiter._now = int  # noqa: SLF001 — nothing leaks.

    assert await _paid(api, app, LONG, "COST_EXCEEDED") == DOCUMENTS.get(LONG).operations[None].points({})


async def test_an_answer_without_room_in_the_backlog_is_paid(api: Api) -> None:
    query = "{ __schema { types { name description fields { name description args { name description } } } } }"
    app = create_app(api.portal, settings(partner=50_000), documents=DOCUMENTS)
    app.state.limiter._now = int  # noqa: SLF001 — nothing leaks.

    async def crowded(scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})["backlog"] = Backlog(lambda: BACKLOG_MAX_BYTES)
        await app(scope, receive, send)

    points = DOCUMENTS.get(query).operations[None].points({})

    assert points / 2 <= await _paid(api, crowded, query, "UNAVAILABLE") <= points


async def _paid(api: Api, app: ASGIApp, query: str, code: str) -> int:
    """Return the points that a query was charged, whose answer was replaced by an error."""
    transport = httpx.ASGITransport(app, client=(address(), 50_000))
    async with httpx.AsyncClient(transport=transport, base_url="http://portal.test") as http:
        DOCUMENTS.get(VIEWER)
        first, second = left(await ask(http, VIEWER, api.token)), left(await ask(http, VIEWER, api.token))
        response = await ask(http, query, api.token)
        third = left(await ask(http, VIEWER, api.token))
    assert response.json()["errors"][0]["extensions"]["code"] == code
    return second - third - (first - second)


def _unknown_token() -> dict[str, str]:
    return {"Authorization": f"Bearer {new_secret(TokenKind.API).secret}"}


@pytest.mark.edge
async def test_looking_up_an_unusable_token_costs_its_address_a_second_point(served: httpx.AsyncClient) -> None:
    before = left(await ask(served, "{ __typename }"))

    await served.post("/graphql", json={"query": "{ __typename }"}, headers=_unknown_token())

    assert before - left(await ask(served, "{ __typename }")) == 2 * TYPENAME_POINTS + 1


@pytest.mark.edge
async def test_a_usable_token_costs_its_address_nothing(served: httpx.AsyncClient, api: Api) -> None:
    before = left(await ask(served, "{ __typename }"))

    assert (await ask(served, VIEWER, api.token)).status_code == 200
    assert before - left(await ask(served, "{ __typename }")) == TYPENAME_POINTS


async def test_without_points_an_unknown_token_is_not_looked_up(api: Api) -> None:
    async with limited(api) as http:
        assert (await ask(http, VIEWER, api.token)).status_code == 200
        await exhausted(http, "{ __typename }")
        with reading(api.portal.database) as statements:
            response = await http.post("/graphql", json={"query": VIEWER}, headers=_unknown_token())

        assert (response.status_code, statements) == (429, [])
        assert (await ask(http, VIEWER, api.token)).status_code == 200


async def test_a_token_that_has_become_unusable_is_unknown(api: Api) -> None:
    async with limited(api) as http:
        assert (await ask(http, VIEWER, api.token)).status_code == 200
        await http.post("/revoke", data={"token": api.token})
        await exhausted(http, "{ __typename }")

        assert (await ask(http, VIEWER, api.token)).status_code == 429


@pytest.mark.edge
@pytest.mark.parametrize("has_token", [False, True])
@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"content": "{"}, 400),
        ({"content": "", "headers": {"Content-Type": "text/plain"}}, 415),
        ({"json": {"query": VIEWER}, "headers": {"Accept": "text/html"}}, 406),
        ({"content": "x" * (Settings().max_body_bytes + 1)}, 413),
        ({"method": "PUT"}, 405),
    ],
)
async def test_a_rejected_request_costs_a_point(
    served: httpx.AsyncClient, api: Api, given: dict[str, Any], status: int, *, has_token: bool
) -> None:
    token = {"Authorization": f"Bearer {api.token}"} if has_token and status != 405 else {}
    headers = {"Content-Type": "application/json"} | given.get("headers", {}) | token
    request = {"method": "POST", "url": "/graphql"} | given | {"headers": headers}
    await served.request(**request)

    responses = [await served.request(**request) for _ in range(2)]

    assert [response.status_code for response in responses] == [status] * 2
    assert left(responses[0]) - left(responses[1]) == 1


@pytest.mark.edge
@pytest.mark.parametrize(
    ("content", "has_token", "points"),
    [
        (b'{"query":"{ __typename }","other":"%s"}', False, TYPENAME_POINTS + 25),
        (b'{"query":"{ __typename }","other":"%s"}', True, TYPENAME_POINTS + 25),
        (b'{"other":"%s"}', False, 1 + 25),
        # The point of a refused request is among those that it has paid.
        (b'{"other":"%s"}', True, 25),
        (b'{"other":"%s"', True, 25),
    ],
)
async def test_a_long_body_costs_a_point_for_each_2_kb_beyond_ten(
    api: Api, content: bytes, *, has_token: bool, points: int
) -> None:
    token = {"Authorization": f"Bearer {api.token}"} if has_token else {}
    headers = {"Content-Type": "application/json"} | token
    paid = []
    async with limited(api, partner=10_000, address=10_000) as http:
        for length in (0, 10_000, 60_000):
            body = content % (b" " * max(0, length - len(content % b"")))
            before = left(await http.post("/graphql", content=b"{", headers=headers))
            paid.append(before - left(await http.post("/graphql", content=body, headers=headers)))

    assert paid[0] == paid[1] < 5
    assert paid[2] == points


@pytest.mark.edge
async def test_long_parameters_cost_as_much_as_a_body(api: Api) -> None:
    headers = {"Authorization": f"Bearer {api.token}"}
    async with limited(api, partner=10_000, address=10_000) as http:
        before = left(await http.post("/graphql", content=b"{", headers=headers))
        answer = await http.get(f"/graphql?query=&other={'a' * 29_987}", headers=headers)

    assert (answer.status_code, before - left(answer)) == (400, 10)


@pytest.mark.edge
async def test_without_points_a_long_body_is_not_read(api: Api) -> None:
    headers = {"Content-Type": "application/json"}
    async with limited(api) as http:
        answers = [await http.post("/graphql", content=b"[" * 60_000, headers=headers) for _ in range(6)]

    assert [answers[0].status_code, answers[-1].status_code] == [400, 429]


@pytest.mark.edge
async def test_without_points_a_bad_request_is_429(served: httpx.AsyncClient) -> None:
    response = await exhausted(served, "{ __typename }")

    for method in ("POST", "PUT"):
        response = await served.request(method, "/graphql", content="{", headers={"Content-Type": "application/json"})
        assert response.status_code == 429
        assert left(response) == 0


@pytest.mark.edge
async def test_revocations_pay_by_address(served: httpx.AsyncClient) -> None:
    answers = [await served.post("/revoke", data={"token": "x"}) for _ in range(11)]

    assert [answer.status_code for answer in answers] == [200] * 10 + [429]


@pytest.mark.edge
async def test_over_websocket_a_bad_operation_costs_a_point(api: Api) -> None:
    app = create_app(api.portal, settings(partner=100, token_percent=100, seconds=1), documents=DOCUMENTS)
    app.state.limiter._now = int  # noqa: SLF001 — nothing leaks.
    async with signed_in(api, app=app) as socket:
        for _ in range(100):
            socket.send("subscribe", id="1", payload={"query": 1})
            assert (await socket.next())["payload"][0]["extensions"]["code"] == "BAD_USER_INPUT"
        answer = await socket.ask("1", VIEWER)

    assert answer["errors"][0]["extensions"]["code"] == "RATE_LIMITED"


@pytest.mark.edge
async def test_over_websocket_a_long_operation_costs_more(api: Api) -> None:
    app = create_app(api.portal, settings(partner=100, token_percent=100, seconds=1), documents=DOCUMENTS)
    app.state.limiter._now = int  # noqa: SLF001 — nothing leaks.
    payload = {"query": "{ __typename }", "extensions": {"other": " " * 110_000}}
    async with signed_in(api, app=app) as socket:
        socket.send("subscribe", id="1", payload=payload)
        first = await socket.next()
        await socket.next()
        socket.send("subscribe", id="2", payload=payload)
        second = await socket.next()

    assert first["payload"] == {"data": {"__typename": "Query"}}
    assert second["payload"][0]["extensions"]["code"] == "RATE_LIMITED"


@pytest.mark.parametrize("kind", ["sse", "websocket"])
async def test_events_wait_until_the_caller_can_pay_for_them(
    api: Api, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr("server.http.event_stream._RETRY_SECONDS", 0.01)
    monkeypatch.setattr("server.http.websocket_operation._RETRY_SECONDS", 0.01)
    DOCUMENTS.get(EVENTS)
    app = create_app(api.portal, settings(partner=10, token_percent=100), documents=DOCUMENTS)
    limiter, passed = app.state.limiter, count(step=100_000_000)
    # The clock is stopped until the events wait. Then a point comes back each time that somebody asks.
    limiter._now = lambda: next(passed) if limiter.refused["partner"] else 0  # noqa: SLF001 — nothing else shows it.

    async with (streams.streaming if kind == "sse" else streaming)(api, EVENTS, app=app) as stream:
        for _ in range(20):
            await api.client()
        numbers = await stream.numbers(20)

    assert numbers == list(range(numbers[0], numbers[0] + 20))
    assert limiter.refused["partner"] > 0
