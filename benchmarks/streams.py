"""Connections of subscribers, over Server-Sent Events and over WebSocket, with as little work for each as can be."""

import asyncio
import re
import struct
from base64 import b64encode
from collections.abc import Callable, Mapping
from time import perf_counter

import orjson

_CITY = re.compile(rb'"city":"w(\d+)"')
_RESULT = re.compile(rb'"data":(\{"events":\{.*?\}\}\})')
_LONGEST = 64
_SHORT, _TEXT, _PING, _PONG = 126, 0x81, 0x9, 0x8A
_MASK = b"\x80\x00\x00\x00\x00"
"""A mask that changes nothing, which a client's frames must have; the first byte is a flag."""


class Deliveries:
    """When each write was requested, how long its deliveries took, and the bytes of all that came."""

    def __init__(self) -> None:
        self.requested: dict[int, float] = {}
        self.seconds: list[float] = []
        self.received = 0


class Subscriber(asyncio.Protocol):
    """Connection with a subscription, as Server-Sent Events."""

    def __init__(self, headers: Mapping[str, str], subscription: str, deliveries: Deliveries) -> None:
        self._headers, self._subscription, self._deliveries = headers, subscription, deliveries
        self._rest = b""
        self._kept: bytes | None = None
        self.begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the operation."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 — for the type.
        self._transport = transport
        self._begin()

    def _begin(self) -> None:
        self._transport.write(request({**self._headers, "Accept": "text/event-stream"}, {"query": self._subscription}))

    def keep(self) -> Callable[[], object]:
        """Keep what arrives from now on, and return what returns the first result of it, None before."""
        self._kept = b""

        def result() -> object:
            found = _RESULT.search(self._kept or b"")
            return None if found is None else orjson.loads(found[1])["events"]

        return result

    def data_received(self, data: bytes) -> None:
        """Note the writes that arrive."""
        if not self.begun.done() and data.startswith(b"HTTP/1.1 200"):
            self.begun.set_result(None)
        self._note(data)

    def _note(self, data: bytes) -> None:
        deliveries = self._deliveries
        deliveries.received += len(data)
        if self._kept is not None:
            self._kept += data
        data = self._rest + data
        end = 0
        for found in _CITY.finditer(data):
            deliveries.seconds.append(perf_counter() - deliveries.requested[int(found[1])])
            end = found.end()
        self._rest = data[max(end, len(data) - _LONGEST) :]

    def connection_lost(self, exc: Exception | None) -> None:
        """Say why there is no subscription."""
        if not self.begun.done():
            self.begun.set_exception(exc or ConnectionResetError())


class SocketSubscriber(Subscriber):
    """The same over WebSocket, by the protocol graphql-transport-ws."""

    def __init__(self, headers: Mapping[str, str], subscription: str, deliveries: Deliveries) -> None:
        super().__init__(headers, subscription, deliveries)
        self._frames = b""
        self._upgraded = False

    def _begin(self) -> None:
        wanted = {
            "Host": "portal",
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": b64encode(bytes(16)).decode(),
            "Sec-WebSocket-Protocol": "graphql-transport-ws",
            **self._headers,
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in wanted.items())
        self._transport.write(f"GET /graphql HTTP/1.1\r\n{lines}\r\n".encode())

    def data_received(self, data: bytes) -> None:
        """Go on with the handshakes, and note the writes that arrive."""
        self._frames += data
        if not self._upgraded:
            head, found, rest = self._frames.partition(b"\r\n\r\n")
            if not found:
                return
            if not head.startswith(b"HTTP/1.1 101"):
                self.begun.set_exception(ConnectionRefusedError(head.decode()))
                return
            self._upgraded, self._frames = True, rest
            self._send({"type": "connection_init"})
        while (frame := self._next()) is not None:
            opcode, payload = frame
            if opcode == _PING:
                self._transport.write(bytes([_PONG]) + _MASK)
            elif not self.begun.done() and b"connection_ack" in payload:
                self._send({"id": "1", "type": "subscribe", "payload": {"query": self._subscription}})
                self.begun.set_result(None)
            else:
                self._note(payload)

    def _next(self) -> tuple[int, bytes] | None:
        """Take a frame from what has arrived, and return its kind and payload, None before it is complete."""
        data = self._frames
        if len(data) < 2:  # noqa: PLR2004 — the shortest head.
            return None
        size, begin = data[1], 2
        if size >= _SHORT:
            begin = 4 if size == _SHORT else 10
            size = int.from_bytes(data[2:begin])
        if len(data) < begin + size:
            return None
        self._frames = data[begin + size :]
        return data[0] & 0xF, data[begin : begin + size]

    def _send(self, message: Mapping[str, object]) -> None:
        payload = orjson.dumps(message)
        self._transport.write(struct.pack(">BBHI", _TEXT, 0x80 | _SHORT, len(payload), 0) + payload)


def request(headers: Mapping[str, str], body: Mapping[str, object]) -> bytes:
    """Return a request of HTTP."""
    sent = orjson.dumps(body)
    given = {"Host": "portal", "Content-Type": "application/json", "Content-Length": str(len(sent)), **headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    return f"POST /graphql HTTP/1.1\r\n{lines}\r\n".encode() + sent


class Caller:
    """Connection for one request after the other."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._opened: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, token: str, query: str, **variables: object) -> object:
        """Return the data of the answer."""
        if self._opened is None:
            self._opened = await asyncio.open_connection("127.0.0.1", self._port, limit=1 << 22)
        reader, writer = self._opened
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        writer.write(request(headers, {"query": query, "variables": variables}))
        head = await reader.readuntil(b"\r\n\r\n")
        found = re.search(rb"content-length: (\d+)", head.lower())
        answer = orjson.loads(await reader.readexactly(int(found[1]) if found else 0))
        if "errors" in answer:
            raise ValueError(answer["errors"])
        return answer["data"]
