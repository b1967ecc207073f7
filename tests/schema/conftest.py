"""Fixtures of the tests over HTTP and WebSocket."""

import pytest

from tests import streams, websockets
from tests.schema.following import Streaming


@pytest.fixture(params=[streams.streaming, websockets.streaming], ids=["sse", "websocket"])
def streaming(request: pytest.FixtureRequest) -> Streaming:
    """Transport by which a subscription is followed; both behave alike."""
    chosen: Streaming = request.param
    return chosen
