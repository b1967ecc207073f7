"""Request and its answer on a connection as in uvicorn, but the head of an answer is sent in one piece with its body.

Most headers are the same in nearly every answer, so their lines are checked and made once.
"""

from typing import Any

from uvicorn.protocols.http.httptools_impl import HEADER_RE, HEADER_VALUE_RE, STATUS_LINE, RequestResponseCycle

from db.engine.deadline import Deadline
from resolvers.context import Context
from server.http.headers import SECURITY, Header, lines_of

_KEPT_MAX = 256
_kept: dict[Header, bytes] = {}
"""Lines of headers that many answers have."""

_OF_ONE_ANSWER = frozenset({b"etag", b"x-request-id"})
"""Names of headers whose values rarely recur."""

_SECURITY_COUNT, _SECURITY_LINES = len(SECURITY), lines_of(SECURITY)

_OF_UVICORN = frozenset({b"connection", b"transfer-encoding"})
"""Names of headers by which uvicorn chooses how it sends the body."""

_TOGETHER_BYTES = 64 * 1024
"""Longest body that is copied to be sent with its head, which takes less time than a second call of the system."""


class Cycle(RequestResponseCycle):
    """Request and its answer, of which the head waits for the first part of the body."""

    _held = b""
    """Head that has not been sent."""
    _until_close = False
    """Whether the end of the connection is the end of the body."""

    @property
    def deadline(self) -> Deadline | None:
        """Deadline of a request to the API whose body has arrived."""
        context: Context | None = self.scope["state"].get("context")
        return None if context is None else context.deadline

    @property
    def may_have_changed(self) -> bool:
        """Whether the request may have changed data; only a request to the API says what it does."""
        if "context" in self.scope["state"]:
            until = self.deadline
            return until is not None and until.for_change
        return self.scope["method"] == "POST" and not self.more_body

    async def send(self, message: Any) -> None:  # noqa: ANN401 — as uvicorn has it.
        """Send a part of an answer as uvicorn does, but a head of known length with the first part of the body."""
        if self._held:
            head, self._held = self._held, b""
            self.response_started = True
            if self._is_whole_body(message):
                self._send_all(head, message.get("body", b""))
                return
            if not self.disconnected:
                self.transport.write(head)
        elif not (self.response_started or self.disconnected or self.flow.write_paused):
            self._held = self._head(message) if message["type"] == "http.response.start" else b""
            if self._held:
                self.waiting_for_100_continue = False
                return
        if self.scope["http_version"] == "1.0":
            self._prepare_for_1_0(message)
        await super().send(message)

    async def send_500_response(self) -> None:
        """Send an answer of status 500, in place of a head that was not sent."""
        self._held, self.chunked_encoding = b"", None
        await super().send_500_response()

    def _prepare_for_1_0(self, message: Any) -> None:  # noqa: ANN401 — as uvicorn has it.
        """Let uvicorn send a body of unknown length without chunks: HTTP/1.0 does not have them (RFC 9112, 6.1)."""
        if message["type"] == "http.response.start":
            names = {name.lower() for name, _ in message.get("headers", ())}
            self._until_close = b"content-length" not in names
            if self._until_close:
                self.chunked_encoding = False
        elif self._until_close:
            # uvicorn compares what is left of the announced length.
            self.expected_content_length = len(message.get("body", b""))

    def _is_whole_body(self, message: Any) -> bool:  # noqa: ANN401 — as uvicorn has it.
        """Return whether all that uvicorn would do is to send the body and to end the answer."""
        return (
            message["type"] == "http.response.body"
            and len(message.get("body", b"")) == self.expected_content_length
            and not message.get("more_body")
            and not (self.disconnected or self.flow.write_paused)
            and self.scope["method"] != "HEAD"
        )

    def _send_all(self, head: bytes, body: bytes) -> None:
        if len(body) <= _TOGETHER_BYTES:
            self.transport.write(head + body)
        else:
            self.transport.write(head)
            self.transport.write(body)
        self.expected_content_length = 0
        self.response_complete = True
        self.message_event.set()
        # The server may have begun to stop since the head was made.
        if not self.keep_alive:
            self.transport.close()
        self.on_response()

    def _head(self, message: Any) -> bytes:  # noqa: ANN401 — as uvicorn has it.
        """Return the head of an answer of known length; an empty one if uvicorn has to make it."""
        if not self.keep_alive:
            return b""
        headers, security = message.get("headers", ()), b""
        if headers[:_SECURITY_COUNT] == SECURITY:
            headers, security = headers[_SECURITY_COUNT:], _SECURITY_LINES
        length, lines = None, []
        for header in (*self.default_headers, *headers):
            line = _kept.get(header)
            if line is None:
                name, value = header
                if name == b"ratelimit":
                    # Made of numbers, so it needs no check.
                    line = b"ratelimit: %b\r\n" % value
                elif name == b"content-length" and length is None and value.isdigit():
                    length = int(value)
                    line = b"content-length: %b\r\n" % value
                else:
                    line = _line(name, value)
                    if not line:
                        return b""
            lines.append(line)
        if length is None:
            return b""
        self.expected_content_length, self.chunked_encoding = length, False
        return b"".join((STATUS_LINE[message["status"]], security, *lines, b"\r\n"))


def _line(name: bytes, value: bytes) -> bytes:
    """Return the line of a header; an empty one if uvicorn has to look at it."""
    if HEADER_VALUE_RE.search(value):
        return b""
    line = b"%b: %b\r\n" % (name, value)
    if name in _OF_ONE_ANSWER:
        return line
    if name in _OF_UVICORN or name == b"content-length" or not name.islower() or HEADER_RE.search(name):
        return b""
    if len(_kept) >= _KEPT_MAX:
        _kept.clear()
    _kept[name, value] = line
    return line
