"""Security headers of every answer."""

from http import HTTPStatus

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from server.http.middleware import RequestLog
from tests.api import Api
from tests.server.requests import STOCK, VIEWER, ask

EVERYWHERE = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", HTTPStatus.OK),
        ("GET", "/healthz", HTTPStatus.OK),
        ("GET", "/readyz", HTTPStatus.OK),
        ("GET", "/graphql?query={__typename}", HTTPStatus.UNAUTHORIZED),
        ("HEAD", "/graphql?query={__typename}", HTTPStatus.UNAUTHORIZED),
        ("OPTIONS", "/graphql", HTTPStatus.NO_CONTENT),
        ("GET", "/graphql", HTTPStatus.BAD_REQUEST),
        ("POST", "/graphql", HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
        ("DELETE", "/graphql", HTTPStatus.METHOD_NOT_ALLOWED),
        ("POST", "/healthz", HTTPStatus.METHOD_NOT_ALLOWED),
        ("GET", "/nothing", HTTPStatus.NOT_FOUND),
    ],
)
async def test_a_browser_does_nothing_with_any_answer(
    http: httpx.AsyncClient, method: str, path: str, status: HTTPStatus
) -> None:
    answer = await http.request(method, path)

    assert answer.status_code == status
    assert EVERYWHERE.items() <= answer.headers.items()
    assert "strict-transport-security" not in answer.headers
    assert len(answer.headers.get_list("x-request-id")) == 1


@pytest.mark.parametrize("path", ["/healthz", "/graphql", "/nothing"])
async def test_over_https_an_answer_has_strict_transport_security(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.get(f"https://portal.test{path}")

    assert answer.headers["strict-transport-security"] == "max-age=31536000"


async def test_every_answer_has_vary_also_an_error(http: httpx.AsyncClient, api: Api) -> None:
    signed_in = {"Authorization": f"Bearer {api.token}"}
    answers = [
        await ask(http, VIEWER, {}),
        await ask(http, STOCK, {"Authorization": "Bearer ppt_unknown"}),
        await ask(http, VIEWER, {"Accept": "text/html"}),
        await http.get("/graphql", params={"query": "mutation { __typename }"}, headers=signed_in),
        await http.get("/graphql", params={"query": "{ __typename }"}),
        await http.options("/graphql"),
    ]

    assert [answer.status_code for answer in answers] == [200, 401, 406, 405, 401, 204]
    vary = "Accept, Accept-Encoding, Accept-Language, Authorization, GraphQL-Cost"
    assert {answer.headers["vary"] for answer in answers} == {vary}


async def test_the_headers_of_an_answer_itself_win() -> None:
    own = {
        "Content-Security-Policy": "default-src 'self'",
        "Cache-Control": "max-age=60",
        "Strict-Transport-Security": "max-age=0",
    }

    async def page(_request: Request) -> Response:
        return HTMLResponse("<p>", headers=own)

    app = Starlette(routes=[Route("/", page)], middleware=[Middleware(RequestLog)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://portal.test") as http:
        answer = await http.get("/")

    expected = EVERYWHERE | {name.lower(): value for name, value in own.items()}
    assert {name: answer.headers.get_list(name) for name in expected} == {
        name: [value] for name, value in expected.items()
    }
