"""Callers of a stream of events, which read the answer of the real HTTP application as it comes."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from starlette.types import ASGIApp, Message

from server.app import create_app
from server.settings import Settings
from tests.api import Api, address
from tests.executors import DOCUMENTS

PATIENCE_SECONDS = 20

EVENTS = (
    "subscription ($after: String, $filter: EventFilter) { events(after: $after, filter: $filter) { number type } }"
)


class Sent(NamedTuple):
    """Event of a stream."""

    kind: str
    data: Any
    id: str | None


class Stream:
    """Answer that arrives in parts."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.parts: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.begun, self.left = asyncio.Event(), asyncio.Event()
        self.readable, self.waiting = asyncio.Event(), asyncio.Event()
        """Whether the caller reads, and whether a part has waited until it does."""
        self._rest = b""

    async def receive_body(self) -> bytes:
        """Return the whole answer, which ends by itself."""
        body = b""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (part := await self.parts.get()) is not None:
                body += part
        return body

    async def next(self) -> Sent | None:
        """Return the next event, None at the end of the answer; comments are skipped."""
        while (fields := await self._block()) is not None:
            if "event" in fields or "data" in fields:
                return Sent(fields["event"], json.loads(fields.get("data") or "null"), fields.get("id"))
        return None

    async def progress(self) -> str:
        """Return the next id without an event, before which there must be no event."""
        while (fields := await self._block()) is not None:
            assert "event" not in fields, fields
            if "id" in fields:
                return fields["id"]
        message = "the answer has ended"
        raise EOFError(message)

    async def _block(self) -> dict[str, str] | None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while b"\n\n" not in self._rest:
                part = await self.parts.get()
                if part is None:
                    return None
                self._rest += part
        block, _, self._rest = self._rest.partition(b"\n\n")
        return dict(line.split(": ", 1) for line in block.decode().split("\n") if ": " in line)

    async def error(self) -> Any:  # noqa: ANN401 — an error as it is in JSON.
        """Return the only error of an operation that was refused, after which the answer ends."""
        sent, complete = await self.next(), await self.next()
        assert sent is not None
        assert complete is not None
        assert (complete.kind, await self.next()) == ("complete", None)
        (error,) = sent.data["errors"]
        return error

    async def end(self) -> str:
        """Return the code of the error that ends the subscription of a viewer, or that the server stopped."""
        sent = await self.next()
        if sent is None:
            return "STOPPED"
        complete = await self.next()
        assert complete is not None
        assert (complete.kind, await self.next()) == ("complete", None)
        return str(sent.data["errors"][0]["extensions"]["code"])

    async def numbers(self, count: int) -> list[int]:
        """Return the numbers of the next events."""
        found = []
        for _ in range(count):
            sent = await self.next()
            assert sent is not None
            assert "errors" not in sent.data, sent
            found.append(sent.data["data"]["events"]["number"])
        return found


@asynccontextmanager
async def streaming(
    api: Api,
    query: str = EVENTS,
    *,
    app: ASGIApp | None = None,
    accept: str = "text/event-stream",
    headers: Mapping[str, str] | None = None,
    state: Mapping[str, object] | None = None,
    reads: bool = True,
    **variables: object,
) -> AsyncIterator[Stream]:
    """Send an operation, read the answer while it comes, or when it is readable, and leave."""
    stream, asked = Stream(), False
    if reads:
        stream.readable.set()
    body = json.dumps({"query": query, "variables": variables}).encode()
    given = {
        "accept": accept,
        "accept-language": api.language,
        "content-type": "application/json",
        "host": "portal.test",
        **({} if api.token is None else {"authorization": f"Bearer {api.token}"}),
        **(headers or {}),
    }

    async def receive() -> Message:
        nonlocal asked
        if not asked:
            asked = True
            return {"type": "http.request", "body": body, "more_body": False}
        await stream.left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            stream.status = message["status"]
            stream.begun.set()
            stream.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            return
        if not stream.readable.is_set():
            stream.waiting.set()
            await stream.readable.wait()
        stream.parts.put_nowait(message.get("body", b""))
        if not message.get("more_body"):
            stream.parts.put_nowait(None)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/graphql",
        "raw_path": b"/graphql",
        "query_string": b"",
        "scheme": "http",
        "http_version": "1.1",
        "client": (address(), 50_000),
        "server": ("portal.test", 80),
        "headers": [(name.lower().encode(), value.encode()) for name, value in given.items()],
        "state": dict(state or {}),
    }
    app = app or create_app(api.portal, Settings(), documents=DOCUMENTS)
    answering: asyncio.Task[None] = asyncio.create_task(app(scope, receive, send))  # type: ignore[arg-type]  # It is a coroutine.
    try:
        await asyncio.wait(
            (answering, begun := asyncio.create_task(stream.begun.wait())), return_when="FIRST_COMPLETED"
        )
        begun.cancel()
        yield stream
    finally:
        stream.readable.set()
        stream.left.set()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await answering
