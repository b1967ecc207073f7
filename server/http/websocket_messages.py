"""Messages of a WebSocket: the one that arrives in frames, and those that wait for the application."""

import asyncio
from collections import deque

from starlette.types import Message
from websockets.frames import Frame, Opcode

from server.http.transport_ws import CloseCode, Closing

_FRAGMENTS_MAX = 1_000
"""Maximum number of fragments of a message, which may be empty."""

LOST = 1006
"""Code of a connection that ended without a close frame."""

_RECEIVE, _DISCONNECT = "websocket.receive", "websocket.disconnect"


class ArrivingMessage:
    """Fragments of the message that arrives."""

    def __init__(self) -> None:
        self._fragments: list[bytes] = []
        self._is_text = True

    @property
    def has_begun(self) -> bool:
        """Whether a part of the message has arrived."""
        return bool(self._fragments)

    def take(self, frame: Frame) -> Message | None:
        """Return the message of which the frame is the last; raise Closing for one that may not be sent."""
        if frame.opcode is not Opcode.CONT:
            self._is_text = frame.opcode is Opcode.TEXT
        self._fragments.append(bytes(frame.data))
        if not frame.fin:
            if len(self._fragments) > _FRAGMENTS_MAX:
                raise Closing(CloseCode.TOO_BIG, f"A message may have {_FRAGMENTS_MAX} fragments.")
            return None
        data, self._fragments = b"".join(self._fragments), []
        if not self._is_text:
            return {"type": _RECEIVE, "bytes": data}
        try:
            return {"type": _RECEIVE, "text": data.decode()}
        except UnicodeDecodeError:
            raise Closing(CloseCode.INVALID_DATA, "A message is not UTF-8.") from None

    def discard(self) -> None:
        """Forget the fragments."""
        self._fragments = []


class WaitingMessages:
    """Messages that the application has not received yet: at first the handshake, and at last the end."""

    def __init__(self) -> None:
        self._messages: deque[Message] = deque([{"type": "websocket.connect"}])
        self._put = asyncio.Event()

    def __bool__(self) -> bool:
        """Return whether a message waits."""
        return bool(self._messages)

    def put(self, message: Message) -> None:
        """Add a message."""
        self._messages.append(message)
        self._put.set()

    def end(self, code: int, reason: str = "") -> None:
        """Add the end, once, after all messages before it."""
        if not any(message["type"] == _DISCONNECT for message in self._messages):
            self.put({"type": _DISCONNECT, "code": code, "reason": reason})

    async def wait(self) -> None:
        """Wait until a message is added."""
        self._put.clear()
        await self._put.wait()

    def take(self) -> Message:
        """Return the first message; the end is received again and again."""
        message = self._messages[0]
        if message["type"] != _DISCONNECT:
            self._messages.popleft()
        return message
