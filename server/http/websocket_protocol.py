"""WebSocket on one connection (RFC 6455), after its handshake: an ASGI server with limits of size and time.

Messages are parsed a few at a time, as fast as the application takes them. Compression is not offered: a short message
could become a long one.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from contextvars import Context
from http import HTTPStatus

import structlog
from starlette.types import ASGIApp, Message, Scope
from websockets.exceptions import InvalidState
from websockets.frames import Close, Frame, Opcode
from websockets.protocol import Protocol, Side

from domain.errors import Internal
from server.http.deadlines import LINGER_SECONDS, Connections, ReadProgress, TimedConnection
from server.http.errors import JSON, Rejected
from server.http.headers import Header, completed
from server.http.middleware import request_id_for
from server.http.places import Place
from server.http.transport_ws import COME_BACK, NOT_READ, CloseCode, short
from server.http.websocket_frames import text_frame

_SLICE_BYTES = 1024
"""Number of bytes parsed at once: at most 170 frames."""

_FRAMES_AT_ONCE = 64
"""Number of frames after which the other connections have their turn."""

_FRAGMENTS_MAX = 1_000
"""Maximum number of fragments of a message, which may be empty."""

log = structlog.get_logger("portal.http")

# The package logs the end of each connection.
_logger = logging.getLogger("portal.websockets")
_logger.setLevel(logging.ERROR)


class WebSocketProtocol(asyncio.Protocol, TimedConnection):
    """Connection that has become a WebSocket, and the application's task."""

    def __init__(
        self,
        app: ASGIApp,
        connections: Connections,
        transport: asyncio.Transport,
        scope: Scope,
        *,
        key: bytes,
        max_bytes: int,
        write_paused: bool,
        place: Place,
    ) -> None:
        """Take the value of Sec-WebSocket-Accept as `key`, the length of the longest message, and a counted place."""
        self.transport = transport
        self._app, self._all, self._scope, self._key = app, connections, scope, key
        self._place = place
        self._frames = Protocol(Side.SERVER, max_size=max_bytes, logger=_logger)
        self._held = b""
        self._reading, self._parsing = True, False
        self._messages: deque[Message] = deque([{"type": "websocket.connect"}])
        self._arrived = asyncio.Event()
        self._fragments: list[bytes] = []
        self._is_text = True
        self._message_since = self._heard = connections.now
        """Times at which the arriving message began, and at which the last frame was complete or a ping was sent."""
        self._pinged = False
        self._writable = asyncio.Event()
        if not write_paused:
            self._writable.set()
        self._accepted = self._lost = False
        self._answer: tuple[int, list[Header]] | None = None
        self._ending_since: float | None = None
        self._progress = ReadProgress()

    def start(self, rest: bytes) -> None:
        """Run the application, and parse the bytes after the handshake."""
        self._all.connections.add(self)  # type: ignore[arg-type]  # uvicorn names its own classes.
        # Without the variables of an earlier request of the connection, such as its deadline.
        task = asyncio.get_running_loop().create_task(self._run(), context=Context())
        self._all.tasks.add(task)
        task.add_done_callback(self._all.tasks.discard)
        if rest:
            self.data_received(rest)

    def data_received(self, data: bytes) -> None:
        """Parse the received bytes, as far as the application takes their messages soon."""
        if self._ending_since is not None and self._frames.close_sent is None:
            return
        self._held += data
        if not self._parsing:
            self._parse()

    def eof_received(self) -> None:
        """Close: a caller that sends no more can't answer."""

    def connection_lost(self, _error: Exception | None) -> None:
        """Tell the application."""
        self._all.connections.discard(self)
        self._all.places.leave(self._place)
        self._lost = True
        self._held, self._fragments = b"", []
        # Its frames refer to it, and would keep the last message until a collection.
        self._frames.parser.close()
        self._frames.parser_exc = None
        self._disconnect(1006)
        self._writable.set()

    def pause_writing(self) -> None:
        """Let the application wait before it sends more."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Let the application send, and parse what was held."""
        self._writable.set()
        self._parse()

    def shutdown(self) -> None:
        """Do nothing: the application knows by `stopping` of the scope's state."""

    def give_up(self) -> None:
        """Close when the server has no time left."""
        self._close(CloseCode.RESTART, COME_BACK)
        self.transport.close()

    def check(self) -> None:
        """End what takes longer than its timeout, and ask a silent caller whether it is there."""
        now, limits, elapsed = self._all.now, self._all.limits, self._all.elapsed
        if self._ending_since is not None:
            if now - self._ending_since >= LINGER_SECONDS:
                self.transport.abort()
        elif self.transport.get_write_buffer_size():
            self._heard += elapsed
            if self._progress.stuck_for(self.transport, now=now, before=self._all.before) >= limits.answer:
                log.info("answer not read", client_address=self._client, seconds=limits.answer)
                self._close(CloseCode.TOO_SLOW, NOT_READ)
        elif not self._reading:
            # The server has paused, so the time is not the caller's.
            self._heard += elapsed
            self._message_since += elapsed
        elif self._fragments and self._all.before - self._message_since >= limits.body:
            self._close(CloseCode.POLICY, f"A message did not arrive within {limits.body:g} s.")
        elif self._accepted:
            self._check_silence(self._all.before - self._heard)

    def _check_silence(self, seconds: float) -> None:
        if seconds < self._all.limits.ping:
            return
        if self._pinged:
            log.info("ping not answered", client_address=self._client, seconds=self._all.limits.ping)
            self._disconnect(1006)
            self.transport.abort()
            return
        self._pinged, self._heard = True, self._all.now
        self._frames.send_ping(b"")
        self._write()

    @property
    def _client(self) -> str | None:
        client: tuple[str, int] | None = self._scope["client"]
        return None if client is None else client[0]

    def _parse(self) -> None:
        """Parse slices until messages wait for the application, or the others' turn has come."""
        self._parsing, frames, at, data = False, 0, 0, self._held
        while at < len(data) and not self._lost:
            waits = frames >= _FRAMES_AT_ONCE
            if waits or ((self._messages or not self._writable.is_set()) and self._ending_since is None):
                self._held = data[at:]
                self._pause_reading()
                if waits:
                    self._parse_soon()
                return
            self._frames.receive_data(data[at : at + _SLICE_BYTES])
            at += _SLICE_BYTES
            for event in self._frames.events_received():
                frames += 1
                if isinstance(event, Frame):
                    self._take(event)
            self._write()
            if self._frames.parser_exc is not None or self._frames.close_rcvd is not None:
                self._end_of_frames()
                return
        self._held = b""
        if not self._reading and not self._lost:
            self._reading = True
            self.transport.resume_reading()

    def _pause_reading(self) -> None:
        if self._reading:
            self._reading = False
            self.transport.pause_reading()

    def _take(self, frame: Frame) -> None:
        self._heard, self._pinged = self._all.now, False
        if frame.opcode not in {Opcode.TEXT, Opcode.BINARY, Opcode.CONT} or self._ending_since is not None:
            return
        if frame.opcode is not Opcode.CONT:
            self._is_text, self._message_since = frame.opcode is Opcode.TEXT, self._all.now
        self._fragments.append(bytes(frame.data))
        if not frame.fin:
            if len(self._fragments) > _FRAGMENTS_MAX:
                self._close(CloseCode.TOO_BIG, f"A message may have {_FRAGMENTS_MAX} fragments.")
            return
        data, self._fragments = b"".join(self._fragments), []
        if not self._is_text:
            self._put({"type": "websocket.receive", "bytes": data})
            return
        try:
            self._put({"type": "websocket.receive", "text": data.decode()})
        except UnicodeDecodeError:
            self._close(CloseCode.INVALID_DATA, "A message is not UTF-8.")

    def _end_of_frames(self) -> None:
        """End a connection that the caller has closed, or whose bytes are no WebSocket's."""
        self._held, self._fragments = b"", []
        if self._frames.parser_exc is None and self._frames.close_rcvd is not None:
            code, reason = self._frames.close_rcvd.code, self._frames.close_rcvd.reason
            self._disconnect(code, reason)
            self._linger()
            self.transport.close()
            return
        sent = self._frames.close_sent or Close(1006, "")
        self._disconnect(sent.code, sent.reason)
        self._linger()

    def _close(self, code: int, reason: str) -> None:
        """Send a close frame, and wait a moment for the caller's."""
        if self._ending_since is not None or self._lost:
            return
        self._disconnect(code, reason)
        try:
            self._frames.send_close(code, short(reason))
        except InvalidState:
            return
        finally:
            self._held, self._fragments = b"", []
            self._linger()
        self._write()
        if not self._reading:
            # The caller's close frame is among the bytes.
            self._reading = True
            self.transport.resume_reading()

    def _linger(self) -> None:
        if self._ending_since is None:
            self._ending_since = self._all.now

    def _disconnect(self, code: int, reason: str = "") -> None:
        """Let the application receive the end, once, after all messages before it."""
        if not any(message["type"] == "websocket.disconnect" for message in self._messages):
            self._put({"type": "websocket.disconnect", "code": code, "reason": reason})

    def _put(self, message: Message) -> None:
        self._messages.append(message)
        self._arrived.set()

    def _write(self) -> None:
        for data in self._frames.data_to_send():
            if self.transport.is_closing():
                return
            # The empty one is the end, for which the caller's bytes are awaited.
            if data:
                self.transport.write(data)
            elif self.transport.can_write_eof():
                self.transport.write_eof()

    async def _receive(self) -> Message:
        while not self._messages:
            self._arrived.clear()
            self._parse_soon()
            await self._arrived.wait()
        message = self._messages[0]
        # The last message of all stays.
        if message["type"] != "websocket.disconnect":
            self._messages.popleft()
        return message

    def _parse_soon(self) -> None:
        if not self._parsing and self._held:
            self._parsing = True
            asyncio.get_running_loop().call_soon(self._parse)

    async def _send(self, message: Message) -> None:
        # A caller that reads nothing is closed all the same.
        while not self._writable.is_set() and message["type"] != "websocket.close":
            await self._writable.wait()
        if self._lost or self._ending_since is not None:
            raise OSError
        send: Callable[[Message], None] = self._sent if self._accepted else self._sent_before
        send(message)

    def _sent(self, message: Message) -> None:
        if message["type"] == "websocket.close":
            self._close(message.get("code", 1000), message.get("reason") or "")
            return
        text = message.get("text")
        if text is None:
            self._frames.send_binary(message["bytes"])
            self._write()
        elif not self.transport.is_closing():
            self.transport.write(text_frame(text.encode()))

    def _sent_before(self, message: Message) -> None:
        """Accept the handshake, or refuse it by an answer of HTTP."""
        match message["type"]:
            case "websocket.accept":
                self._accepted = True
                self._write_head(HTTPStatus.SWITCHING_PROTOCOLS, self._accepting(message))
            case "websocket.http.response.start":
                self._answer = message["status"], list(message.get("headers", []))
            case "websocket.http.response.body":
                status, headers = self._answer or (500, [])
                self._refuse(status, headers, message.get("body", b""))
            case _:
                self._refuse(HTTPStatus.FORBIDDEN, [], b"")

    def _accepting(self, message: Message) -> list[Header]:
        chosen = message.get("subprotocol")
        return [
            (b"upgrade", b"websocket"),
            (b"connection", b"Upgrade"),
            (b"sec-websocket-accept", self._key),
            *([(b"sec-websocket-protocol", chosen.encode())] if chosen else []),
            *message.get("headers", []),
        ]

    def _refuse(self, status: int, headers: Sequence[Header], body: bytes) -> None:
        self._write_head(status, [*headers, (b"content-length", b"%d" % len(body)), (b"connection", b"close")])
        self.transport.write(body)
        self.transport.write_eof()
        self._linger()
        self._disconnect(1006)

    def _write_head(self, status: int, headers: Sequence[Header]) -> None:
        lines = b"".join(b"%b: %b\r\n" % header for header in (*self._all.default_headers, *headers))
        self.transport.write(b"HTTP/1.1 %d %b\r\n%b\r\n" % (status, HTTPStatus(status).phrase.encode(), lines))

    async def _run(self) -> None:
        try:
            await self._app(self._scope, self._receive, self._send)
        except Exception:
            log.exception("websocket failed")
            if self._accepted:
                self._close(CloseCode.INTERNAL, "")
        else:
            self._close(CloseCode.NORMAL, "")
        if not self._accepted and self._ending_since is None and not self._lost:
            self._fail()

    def _fail(self) -> None:
        """Answer a handshake for which the application failed."""
        error = Internal()
        request_id = self._scope["state"].get("request_id") or request_id_for(None)
        rejected = Rejected(HTTPStatus.INTERNAL_SERVER_ERROR, error, code=error.code, requestId=request_id)
        headers = completed([(b"content-type", JSON.encode())], self._scope, request_id)
        self._refuse(rejected.status, headers, rejected.body())
