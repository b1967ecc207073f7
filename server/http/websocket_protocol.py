"""WebSocket on one connection (RFC 6455), after its handshake: an ASGI server with limits of size and time.

Messages are parsed a few at a time, as fast as the application takes them. Compression is not offered: a short message
could become a long one.
"""

import asyncio
from collections.abc import Callable
from contextvars import Context

import structlog
from starlette.types import ASGIApp, Message, Scope
from websockets.exceptions import InvalidState
from websockets.frames import Close, Frame, Opcode

from server.http import handshake
from server.http.deadlines import LINGER_SECONDS, Connections, ReadProgress, TimedConnection
from server.http.places import Place
from server.http.transport_ws import COME_BACK, NOT_READ, CloseCode, Closing, short
from server.http.websocket_frames import frames_parser, text_frame
from server.http.websocket_messages import LOST, ArrivingMessage, WaitingMessages

_SLICE_BYTES = 1024
"""Number of bytes parsed at once: at most 170 frames."""

_FRAMES_AT_ONCE = 64
"""Number of frames after which the other connections have their turn."""

log = structlog.get_logger("portal.http")


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
        self._app, self._all, self._scope, self._place = app, connections, scope, place
        self._opening = handshake.Opening(key)
        self._frames = frames_parser(max_bytes)
        self._held = b""
        self._reading, self._parsing = True, False
        self._arriving, self._waiting = ArrivingMessage(), WaitingMessages()
        self._message_since = self._heard = connections.now
        """Times at which the arriving message began, and at which the last frame was complete or a ping was sent."""
        self._pinged = False
        self._writable = asyncio.Event()
        if not write_paused:
            self._writable.set()
        self._accepted = self._lost = False
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
        self._discard()
        # Its frames refer to it, and would keep the last message until a collection.
        self._frames.parser.close()
        self._frames.parser_exc = None
        self._waiting.end(LOST)
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
        elif self._arriving.has_begun and self._all.before - self._message_since >= limits.body:
            self._close(CloseCode.POLICY, f"A message did not arrive within {limits.body:g} s.")
        elif self._accepted:
            self._check_silence(self._all.before - self._heard)

    def _check_silence(self, seconds: float) -> None:
        if seconds < self._all.limits.ping:
            return
        if self._pinged:
            log.info("ping not answered", client_address=self._client, seconds=self._all.limits.ping)
            self._waiting.end(LOST)
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
            if waits or ((self._waiting or not self._writable.is_set()) and self._ending_since is None):
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
            self._message_since = self._all.now
        try:
            message = self._arriving.take(frame)
        except Closing as closing:
            self._close(*closing.end)
            return
        if message is not None:
            self._waiting.put(message)

    def _end_of_frames(self) -> None:
        """End a connection that the caller has closed, or whose bytes are no WebSocket's."""
        self._discard()
        closed = self._frames.close_rcvd if self._frames.parser_exc is None else None
        end = closed or self._frames.close_sent or Close(LOST, "")
        self._waiting.end(end.code, end.reason)
        self._linger()
        if closed is not None:
            self.transport.close()

    def _close(self, code: int, reason: str) -> None:
        """Send a close frame, and wait a moment for the caller's."""
        if self._ending_since is not None or self._lost:
            return
        self._waiting.end(code, reason)
        try:
            self._frames.send_close(code, short(reason))
        except InvalidState:
            return
        finally:
            self._discard()
            self._linger()
        self._write()
        if not self._reading:
            # The caller's close frame is among the bytes.
            self._reading = True
            self.transport.resume_reading()

    def _discard(self) -> None:
        self._held = b""
        self._arriving.discard()

    def _linger(self) -> None:
        if self._ending_since is None:
            self._ending_since = self._all.now

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
        while not self._waiting:
            self._parse_soon()
            await self._waiting.wait()
        return self._waiting.take()

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
        answer = self._opening.answered(message)
        if answer is not None:
            self._answer(answer)

    def _answer(self, answer: handshake.Answer) -> None:
        """Answer the handshake: go on as a WebSocket, or end."""
        self.transport.write(answer.to_bytes(self._all.default_headers))
        self._accepted = answer.accepts
        if not self._accepted:
            self.transport.write_eof()
            self._linger()
            self._waiting.end(LOST)

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
            self._answer(handshake.failed(self._scope))
