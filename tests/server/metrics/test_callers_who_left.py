"""Operations whose callers went away: they are counted and logged, and are no errors of the portal."""

import asyncio
import gc
import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import httpx
import pytest
from pydantic import SecretStr
from starlette.types import ASGIApp, Message, Scope

from resolvers.context import Context
from resolvers.portal import Portal
from server.app import Application, create_app
from server.metrics.registry import REGISTRY
from server.settings import Settings
from tests.api import Api, transport
from tests.executors import DOCUMENTS
from tests.factories import new_caller, new_partner
from tests.server.log import Log
from tests.websockets import signed_in

OPERATIONS = {
    "Small": "query Small { clients(first: 1) { nodes { activations { totalCount nodes { id } } } } }",
    "Large": "query Large { clients(first: 100) { nodes { id activations(first: 100) { nodes { id } } } } }",
}


@pytest.fixture
async def app(portal: Portal) -> AsyncIterator[Application]:
    """Application with metrics."""
    yield create_app(portal, Settings(metrics_token=SecretStr("t" * 16)), documents=DOCUMENTS)
    portal.database.meter = None


@pytest.fixture
async def caller(app: Application, portal: Portal) -> AsyncIterator[Api]:
    """Caller of it, who has a client."""
    async with httpx.AsyncClient(transport=transport(app), base_url="http://portal.test") as http:
        caller = await new_caller(http, portal, await new_partner(portal))
        await caller.client()
        yield caller


@contextmanager
def leaving(portal: Portal) -> Iterator[None]:
    """Let the callers of all requests go away when a statement runs, as their connections notice it."""
    loop, left = asyncio.get_running_loop(), threading.Event()

    def abandon() -> None:
        contexts = [each for each in gc.get_objects() if type(each) is Context and each.portal is portal]
        for each in contexts:
            if each.deadline is not None:
                each.deadline.abandon()
        left.set()

    def observe(_statement: str) -> None:
        if threading.current_thread() is threading.main_thread():
            abandon()
        else:
            loop.call_soon_threadsafe(abandon)
            left.wait()

    portal.database.observers.append(observe)
    try:
        yield
    finally:
        portal.database.observers.remove(observe)


async def leave(app: ASGIApp, caller: Api, query: str) -> None:
    """Send a query, and go away when its first statement runs."""
    body = json.dumps({"query": query}).encode()
    sent = {
        "host": "portal.test",
        "content-type": "application/json",
        "content-length": str(len(body)),
        "authorization": f"Bearer {caller.token}",
    }
    scope: Scope = {
        "type": "http",
        "method": "POST",
        "path": "/graphql",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
        "client": ("127.0.0.1", 1),
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(_message: Message) -> None:
        pytest.fail("the caller has gone")

    with leaving(caller.portal):
        await app(scope, receive, send)


def counted(metric: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"portal_{metric}", labels) or 0.0


@pytest.mark.parametrize("name", OPERATIONS)
async def test_a_query_whose_caller_left_is_no_error(app: Application, caller: Api, log: Log, name: str) -> None:
    labels = {"operation": name, "type": "query", "outcome": "gone"}
    errors, gone = counted("errors_total", code="UNAVAILABLE"), counted("operation_seconds_count", **labels)

    await leave(app, caller, OPERATIONS[name])

    (line,) = [each for each in log.lines() if each["event"] == "request"]
    assert (line["status"], line["operation"], line["operation_type"]) == (499, name, "query")
    assert "errors" not in line
    assert counted("errors_total", code="UNAVAILABLE") == errors
    assert counted("operation_seconds_count", **labels) == gone + 1


async def test_a_query_over_websocket_that_its_caller_left_is_no_error(app: Application, caller: Api, log: Log) -> None:
    labels = {"operation": "Small", "type": "query", "outcome": "gone"}
    errors, gone = counted("errors_total", code="UNAVAILABLE"), counted("operation_seconds_count", **labels)

    async with signed_in(caller, app=app) as socket:
        with leaving(caller.portal):
            socket.subscribe("1", OPERATIONS["Small"])
            await socket.next()

    (line,) = [each for each in log.lines() if each.get("operation") == "Small"]
    assert (line["operation_type"], "errors" in line) == ("query", False)
    assert counted("errors_total", code="UNAVAILABLE") == errors
    assert counted("operation_seconds_count", **labels) == gone + 1
