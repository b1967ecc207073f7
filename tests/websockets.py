"""Callers of GraphQL over WebSocket, which speak to the real HTTP application."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from starlette.types import ASGIApp, Message

from server.app import create_app
from server.settings import Settings
from tests.api import Api, address
from tests.executors import DOCUMENTS
from tests.streams import EVENTS, PATIENCE_SECONDS, Sent

SUBPROTOCOL = "graphql-transport-ws"


class Closed(NamedTuple):
    """Close of a connection by the server."""

    code: int
    reason: str


class Socket:
    """Connection to the application."""

    def __init__(self) -> None:
        self.given: asyncio.Queue[Message] = asyncio.Queue()
        self.sent: asyncio.Queue[Message] = asyncio.Queue()
        self.readable = asyncio.Event()
        """Cleared for a caller that reads nothing."""
        self.readable.set()
        self.waiting = 0
        """Number of messages that waited until it reads, or still do."""
        self.headers: dict[str, str] = {}
        self.subprotocol: str | None = None
        self.refused: tuple[int, Any] | None = None
        """Status and body of the answer that refused the handshake."""

    def send(self, kind: str, **members: object) -> None:
        """Send a message of the protocol."""
        self.send_text(json.dumps({"type": kind, **members}))

    def send_text(self, text: str) -> None:
        """Send any text."""
        self.given.put_nowait({"type": "websocket.receive", "text": text})

    def subscribe(self, id_: str, query: str, **variables: object) -> None:
        """Begin an operation."""
        self.send("subscribe", id=id_, payload={"query": query, "variables": variables})

    async def next(self) -> Any:  # noqa: ANN401 — a message as it is in JSON.
        """Return the next message that is no ping, or how the server closed."""
        while isinstance(message := await self.received(), dict) and message["type"] == "ping":
            continue
        return message

    async def received(self) -> Any:  # noqa: ANN401 — as in `next`.
        """Return the next message, which may be a ping, or how the server closed."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            message = await self.sent.get()
        if message["type"] == "websocket.close":
            return Closed(message["code"], message["reason"])
        return json.loads(message["text"])

    async def ask(self, id_: str, query: str, **variables: object) -> Any:  # noqa: ANN401 — as in `next`.
        """Run a query or a mutation, and return the body of its answer."""
        self.subscribe(id_, query, **variables)
        message = await self.next()
        if message["type"] == "error":
            return {"errors": message["payload"]}
        assert message.keys() == {"id", "type", "payload"}
        assert await self.next() == {"id": id_, "type": "complete"}
        return message["payload"]


@asynccontextmanager
async def connecting(
    api: Api,
    *,
    app: ASGIApp | None = None,
    headers: Mapping[str, str] | None = None,
    state: Mapping[str, object] | None = None,
    subprotocols: Sequence[str] = (SUBPROTOCOL,),
) -> AsyncIterator[Socket]:
    """Connect, and leave in the end."""
    socket = Socket()
    given = {"accept-language": api.language, "host": "portal.test", **(headers or {})}

    async def send(message: Message) -> None:
        if message["type"] == "websocket.send" and not socket.readable.is_set():
            socket.waiting += 1
            await socket.readable.wait()
        if message["type"] == "websocket.accept":
            socket.subprotocol = message["subprotocol"]
            socket.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        elif message["type"] == "websocket.http.response.start":
            socket.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            socket.refused = message["status"], None
        elif message["type"] == "websocket.http.response.body":
            assert socket.refused is not None
            socket.refused = socket.refused[0], json.loads(message["body"])
        else:
            socket.sent.put_nowait(message)

    scope = {
        "type": "websocket",
        "path": "/graphql",
        "raw_path": b"/graphql",
        "query_string": b"",
        "scheme": "ws",
        "http_version": "1.1",
        "client": (address(), 50_000),
        "server": ("portal.test", 80),
        "headers": [(name.lower().encode(), value.encode()) for name, value in given.items()],
        "subprotocols": list(subprotocols),
        "state": dict(state or {}),
        "extensions": {"websocket.http.response": {}},
    }
    socket.given.put_nowait({"type": "websocket.connect"})
    app = app or create_app(api.portal, Settings(), documents=DOCUMENTS)
    running: asyncio.Task[None] = asyncio.create_task(app(scope, socket.given.get, send))  # type: ignore[arg-type]  # It is a coroutine.
    try:
        yield socket
    finally:
        socket.readable.set()
        socket.given.put_nowait({"type": "websocket.disconnect", "code": 1001})
        async with asyncio.timeout(PATIENCE_SECONDS):
            await running


@asynccontextmanager
async def signed_in(api: Api, *, payload: object = None, **options: Any) -> AsyncIterator[Socket]:  # noqa: ANN401 — those of `connecting`.
    """Connect, and begin with the caller's token, or with another payload."""
    async with connecting(api, **options) as socket:
        own = {} if api.token is None else {"Authorization": f"Bearer {api.token}"}
        socket.send("connection_init", payload=own if payload is None else payload)
        assert await socket.next() == {"type": "connection_ack"}
        yield socket


class SocketStream:
    """Subscription on a connection of its own, as the tests of both transports read it."""

    def __init__(self, socket: Socket) -> None:
        self.socket = socket
        self.closed: Closed | None = None

    async def progress(self) -> str:
        """Return the cursor of the next message, which must be a ping."""
        message = await self.socket.received()
        assert (message["type"], message["payload"]["id"]) == ("ping", "events"), message
        return str(message["payload"]["cursor"])

    async def next(self) -> Sent | None:
        """Return the next message of the subscription, None at the end of the connection."""
        message = await self.socket.next()
        if isinstance(message, Closed):
            self.closed = message
            return None
        return Sent(message["type"], message.get("payload"), None)

    async def numbers(self, count: int) -> list[int]:
        """Return the numbers of the next events."""
        found = []
        for _ in range(count):
            sent = await self.next()
            assert sent is not None, self.closed
            assert sent.kind == "next", sent
            assert "errors" not in sent.data, sent
            found.append(sent.data["data"]["events"]["number"])
        return found

    async def error(self) -> Any:  # noqa: ANN401 — an error as it is in JSON.
        """Return the only error of a subscription that was refused."""
        sent = await self.next()
        assert sent is not None, self.closed
        assert sent.kind == "error"
        (error,) = sent.data
        return error

    async def end(self) -> str:
        """Return the code of the error that ends the subscription of a viewer."""
        sent = await self.next()
        if sent is not None:
            assert sent.kind == "error"
            return str(sent.data[0]["extensions"]["code"])
        assert self.closed is not None
        return {4401: "UNAUTHENTICATED", 1012: "STOPPED"}[self.closed.code]


@asynccontextmanager
async def streaming(
    api: Api,
    query: str = EVENTS,
    *,
    app: ASGIApp | None = None,
    state: Mapping[str, object] | None = None,
    **variables: object,
) -> AsyncIterator[SocketStream]:
    """Subscribe on a connection of its own, and leave in the end."""
    async with signed_in(api, app=app, state=state) as socket:
        before = api.portal.feed.followers
        socket.subscribe("events", query, **variables)
        # The protocol has no message that says that a subscription has begun.
        async with asyncio.timeout(PATIENCE_SECONDS):
            while socket.sent.empty() and api.portal.feed.followers == before:  # noqa: ASYNC110 — it polls anyway.
                await asyncio.sleep(0.001)
        yield SocketStream(socket)
