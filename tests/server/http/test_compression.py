"""Compressed answers, for callers that accept them."""

import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

import httpx
import pytest

from resolvers.portal import Portal
from server.app import create_app
from server.settings import Settings
from tests.server.conftest import Caller
from tests.server.requests import ANSWERED, VIEWER, ask, code

LONG = "{ __schema { types { name } } }"
SHORT = "{ __typename }"
ALWAYS_PLAIN = ["", "identity", "br", "gzip;q=0", "*;q=0, identity", "gzip;q=0.2, identity;q=0.5", "gzip;q=high"]


@pytest.fixture(autouse=True)
def _described(portal: Portal) -> None:
    """Let all callers read the schema's description, which is a long answer."""
    portal.open_schema = True


async def encoding(http: httpx.AsyncClient, query: str, accepted: str) -> str | None:
    """Return the encoding of a query's answer; httpx has decoded it, so the answer is whole."""
    answer = await ask(http, query, {"Accept-Encoding": accepted})
    assert answer.status_code == HTTPStatus.OK
    assert set(answer.json()) == {"data"}
    found: str | None = answer.headers.get("content-encoding")
    return found


@asynccontextmanager
async def serving(portal: Portal, settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(portal, settings))
    async with httpx.AsyncClient(transport=transport, base_url="http://portal.test") as http:
        yield http


@pytest.mark.parametrize(
    "accepted",
    [
        "gzip",
        "GZIP",
        "x-gzip",
        "*",
        "deflate, gzip, br, zstd",
        "gzip; q=0.5",
        "br;q=1, gzip;q=0.1, *;q=0",
        "gzip, identity",
        "gzip;q=0.5, identity;q=0.2",
    ],
)
async def test_a_long_answer_is_compressed_for_who_accepts_it(http: httpx.AsyncClient, accepted: str) -> None:
    assert await encoding(http, LONG, accepted) == "gzip"


@pytest.mark.parametrize("accepted", ALWAYS_PLAIN)
async def test_a_long_answer_is_not_compressed_for_who_does_not_like_it(http: httpx.AsyncClient, accepted: str) -> None:
    assert await encoding(http, LONG, accepted) is None


async def test_a_caller_that_does_not_speak_of_encodings_gets_none(http: httpx.AsyncClient) -> None:
    http.headers.pop("accept-encoding")

    answer = await ask(http, LONG, {})

    assert "content-encoding" not in answer.headers


async def test_a_short_answer_is_not_compressed(http: httpx.AsyncClient) -> None:
    assert await encoding(http, SHORT, "gzip") is None


@pytest.mark.parametrize("accepted", ["gzip, identity;q=0", "gzip;q=0.1, *;q=0"])
async def test_a_short_answer_is_compressed_for_who_accepts_nothing_else(
    http: httpx.AsyncClient, accepted: str
) -> None:
    assert await encoding(http, SHORT, accepted) == "gzip"


@pytest.mark.parametrize("accepted", ["identity;q=0", "*;q=0", "br, *;q=0"])
async def test_a_caller_of_unavailable_encodings_is_refused_before_anything_runs(
    http: httpx.AsyncClient, caller: Caller, accepted: str
) -> None:
    answer = await ask(http, VIEWER, {"Accept-Encoding": accepted, **caller.headers})

    assert (answer.status_code, code(answer)) == (HTTPStatus.NOT_ACCEPTABLE, "BAD_USER_INPUT")
    assert "content-encoding" not in answer.headers


async def test_what_is_compressed_is_announced_as_it_is_sent(http: httpx.AsyncClient) -> None:
    headers = {"Accept-Encoding": "gzip"}
    plain = await http.get("/graphql", params={"query": LONG}, headers={"Accept-Encoding": "identity"})

    async with http.stream("GET", "/graphql", params={"query": LONG}, headers=headers) as answer:
        sent = b"".join([part async for part in answer.aiter_raw()])
    head = await http.head("/graphql", params={"query": LONG}, headers=headers)

    assert gzip.decompress(sent) == plain.content
    assert len(sent) < len(plain.content) / 2
    assert answer.headers["content-length"] == head.headers["content-length"] == str(len(sent))
    assert "Accept-Encoding" in plain.headers["vary"]


async def test_a_long_error_is_compressed_too(http: httpx.AsyncClient) -> None:
    answer = await ask(http, "{ a b c d e f g h i j k }", {"Accept-Encoding": "gzip"})

    assert answer.headers["content-encoding"] == "gzip"
    assert code(answer) == "BAD_USER_INPUT"


async def test_the_size_from_which_on_answers_are_compressed_is_a_setting(
    portal: Portal, settings: Settings, caller: Caller
) -> None:
    async with serving(portal, settings.model_copy(update={"gzip_from_bytes": 1})) as http:
        assert await encoding(http, SHORT, "gzip") == "gzip"
        assert (await ask(http, VIEWER, caller.headers)).json() == ANSWERED


@pytest.mark.parametrize("accepted", ["gzip", "gzip, identity;q=0", "*;q=0"])
async def test_without_compression_encodings_are_left_to_the_proxy(
    portal: Portal, settings: Settings, accepted: str
) -> None:
    async with serving(portal, settings.model_copy(update={"gzip_from_bytes": 0})) as http:
        assert await encoding(http, LONG, accepted) is None
