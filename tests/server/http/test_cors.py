"""Requests of web pages of other origins."""

from collections.abc import AsyncIterator
from http import HTTPStatus

import httpx
import pytest

from resolvers.portal import Portal
from server.app import create_app
from server.settings import Settings
from tests.server.conftest import MAX_BODY_BYTES, Caller
from tests.server.log import Log
from tests.server.requests import ANSWERED, STOCK, VIEWER, ask

NAMED = "https://spa.example"
OTHER = "https://spa.example.evil"
PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization, content-type, x-request-id",
}


@pytest.fixture
async def shared(portal: Portal, settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """HTTP client of a portal with allowed origins."""
    named = settings.model_copy(update={"cors_origins": (NAMED, "http://localhost:5173")})
    transport = httpx.ASGITransport(create_app(portal, named))
    async with httpx.AsyncClient(transport=transport, base_url="http://portal.test") as http:
        yield http


def shares(answer: httpx.Response) -> set[str]:
    """Return the CORS headers of an answer."""
    return {name for name in answer.headers if name.startswith("access-control-")}


async def test_a_page_of_a_named_origin_may_ask_and_read(shared: httpx.AsyncClient, caller: Caller) -> None:
    may = await shared.options("/graphql", headers={"Origin": NAMED, **PREFLIGHT})
    answer = await ask(shared, VIEWER, {"Origin": NAMED, **caller.headers})

    assert may.status_code == HTTPStatus.NO_CONTENT
    assert may.headers["access-control-allow-origin"] == NAMED
    assert "POST" in may.headers["access-control-allow-methods"].split(", ")
    # The asterisk does not include Authorization.
    assert may.headers["access-control-allow-headers"] == "Authorization, *"
    assert may.headers["access-control-max-age"] == "7200"
    assert answer.json() == ANSWERED
    assert answer.headers["access-control-allow-origin"] == NAMED
    assert (
        answer.headers["access-control-expose-headers"]
        == "Content-Disposition, ETag, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id"
    )
    assert "access-control-allow-credentials" not in {*may.headers, *answer.headers}
    assert "access-control-allow-methods" not in answer.headers


@pytest.mark.parametrize("path", ["/graphql", "/", "/exports/x", "/revoke", "/healthz", "/readyz", "/nothing"])
async def test_a_preflight_succeeds_at_every_path(shared: httpx.AsyncClient, path: str) -> None:
    may = await shared.options(path, headers={"Origin": NAMED, **PREFLIGHT})

    assert (may.status_code, may.content) == (HTTPStatus.NO_CONTENT, b"")
    assert may.headers["access-control-allow-origin"] == NAMED
    assert may.headers["access-control-allow-headers"] == "Authorization, *"


@pytest.mark.parametrize("headers", [{"Origin": OTHER, **PREFLIGHT}, {"Origin": NAMED}, PREFLIGHT])
async def test_other_requests_of_the_method_are_refused(shared: httpx.AsyncClient, headers: dict[str, str]) -> None:
    answers = [await shared.options(path, headers=headers) for path in ("/exports/x", "/revoke", "/healthz")]

    assert {answer.status_code for answer in answers} == {HTTPStatus.METHOD_NOT_ALLOWED}


async def test_the_log_of_a_preflight_has_no_url_of_an_export(shared: httpx.AsyncClient, log: Log) -> None:
    await shared.options("/exports/secret", headers={"Origin": NAMED, **PREFLIGHT})

    (line,) = log.lines()
    assert (line["method"], line["path"], line["status"]) == ("OPTIONS", "/exports/…", 204)


async def test_blanks_after_an_origin_are_no_part_of_it(shared: httpx.AsyncClient, caller: Caller) -> None:
    answer = await ask(shared, VIEWER, {"Origin": f"{NAMED} \t", **caller.headers})

    assert answer.headers["access-control-allow-origin"] == NAMED


@pytest.mark.parametrize("origin", [OTHER, "http://spa.example", "https://spa.example:8443", "null", ""])
async def test_a_page_of_another_origin_may_not(shared: httpx.AsyncClient, caller: Caller, origin: str) -> None:
    may = await shared.options("/graphql", headers={"Origin": origin, **PREFLIGHT})
    answer = await ask(shared, VIEWER, {"Origin": origin, **caller.headers})

    assert shares(may) == shares(answer) == set()


async def test_an_answer_is_never_kept_for_another_origin(shared: httpx.AsyncClient) -> None:
    answers = [await shared.get("/healthz", headers=headers) for headers in ({}, {"Origin": NAMED}, {"Origin": OTHER})]

    assert all("Origin" in answer.headers["vary"].split(", ") for answer in answers)


async def test_vary_has_the_origin_and_the_other_headers(shared: httpx.AsyncClient) -> None:
    answer = await ask(shared, VIEWER, {})

    assert {"Origin", "Accept"} <= set(answer.headers["vary"].split(", "))


async def test_a_page_may_read_errors_too(shared: httpx.AsyncClient) -> None:
    from_page = {"Origin": NAMED}
    answers = [
        await shared.get("/nothing", headers=from_page),
        await shared.post("/healthz", headers=from_page),
        await shared.put("/graphql", headers=from_page),
        await shared.post("/graphql", content=b"a=b", headers={"Content-Type": "text/plain", **from_page}),
        await shared.post("/graphql", content=b" " * (MAX_BODY_BYTES + 1), headers=from_page),
        await ask(shared, STOCK, {"Authorization": "Bearer ppt_unknown", **from_page}),
    ]

    assert [answer.status_code for answer in answers] == [404, 405, 405, 415, 413, 401]
    assert {answer.headers["access-control-allow-origin"] for answer in answers} == {NAMED}


async def test_no_origin_is_named_unless_somebody_does(http: httpx.AsyncClient, caller: Caller) -> None:
    may = await http.options("/graphql", headers={"Origin": NAMED, **PREFLIGHT})
    answer = await ask(http, VIEWER, {"Origin": NAMED, **caller.headers})

    assert shares(may) == shares(answer) == set()
    assert "Origin" not in answer.headers["vary"].split(", ")
