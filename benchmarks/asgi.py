"""Requests to an application in the same process, without a network. It imports nothing that reads a clock."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message


async def answer(app: "ASGIApp", body: bytes, token: str) -> bytes:
    """Return the body of the answer to a request by POST."""
    sent: list[bytes] = []

    async def receive() -> "Message":
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: "Message") -> None:
        sent.append(message.get("body", b""))

    headers = {
        "host": "localhost",
        "content-type": "application/json",
        "content-length": str(len(body)),
        "authorization": f"Bearer {token}",
    }
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/graphql",
        "raw_path": b"/graphql",
        "query_string": b"",
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "state": {},
    }
    await app(scope, receive, send)
    return b"".join(sent)
