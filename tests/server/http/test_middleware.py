"""Middleware of every request: ids, the log, and unhandled errors."""

import logging
from collections.abc import AsyncIterator
from http import HTTPStatus
from json import loads

import httpx
import pytest
from sqlalchemy.exc import StatementError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Message

from server.http.cors import Cors
from server.http.middleware import RequestLog
from server.settings import Settings
from tests.server.log import Log

ORIGIN = "https://spa.example"
SECRET = "geheim"


async def _fail(_request: Request) -> Response:
    message = f"a message with {SECRET}"
    try:
        raise KeyError(SECRET)  # noqa: TRY301 — it is to be a cause.
    except KeyError as error:
        raise ExceptionGroup(
            message, [ValueError(SECRET), StatementError("x", SECRET, {"a": SECRET}, error)]
        ) from error


async def _fail_half_way(_request: Request) -> Response:
    async def parts() -> AsyncIterator[bytes]:
        yield b"half"
        raise ValueError(SECRET)

    return StreamingResponse(parts())


@pytest.fixture
async def failing() -> AsyncIterator[httpx.AsyncClient]:
    """HTTP client of an application whose every request fails."""
    routes = [Route("/fail", _fail), Route("/half", _fail_half_way)]
    app = Starlette(routes=routes, middleware=[Middleware(RequestLog, cors=Cors([ORIGIN]))])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://portal.test") as http:
        yield http


async def test_a_request_keeps_the_id_that_it_came_with(http: httpx.AsyncClient) -> None:
    answer = await http.get("/healthz", headers={"X-Request-Id": "from.proxy_1-A"})

    assert answer.headers["x-request-id"] == "from.proxy_1-A"


@pytest.mark.parametrize("given", ["", "with blank", "a" * 65, '"quoted"', "ç"])
async def test_an_id_that_is_none_is_replaced(http: httpx.AsyncClient, given: str) -> None:
    answer = await http.get("/healthz", headers={b"X-Request-Id": given.encode()})

    assert answer.headers["x-request-id"].isalnum()


async def test_every_request_has_an_id_of_its_own(http: httpx.AsyncClient) -> None:
    ids = {(await http.get(path)).headers["x-request-id"] for path in ("/healthz", "/nothing", "/graphql")}

    assert len(ids) == 3


async def test_an_unhandled_error_is_masked_and_logged_with_its_type_and_frames(
    failing: httpx.AsyncClient, log: Log
) -> None:
    answer = await failing.get("/fail", headers={"X-Request-Id": "r-2"})

    assert answer.status_code == HTTPStatus.INTERNAL_SERVER_ERROR
    assert answer.headers["x-request-id"] == "r-2"
    [error] = answer.json()["errors"]
    assert error["extensions"] == {"code": "INTERNAL", "requestId": "r-2"}
    assert SECRET not in answer.text
    text = log.read()
    assert SECRET not in text
    logged, line = (loads(line) for line in text.splitlines())
    assert logged["request_id"] == line["request_id"] == "r-2"
    assert [cause["type"] for cause in logged["error"]] == [
        "builtins.ExceptionGroup",
        "builtins.ValueError",
        "sqlalchemy.exc.StatementError",
        "builtins.KeyError",
    ]
    assert logged["error"][0]["frames"][-1].endswith("_fail")
    assert line["status"] == HTTPStatus.INTERNAL_SERVER_ERROR


async def test_a_page_of_a_named_origin_may_read_that_something_failed(failing: httpx.AsyncClient) -> None:
    answer = await failing.get("/fail", headers={"Origin": ORIGIN})

    assert answer.status_code == HTTPStatus.INTERNAL_SERVER_ERROR
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert answer.headers["cache-control"] == "no-store"


async def test_an_error_after_the_answer_has_begun_breaks_it_off(failing: httpx.AsyncClient, log: Log) -> None:
    with pytest.raises(ValueError, match=SECRET):
        await failing.get("/half")

    assert [line["event"] for line in log.lines()] == ["request failed", "request"]


async def test_a_client_that_goes_away_while_it_sends_is_no_error(app: Starlette, log: Log) -> None:
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/graphql",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
    }

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(_message: Message) -> None:
        pytest.fail("the caller has gone")

    await app(scope, receive, send)

    [line] = log.lines()
    assert (line["event"], line["status"]) == ("request", 499)


async def test_what_other_libraries_log_has_the_same_form_without_messages_of_errors(log: Log) -> None:
    error = ValueError(SECRET)

    logging.getLogger("asyncio").error("Task exception was never retrieved\nfuture: %s", SECRET, exc_info=error)

    text = log.read()
    assert SECRET not in text
    [line] = [loads(line) for line in text.splitlines()]
    assert line["event"] == "Task exception was never retrieved"
    assert line["error"][0]["type"] == "builtins.ValueError"


@pytest.mark.parametrize("name", ["uvicorn.access", "strawberry.execution"])
async def test_loggers_that_repeat_what_was_asked_are_silent(log: Log, name: str) -> None:
    logging.getLogger(name).error("GET /graphql?query=%s", SECRET)

    assert log.read() == ""


async def test_on_request_the_log_is_written_for_people(http: httpx.AsyncClient, settings: Settings) -> None:
    log = Log(settings.model_copy(update={"log_format": "console"}))

    logging.getLogger("portal").warning("not ready")
    await http.get("/nothing")

    warning, request = log.read().splitlines()
    assert "not ready" in warning
    assert "/nothing" in request
    assert "client_address" in request
    assert "{" not in request


async def test_a_path_that_is_no_unicode_is_logged(app: Starlette, log: Log) -> None:
    scope = {"type": "http", "method": "GET", "path": "/\ud800", "query_string": b"", "headers": []}

    async def send(_message: Message) -> None:
        """Discard the message."""

    await app(scope, lambda: None, send)  # type: ignore[arg-type, return-value]

    assert log.lines()[0]["path"] == "/\ud800"


async def test_what_is_not_http_passes_by() -> None:
    seen = []

    async def app(scope: dict[str, object], _receive: object, _send: object) -> None:
        seen.append(scope["type"])

    await RequestLog(app)({"type": "lifespan"}, None, None)  # type: ignore[arg-type]

    assert seen == ["lifespan"]
