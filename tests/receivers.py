"""Receivers of webhooks in tests: real servers on this process's loop, which answer as a test says."""

import asyncio
import json
import ssl
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tests import listening

Answer = int | str | bytes
"""A status, “hang”, “drip”, “wait”, “echo” or “reset”, or the bytes of the whole answer."""


_SUCCESS = range(200, 300)


class Received(NamedTuple):
    """Request that a receiver got."""

    headers: dict[str, str]
    content: bytes

    @property
    def body(self) -> Any:  # noqa: ANN401 — JSON.
        """Return the content, parsed."""
        return json.loads(self.content)

    @property
    def id(self) -> str:
        """Return the id of the message."""
        return self.headers["webhook-id"]

    @property
    def numbers(self) -> list[int]:
        """Return the numbers of the events in the message; a ping and a request of the client alone have none."""
        data = self.body.get("data") or {}
        return [event["number"] for event in data.get("events", [data]) if "number" in event]


@dataclass(slots=True)
class Receiver:
    """Receiver, with the answers to its next requests; it answers others with 204."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    accepted: list[int] = field(default_factory=list)
    """Numbers of the events that it answered with a success."""
    answers: deque[Answer] = field(default_factory=deque)
    always: Answer = 204
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    connections: set[asyncio.Task[None]] = field(default_factory=set)
    errors: list[Exception] = field(default_factory=list)
    """Its own errors, which a test would take for those of a receiver that has gone."""
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    """Lets the answers go on that wait."""

    @property
    def numbers(self) -> list[int]:
        """Return the numbers of all received events."""
        return [number for each in self.received for number in each.numbers]

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of a connection."""
        if (task := asyncio.current_task()) is not None:
            self.connections.add(task)
            task.add_done_callback(self.connections.discard)
        try:
            while await self._answer(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        except Exception as error:  # noqa: BLE001 — the end of the test raises it.
            self.errors.append(error)
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        received = Received(headers, await reader.readexactly(int(headers.get("content-length", "0"))))
        self.received.append(received)
        self.arrived.set()
        answer = self.answers.popleft() if self.answers else self.always
        match answer:
            case int():
                writer.write(f"HTTP/1.1 {answer} Any\r\ncontent-length: 0\r\n\r\n".encode())
                if answer in _SUCCESS:
                    self.accepted += received.numbers
            case bytes():
                writer.write(answer)
            case "hang":
                await self.left.wait()
                return False
            case "wait":
                await self.gate.wait()
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
            case "echo":
                await self.gate.wait()
                length = f"content-length: {len(received.content)}"
                writer.write(f"HTTP/1.1 200 OK\r\n{length}\r\n\r\n".encode() + received.content)
            case "drip":
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\nslowly dri")
                await writer.drain()
                await self.left.wait()
                return False
            case _:
                writer.transport.abort()
                return False
        await writer.drain()
        return isinstance(answer, int) or answer in {"wait", "echo"}


@asynccontextmanager
async def receiving(context: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    """Run a receiver on a free port of this machine."""
    receiver = Receiver()
    server = await asyncio.start_server(receiver.handle, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    receiver.url = f"{'http' if context is None else 'https'}://127.0.0.1:{port}/webhooks"
    try:
        yield receiver
    finally:
        receiver.left.set()
        await listening.close(server)
        for task in (connections := list(receiver.connections)):
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
    if receiver.errors:
        message = "The receiver of the test has failed."
        raise ExceptionGroup(message, receiver.errors)
