"""Followers of a partner's events in tests, over either transport."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from tests import streams, websockets
from tests.api import Api

_CURSORS = "{ events(first: 100) { nodes { number cursor type } } }"

Streaming = Callable[..., AbstractAsyncContextManager[streams.Stream | websockets.SocketStream]]


async def cursor_of(api: Api, number: int) -> str:
    nodes = (await api.data(_CURSORS))["events"]["nodes"]
    return str(next(node["cursor"] for node in nodes if node["number"] == number))


async def last_number(api: Api) -> int:
    return int((await api.data("{ events(last: 1) { nodes { number } } }"))["events"]["nodes"][0]["number"])
