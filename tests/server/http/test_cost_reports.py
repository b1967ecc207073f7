"""Costs in answers, and the refusal of what costs too much, on every way to the API."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest

from domain.costs import POINTS_MAX
from resolvers import documents
from server.app import Application, create_app
from server.settings import Settings
from tests import streams
from tests.api import Api
from tests.executors import DOCUMENTS
from tests.streams import EVENTS
from tests.websockets import connecting, signed_in, streaming

PAGE = "query ($n: Int) { clients(first: $n) { nodes { activations(first: 100) { nodes { client { id } } } } } }"
REPORT = {"GraphQL-Cost": "report"}


def app_of(api: Api, **settings: Any) -> Application:  # noqa: ANN401 — any settings.
    return create_app(api.portal, Settings(**settings), documents=DOCUMENTS)


@asynccontextmanager
async def calling(api: Api, **settings: Any) -> AsyncIterator[Api]:  # noqa: ANN401 — any settings.
    """Yield the caller of an application with these settings."""
    transport = httpx.ASGITransport(app_of(api, **settings))
    async with httpx.AsyncClient(transport=transport, base_url="http://portal.test") as http:
        yield replace(api, http=http)


async def reported(api: Api, given: dict[str, object], headers: dict[str, str]) -> Any:  # noqa: ANN401 — JSON.
    own = {"Authorization": f"Bearer {api.token}", **headers}
    return (await api.http.post("/graphql", json=given, headers=own)).json()


def of_request(body: Any) -> dict[str, int]:  # noqa: ANN401 — JSON.
    """Return what an answer says of its request alone."""
    cost: dict[str, int] = body["extensions"]["cost"]
    return {name: cost[name] for name in ("requested", "limit")}


@pytest.mark.parametrize(("n", "points"), [(0, 6), (4, 20), (100, 346)])
async def test_an_answer_says_what_it_cost_if_the_header_asks(api: Api, n: int, points: int) -> None:
    body = await reported(api, {"query": PAGE, "variables": {"n": n}}, REPORT)

    assert of_request(body) == {"requested": points, "limit": POINTS_MAX}
    assert body["data"] == {"clients": {"nodes": []}}


@pytest.mark.parametrize("headers", [{}, {"GraphQL-Cost": ""}, {"GraphQL-Cost": "validate"}])
async def test_an_answer_says_nothing_of_its_cost_by_itself(api: Api, headers: dict[str, str]) -> None:
    assert "extensions" not in await reported(api, {"query": PAGE}, headers)


async def test_a_setting_lets_every_answer_say_its_cost(api: Api) -> None:
    async with calling(api, report_cost=True, max_points=700) as caller:
        body = await caller.post("{ viewer { role } }")

    assert of_request(body) == {"requested": 4, "limit": 700}


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "The request could cost 346 points, and the maximum is 345."),
        ("pt-BR", "A consulta pode custar 346 pontos, e o máximo é 345."),
    ],
)
async def test_what_costs_too_much_is_refused_with_its_points(api: Api, language: str, sentence: str) -> None:
    async with calling(api, max_points=345) as caller:
        assert "errors" not in await caller.post(PAGE, n=95)

        error = await replace(caller, language=language).error(PAGE, n=100)

    assert error["message"].startswith(sentence)
    assert error["extensions"] == {"code": "COST_EXCEEDED", "requested": 346, "limit": 345}


async def test_a_mutation_that_costs_too_much_changes_nothing(api: Api) -> None:
    client = await api.client()
    below = "clients(first: 100) { nodes { activations(first: 100) { nodes { client { id } } } } }"
    cancelled = (
        f"mutation ($id: ID!) {{ cancelClient(input: {{clientId: $id}}) {{ client {{ partner {{ {below} }} }} }} }}"
    )

    async with calling(api, max_points=250) as caller:
        error = await caller.error(cancelled, id=client)

    assert error["extensions"]["code"] == "COST_EXCEEDED"
    query = "query ($id: ID!) { client(id: $id) { status } }"
    assert (await api.data(query, id=client))["client"] == {"status": "ACTIVE"}


async def test_a_registered_document_has_the_same_points(api: Api) -> None:
    await documents.register(api.portal, {"x-test:page": PAGE})

    body = await reported(api, {"documentId": "x-test:page", "variables": {"n": 4}}, REPORT)

    assert body["extensions"]["cost"]["requested"] == 20


async def test_a_connection_of_operations_asks_by_its_first_message(api: Api) -> None:
    payload = {"Authorization": f"Bearer {api.token}", **REPORT}

    async with signed_in(api, payload=payload) as socket:
        answer = await socket.ask("1", PAGE, n=4)
        refused = await socket.ask("2", "{ " + " ".join(f"a{n}: clients {{ totalCount }}" for n in range(500)) + " }")

    assert of_request(answer) == {"requested": 20, "limit": POINTS_MAX}
    assert refused["errors"][0]["extensions"] == {"code": "COST_EXCEEDED", "requested": 8_002, "limit": POINTS_MAX}
    async with connecting(api) as socket:
        socket.send("connection_init", payload={"GraphQL-Cost": 1})
        assert (await socket.next()).code == 4400


async def test_each_event_of_a_subscription_says_its_cost(api: Api) -> None:
    await api.client()

    async with streams.streaming(api, EVENTS, headers=REPORT) as stream:
        await api.client()
        sent = await stream.next()
    assert sent is not None
    assert sent.data["extensions"] == {"cost": {"requested": 2, "limit": POINTS_MAX}}


async def test_a_subscription_whose_events_cost_too_much_is_refused(api: Api) -> None:
    below = "activations(first: 100) { nodes { client { id } } }"
    dear = (
        f"subscription {{ events {{ client {{ activations(first: 100) {{ nodes {{ client {{ {below} }} }} }} }} }} }}"
    )

    async with streaming(api, dear, app=app_of(api, max_points=300)) as stream:
        refused = await stream.error()
    async with streaming(api, dear.replace("100", "10"), app=app_of(api, max_points=300)):
        pass

    assert refused["extensions"] == {"code": "COST_EXCEEDED", "requested": 345, "limit": 300}


async def test_a_report_says_what_the_caller_has_left(api: Api) -> None:
    app = app_of(api, rate_limit_partner=100, rate_limit_token_percent=100, rate_limit_seconds=10)
    # Nothing is restored meanwhile.
    app.state.limiter._now = int  # noqa: SLF001 — a stopped clock.
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://portal.test") as http:
        caller, query = replace(api, http=http), "{ viewer { role } }"
        DOCUMENTS.get(query)
        found = [(await reported(caller, {"query": query}, REPORT))["extensions"] for _ in range(2)]

    (cost,) = {each["cost"]["requested"] for each in found}
    assert [each["cost"] for each in found] == [
        {
            "requested": cost,
            "limit": POINTS_MAX,
            "capacity": 1_000,
            "remaining": 1_000 - cost * number,
            "restoreRate": 100,
        }
        for number in (1, 2)
    ]
