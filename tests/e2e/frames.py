"""Callers that write WebSocket frames one by one, as no client would."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from websockets.frames import Close, Frame, Opcode
from websockets.protocol import Protocol, Side

from tests.api import Json
from tests.e2e.sockets import Caller, calling

KEY = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
VERSION = b"Sec-WebSocket-Version: 13"
HANDSHAKE = (
    b"GET /graphql HTTP/1.1\r\nHost: portal\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"
    b"Sec-WebSocket-Protocol: graphql-ws, graphql-transport-ws\r\n"
)


def handshake(*headers: bytes) -> bytes:
    """Return a handshake with these headers."""
    return HANDSHAKE + b"".join(b"%b\r\n" % header for header in headers) + b"\r\n"


VALID = handshake(KEY, VERSION)


def frame(data: bytes, opcode: Opcode = Opcode.TEXT, *, fin: bool = True, mask: bool = True) -> bytes:
    """Return the bytes of a frame."""
    return Frame(opcode, data, fin).serialize(mask=mask)


def message(kind: str, **members: object) -> bytes:
    """Return the frame of a message of the protocol."""
    return frame(json.dumps({"type": kind, **members}).encode())


class Framed:
    """Connection after its handshake."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._frames = Protocol(Side.CLIENT, max_size=None)
        self.send = caller.send
        self._events: list[Frame] = []
        rest = caller.rest()
        if rest:
            self._frames.receive_data(rest)
            self._take()

    def next(self) -> Frame:
        """Return the next frame; raise EOFError at the end of the connection."""
        while not self._events:
            data = self._caller.socket.recv(65536)
            if not data:
                raise EOFError
            self._frames.receive_data(data)
            self._take()
        return self._events.pop(0)

    def receive(self) -> Json:
        """Return the next message of the protocol."""
        found = self.next()
        assert found.opcode is Opcode.TEXT, found
        return json.loads(bytes(found.data))

    def closed(self) -> Close:
        """Return how the server closes, after any other frames."""
        while (found := self.next()).opcode is not Opcode.CLOSE:
            pass
        return Close.parse(found.data)

    def _take(self) -> None:
        self._events += [each for each in self._frames.events_received() if isinstance(each, Frame)]


@contextmanager
def framing(port: int, *begin: bytes) -> Iterator[Framed]:
    """Yield a connection that has become a WebSocket, and has sent these frames with its handshake."""
    with calling(port) as caller:
        caller.send(VALID + b"".join(begin))
        assert caller.head().status == 101
        yield Framed(caller)
