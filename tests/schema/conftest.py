"""Fixtures of the tests over HTTP and WebSocket."""

from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import TypeAlias

import pytest

from db.engine import Database
from resolvers.portal import Portal
from server.graphql.documents import Documents
from tests import streams, websockets
from tests.api import Api, serving
from tests.factories import new_manager
from tests.schema.following import Streaming

NewApi: TypeAlias = Callable[[], Awaitable[Api]]
"""Factory of managers, each of a new partner."""


@pytest.fixture(scope="module")
async def lasting_api(database: Database, documents: Documents) -> AsyncIterator[NewApi]:
    """Factory of partners for the tests of a module, which only read their rows."""
    portal = Portal(database, secret=b"s" * 32)
    async with serving(portal, documents) as http:
        yield partial(new_manager, http, portal)


@pytest.fixture(params=[streams.streaming, websockets.streaming], ids=["sse", "websocket"])
def streaming(request: pytest.FixtureRequest) -> Streaming:
    """Transport by which a subscription is followed; both behave alike."""
    chosen: Streaming = request.param
    return chosen
