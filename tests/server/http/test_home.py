"""The answer at `/`."""

from http import HTTPStatus

import httpx
import pytest

from resolvers.portal import Portal
from server.app import create_app
from server.settings import Settings

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
ABOUT = {"name": "Portal do Parceiro", "graphql": "/graphql", "alive": "/healthz", "ready": "/readyz"}


@pytest.fixture
def showing(portal: Portal, settings: Settings) -> httpx.AsyncClient:
    """Return a client of an application that shows GraphiQL."""
    app = create_app(portal, settings.model_copy(update={"graphiql": True}))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://portal.test")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_browser_is_redirected_to_graphiql(showing: httpx.AsyncClient, method: str) -> None:
    answer = await showing.request(method, "/", headers={"Accept": BROWSER})

    assert (answer.status_code, answer.headers["location"]) == (HTTPStatus.TEMPORARY_REDIRECT, "/graphql")
    assert answer.headers["vary"] == "Accept"


@pytest.mark.parametrize("accept", ["*/*", "application/json", ""])
async def test_other_callers_read_where_things_are(showing: httpx.AsyncClient, accept: str) -> None:
    answer = await showing.get("/", headers={"Accept": accept})

    assert (answer.status_code, answer.json()) == (HTTPStatus.OK, ABOUT)


async def test_a_browser_reads_it_too_where_there_is_no_graphiql(http: httpx.AsyncClient) -> None:
    answer = await http.get("/", headers={"Accept": BROWSER})

    assert (answer.status_code, answer.json()) == (HTTPStatus.OK, ABOUT)


async def test_nothing_can_be_sent_to_it(http: httpx.AsyncClient) -> None:
    assert (await http.post("/")).status_code == HTTPStatus.METHOD_NOT_ALLOWED
