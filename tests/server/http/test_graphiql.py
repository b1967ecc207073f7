"""GraphiQL at the API's address, and its files."""

import gzip
import html
import json
from http import HTTPStatus
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from resolvers.portal import Portal
from server.app import create_app
from server.http import graphiql
from server.settings import Settings
from tests.server.conftest import Caller
from tests.server.requests import ANSWERED, VIEWER, ask, code

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


def client_of(app: Starlette) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://portal.test")


@pytest.fixture
def showing(portal: Portal, settings: Settings) -> httpx.AsyncClient:
    """HTTP client of an application that shows GraphiQL."""
    return client_of(create_app(portal, settings.model_copy(update={"graphiql": True})))


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """Output of a build: a page and a file, which has a compressed copy."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text('<meta name="demo-users" content="[]" />')
    (tmp_path / "assets" / "page-1a2b.js").write_text("go()")
    (tmp_path / "assets" / "page-1a2b.js.gz").write_bytes(gzip.compress(b"go()"))
    return tmp_path


@pytest.mark.parametrize("accept", [BROWSER, "text/html", "text/html, application/json;q=0.9"])
async def test_a_browser_gets_the_page(showing: httpx.AsyncClient, accept: str) -> None:
    answer = await showing.get("/graphql", headers={"Accept": accept})

    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["vary"] == "Accept"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    "accept", ["*/*", "application/json", "text/*, application/json", "text/html;q=0.5, application/json", ""]
)
async def test_a_caller_that_accepts_no_page_gets_none(showing: httpx.AsyncClient, accept: str) -> None:
    answer = await showing.get("/graphql", headers={"Accept": accept})

    assert (answer.status_code, code(answer)) == (HTTPStatus.BAD_REQUEST, "BAD_USER_INPUT")


async def test_a_browser_that_sends_an_operation_gets_its_answer(showing: httpx.AsyncClient, caller: Caller) -> None:
    headers = caller.headers | {"Accept": BROWSER}

    by_url = await showing.get("/graphql", params={"query": VIEWER}, headers=headers)
    by_post = await ask(showing, VIEWER, headers)

    assert [by_url.json(), by_post.json()] == [ANSWERED, ANSWERED]
    for parameters in ({"documentId": "nowhere"}, {"extensions": '{"persistedQuery": {"version": 1}}'}):
        by_name = await showing.get("/graphql", params=parameters, headers=headers)
        assert by_name.headers["content-type"] == "application/json; charset=utf-8"


async def test_an_operation_with_an_escaped_name_gets_its_answer(showing: httpx.AsyncClient, caller: Caller) -> None:
    answer = await showing.get(f"/graphql?a=&%71uery={VIEWER}", headers=caller.headers | {"Accept": BROWSER})

    assert answer.json() == ANSWERED


async def test_there_is_no_page_where_the_setting_says_so(http: httpx.AsyncClient) -> None:
    page_itself = await http.get("/graphql", headers={"Accept": BROWSER})
    file = await http.get("/graphiql/assets/index.js")

    assert (page_itself.status_code, code(page_itself)) == (HTTPStatus.BAD_REQUEST, "BAD_USER_INPUT")
    assert (file.status_code, code(file)) == (HTTPStatus.NOT_FOUND, "BAD_USER_INPUT")


@pytest.mark.parametrize(("demo", "offered"), [(True, 11), (False, 0)])
async def test_only_a_demonstration_offers_its_users(built: Path, *, demo: bool, offered: int) -> None:
    async with client_of(Starlette(routes=graphiql.routes("/graphql", demo=demo, built=built))) as http:
        answer = await http.get("/graphql", headers={"Accept": BROWSER})

    content = answer.text.removeprefix('<meta name="demo-users" content="').removesuffix('" />')
    users = json.loads(html.unescape(content))
    assert len(users) == offered
    assert {user["password"] for user in users} <= {"demo-portal"}


async def test_a_page_that_is_not_built_says_how_to_build_it(tmp_path: Path) -> None:
    async with client_of(Starlette(routes=graphiql.routes("/graphql", demo=True, built=tmp_path))) as http:
        answer = await http.get("/graphql", headers={"Accept": BROWSER})

    assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert "make page" in answer.text


@pytest.mark.parametrize(
    ("accepted", "sent"), [("gzip, br", "gzip"), ("br, *", "gzip"), ("identity", None), ("br, gzip;q=0", None)]
)
async def test_a_file_is_kept_for_good_and_sent_compressed(built: Path, accepted: str, sent: str | None) -> None:
    async with client_of(Starlette(routes=graphiql.routes("/graphql", demo=True, built=built))) as http:
        answer = await http.get("/graphiql/assets/page-1a2b.js", headers={"Accept-Encoding": accepted})

    assert answer.text == "go()"
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers.get("content-encoding") == sent
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "; script-src 'self'; " in answer.headers["content-security-policy"]


@pytest.mark.parametrize("path", ["other.js", "../index.html", "%2e%2e/index.html", ""])
async def test_there_are_no_other_files(built: Path, path: str) -> None:
    async with client_of(Starlette(routes=graphiql.routes("/graphql", demo=True, built=built))) as http:
        answer = await http.get(f"/graphiql/assets/{path}")

    assert answer.status_code == HTTPStatus.NOT_FOUND
