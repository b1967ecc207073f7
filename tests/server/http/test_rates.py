"""Rates over HTTP: headers of answers, refusals, and what is given back."""

import re
from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import pytest

from resolvers import ids
from schema.root import GRAPHQL_SCHEMA
from server.app import create_app
from server.graphql import preparation
from server.graphql.documents import Documents
from server.rates.accounts import Limits
from server.settings import Settings
from tests.api import Api, transport
from tests.executors import DOCUMENTS
from tests.factories import new_caller
from tests.websockets import signed_in

CLIENTS = "{ clients(first: 100) { nodes { id } } }"
VIEWER = "{ viewer { user { id } } }"


def settings(**given: int) -> Settings:
    """Return settings with small buckets: of 1,000 points for a partner, and 100 for an address."""
    limits = {"partner": 1_000, "vendor": 1_000, "address": 100, "token_percent": 80, "seconds": 1} | given
    return Settings(**{f"rate_limit_{name}": value for name, value in limits.items()})  # type: ignore[arg-type]  # Numbers.


def limited(api: Api, **given: int) -> httpx.AsyncClient:
    """Return a client of an application with small buckets, and a stopped clock."""
    app = create_app(api.portal, settings(**given), documents=DOCUMENTS)
    app.state.limiter._now = int  # noqa: SLF001 — nothing leaks.
    return httpx.AsyncClient(transport=transport(app), base_url="http://portal.test")


@pytest.fixture
async def served(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    """Client of an application with small buckets."""
    async with limited(api) as http:
        yield http


async def ask(http: httpx.AsyncClient, query: str, token: str | None = None, **headers: str) -> httpx.Response:
    """Return the answer to a query whose document was prepared before."""
    DOCUMENTS.get(query)
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    return await http.post("/graphql", json={"query": query}, headers=headers)


def new_name() -> str:
    """Return a name that no document had."""
    return f"n{uuid4().hex}"


def left(response: httpx.Response) -> int:
    """Return the points that the caller has left."""
    found = re.fullmatch(r'"(partner|token|vendor|address)";r=(\d+);t=\d+', response.headers["RateLimit"])
    assert found is not None
    return int(found[2])


async def exhausted(http: httpx.AsyncClient, query: str, token: str | None = None) -> httpx.Response:
    """Return the first answer that is refused."""
    for _ in range(2_000):
        response = await ask(http, query, token)
        if response.status_code != httpx.codes.OK:
            return response
    raise AssertionError


@pytest.mark.edge
async def test_an_answer_says_the_limits_and_what_is_left(served: httpx.AsyncClient, api: Api) -> None:
    response = await ask(served, VIEWER, api.token)

    assert response.headers["RateLimit-Policy"] == '"partner";q=1000;w=1, "token";q=800;w=1'
    assert re.fullmatch(r'"token";r=7\d\d;t=1', response.headers["RateLimit"])


@pytest.mark.edge
@pytest.mark.parametrize("accept", ["application/json", "application/graphql-response+json", "text/event-stream"])
async def test_beyond_the_limit_a_request_is_429_with_retry_after(
    served: httpx.AsyncClient, api: Api, accept: str
) -> None:
    await exhausted(served, VIEWER, api.token)

    response = await ask(served, CLIENTS, api.token, Accept=accept, **{"Accept-Language": "en"})

    (error,) = response.json()["errors"]
    assert response.status_code == 429
    assert response.headers["Retry-After"] == "1"
    assert error["extensions"] == {"code": "RATE_LIMITED", "retryAfter": 1, "policy": "token"}
    assert error["message"] == "Too many requests in a short time. Try again in 1 second."
    assert left(response) < 102
    assert "RateLimit-Policy" in response.headers


@pytest.mark.edge
async def test_another_token_of_the_partner_still_has_the_rest(served: httpx.AsyncClient, api: Api) -> None:
    await exhausted(served, VIEWER, api.token)
    colleague = await new_caller(api.http, api.portal, api.partner_id)

    assert (await ask(served, VIEWER, colleague.token)).status_code == 200
    response = await exhausted(served, VIEWER, colleague.token)

    assert response.json()["errors"][0]["extensions"]["policy"] == "partner"


@pytest.mark.edge
async def test_one_partner_s_limit_leaves_another_partner_alone(
    served: httpx.AsyncClient, api: Api, other_api: Api
) -> None:
    await exhausted(served, VIEWER, api.token)

    assert left(await ask(served, VIEWER, other_api.token)) > 700


@pytest.mark.edge
async def test_what_a_query_could_return_and_did_not_is_given_back(served: httpx.AsyncClient, api: Api) -> None:
    query = "{ clients(first: 100) { nodes { activations(first: 80) { nodes { client { id } product { id } } } } } }"
    before = left(await ask(served, VIEWER, api.token, **{"GraphQL-Cost": "report"}))

    response = await ask(served, query, api.token, **{"GraphQL-Cost": "report"})

    cost = response.json()["extensions"]["cost"]["requested"]
    assert cost > 300
    assert before - left(response) == -(-cost // 2)


@pytest.mark.edge
async def test_a_page_that_is_half_full_pays_for_what_it_has(served: httpx.AsyncClient, api: Api) -> None:
    for _ in range(3):
        await api.client()
    query = f"{{ {' '.join(f'a{n}: clients(first: 4) {{ nodes {{ id }} }}' for n in range(20))} }}"
    before = left(await ask(served, VIEWER, api.token))

    response = await ask(served, query, api.token, **{"GraphQL-Cost": "report"})

    cost = response.json()["extensions"]["cost"]["requested"]
    assert cost / 2 < before - left(response) < cost


@pytest.mark.edge
@pytest.mark.parametrize(
    "query",
    ["{ nothing }", "query ($a: Int!) { clients(first: $a) { nodes { id } } }", "{ clients(first: 1) }"],
)
async def test_a_query_that_is_not_executed_costs_nothing(served: httpx.AsyncClient, api: Api, query: str) -> None:
    first, second = left(await ask(served, VIEWER, api.token)), left(await ask(served, VIEWER, api.token))
    response = await ask(served, query, api.token)
    third = left(await ask(served, VIEWER, api.token))

    assert response.json()["errors"]
    assert second - third == first - second


@pytest.mark.edge
async def test_strangers_pay_by_address_for_what_is_refused_too(served: httpx.AsyncClient, api: Api) -> None:
    assert (await ask(served, VIEWER, api.token)).status_code == 200
    response = await exhausted(served, "{ __typename }")
    refused = await ask(served, "{ nothing }")

    assert response.json()["errors"][0]["extensions"]["policy"] == "address"
    assert refused.status_code == 429
    assert (await ask(served, VIEWER, api.token)).status_code == 200


@pytest.mark.edge
async def test_a_stranger_s_invalid_document_costs_a_point(served: httpx.AsyncClient) -> None:
    before = left(await ask(served, "{ nothing }"))

    assert before - left(await ask(served, "{ nothing }")) == 1


@pytest.mark.edge
@pytest.mark.parametrize("wrong", ["", "nope"])
async def test_a_new_document_pays_for_its_preparation_once(served: httpx.AsyncClient, api: Api, wrong: str) -> None:
    query = f"{{ viewer {{ user {{ {' '.join(f'{new_name()}: id' for _ in range(100))} {wrong} }} }} }}"
    headers, lefts = {"Authorization": f"Bearer {api.token}"}, [left(await ask(served, VIEWER, api.token))]

    for _ in range(2):
        await served.post("/graphql", json={"query": query}, headers=headers)
        lefts.append(left(await ask(served, VIEWER, api.token)))

    assert lefts[0] - lefts[1] == preparation.points(query) + lefts[1] - lefts[2]


@pytest.mark.edge
async def test_without_points_no_document_is_prepared(api: Api) -> None:
    app = create_app(api.portal, settings(), documents=(documents := Documents(GRAPHQL_SCHEMA)))
    app.state.limiter._now = int  # noqa: SLF001 — nothing leaks.
    async with httpx.AsyncClient(transport=transport(app), base_url="http://portal.test") as http:
        await exhausted(http, "{ __typename }")
        new = f"{{ {new_name()}: __typename }}"
        response = await http.post("/graphql", json={"query": new})

    assert response.status_code == 429
    assert documents.known(new) is None


@pytest.mark.edge
async def test_a_mutation_pays_for_its_work(served: httpx.AsyncClient, api: Api) -> None:
    mutation = 'mutation { registerClient(input: {cnpj: "1", name: "A"}) { client { id } userErrors { code } } }'
    before = left(await ask(served, VIEWER, api.token))

    assert before - left(await ask(served, mutation, api.token)) >= 10


@pytest.mark.edge
async def test_the_vendor_has_a_limit_of_its_own(api: Api, vendor: Api) -> None:
    async with limited(api, vendor=2_000, token_percent=100) as http:
        response = await ask(http, VIEWER, vendor.token)

    assert response.headers["RateLimit-Policy"] == '"vendor";q=2000;w=1'


async def test_the_vendor_sets_a_partner_s_rate(api: Api, vendor: Api) -> None:
    async with limited(api, token_percent=100) as http:
        for points in (70, None):
            given = {"partnerId": ids.encode("Partner", api.partner_id), "pointsPerSecond": points}
            done = await vendor.done("setPartnerPolicy", "partner { policy { pointsPerSecond } }", given)
            assert done["partner"]["policy"] == {"pointsPerSecond": points}
            policy = (await ask(http, VIEWER, api.token)).headers["RateLimit-Policy"]
            assert policy == f'"partner";q={points or 1_000};w=1'


@pytest.mark.edge
@pytest.mark.parametrize("points", [0, 1_000_001])
async def test_a_rate_has_to_be_possible(api: Api, vendor: Api, points: int) -> None:
    given = {"partnerId": ids.encode("Partner", api.partner_id), "pointsPerSecond": points}

    assert await vendor.codes("setPartnerPolicy", given) == ["INVALID_INPUT"]


@pytest.mark.edge
async def test_without_limits_no_header_speaks_of_them(api: Api) -> None:
    async with limited(api, partner=0) as http:
        assert "RateLimit" not in (await ask(http, VIEWER, api.token)).headers


@pytest.mark.edge
async def test_over_websocket_the_refusal_is_the_operation_s_error(api: Api) -> None:
    app = create_app(api.portal, settings(), documents=DOCUMENTS)
    app.state.limiter._now = int  # noqa: SLF001 — nothing leaks.
    async with signed_in(api, app=app) as socket:
        for number in range(2_000):
            answer = await socket.ask(str(number), VIEWER)
            if "data" not in answer:
                break

    assert answer["errors"][0]["extensions"] == {"code": "RATE_LIMITED", "retryAfter": 1, "policy": "token"}


def test_the_default_limits_are_those_of_the_settings() -> None:
    assert Settings().rate_limits() == Limits()
