"""The limit of the HTTP server alone: the same few bytes for every request."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

_BODY = b'{"data":{"hello":"world"}}'
_START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"application/json"), (b"content-length", str(len(_BODY)).encode())],
}

Message = MutableMapping[str, Any]


async def app(scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], object]) -> None:
    """Answer, whatever was asked."""
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    await send(_START)
    await send({"type": "http.response.body", "body": _BODY})
