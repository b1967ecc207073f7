"""HTTP/1.1 on one connection: uvicorn's protocol, with limits of size and time for requests.

Requests that exceed a limit or are not HTTP are answered here, in the form of all other errors, and end the connection.
"""

import asyncio
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

import httptools
from starlette.types import Scope
from uvicorn import Config
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT

from server.http import request_head
from server.http.connection import BETWEEN, BODY, HEAD, GracefulProtocol
from server.http.cycle import Cycle
from server.http.deadlines import Connections
from server.http.endpoint import PATH
from server.http.errors import Rejected
from server.http.handshake import accepted_key, described, wants_websocket
from server.http.request_head import MAX_HEADERS, SLICE_BYTES
from server.http.websocket_protocol import WebSocketProtocol

_PATH = PATH.encode()
_TARGET = (PATH, _PATH, b"")

_CHECKED = frozenset({b"expect", b"transfer-encoding"})
"""Names of headers whose values are checked."""

_OF_PROXIES = frozenset({b"x-forwarded-for", b"x-forwarded-proto"})
"""Names of headers that uvicorn reads if a trusted proxy sends them."""


class Protocol(GracefulProtocol):
    """Connection, with the state of the arriving request."""

    def __init__(
        self,
        config: Config,
        server_state: Connections,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._held = b""
        self._upgrading = False
        self._successor: WebSocketProtocol | None = None
        """What has taken over the connection."""
        self._good_host: bytes | None = None
        """Last valid value of Host; most connections send no other."""
        app = self.app
        self._without_proxies = app.app if isinstance(app, ProxyHeadersMiddleware) else app
        self._head_size = 0
        """Number of bytes of an incomplete head."""
        self._body_size = self._body_seen = 0
        self._framing_size = self._gap_size = 0
        """Number of bytes around those of a chunked body: all, and those since the last chunk size."""

    def data_received(self, data: bytes) -> None:
        """Parse the received bytes, as far as their requests are answered soon."""
        if self._held or len(data) > SLICE_BYTES:
            self._take_slices(data)
            return
        if self._discarding:
            self.discard()
            return
        part, cycle = self._part, self.cycle
        if part is BETWEEN:
            self._part = HEAD
            # The first request's time begins with the connection.
            if cycle is not None:
                self._since = self._all.now
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._upgrade(data[upgrade.args[0] :])
            return
        except httptools.HttpParserError as error:
            self._refuse(request_head.unreadable(error))
        if self._part is not BETWEEN and not self._discarding:
            self._measure(len(data), in_one_part=part is self._part or part is BETWEEN, same=cycle is self.cycle)

    def go_on(self) -> None:
        """Parse the held bytes."""
        data, self._held = self._held, b""
        self.flow.release()
        if data:
            self.data_received(data)

    def _take_slices(self, data: bytes) -> None:
        if self._held:
            self._held += data
            return
        for at in range(0, len(data), SLICE_BYTES):
            if self.flow.holds or self.pipeline:
                self._held += data[at:]
                self.flow.hold()
                return
            self.data_received(data[at : at + SLICE_BYTES])
            if self._successor is not None:
                self._successor.data_received(data[at + SLICE_BYTES :])
                return

    def on_message_begin(self) -> None:
        """Begin the head of a request, which may be in the bytes of the previous one."""
        if self._part is BETWEEN:
            self._part, self._since = HEAD, self._all.now
        self.url, self.headers = b"", []
        self.expect_100_continue = False
        self._begun = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, or a trailer, which is ignored."""
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Start the request, or queue it behind earlier ones."""
        parser, headers = self.parser, self.headers
        version = parser.get_http_version()
        # A head that arrived at once is shorter than a slice.
        if self._head_size and request_head.size(self.url, headers) > request_head.MAX_HEAD_BYTES:
            raise request_head.too_long(self.url)
        once = dict(headers)
        host = once.get(b"host")
        if (
            version != "1.1"
            or host is None
            or host != self._good_host
            or len(once) != len(headers)
            or len(headers) > MAX_HEADERS
            or not _CHECKED.isdisjoint(once)
        ):
            request_head.check(version, headers)
            self._good_host = host
            self.expect_100_continue = request_head.expects_continue(version, headers)
        if parser.should_upgrade():
            self._upgrading = True
            return
        path, raw_path, query = _TARGET if self.url == _PATH else self._target(host)
        self.scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": version,
            "server": self.server,
            "client": self.client,
            "scheme": self.scheme or "http",
            "method": parser.get_method().decode("ascii"),
            "root_path": "",
            "path": path,
            "raw_path": raw_path,
            "query_string": query,
            "headers": headers,
            "state": self.app_state.copy(),
        }
        waits = self._owes_answer()
        self._wants_more = version != "1.0" and parser.should_keep_alive()
        self.cycle = cycle = Cycle(
            scope=self.scope,
            transport=self._outgoing,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self._all.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=self._wants_more and not self._all.stopping,
            on_response=self.on_response_complete,
        )
        self._part, self._since, self._begun, self._head_size, self._body_size = BODY, self._all.now, False, 0, 0
        app = self._without_proxies if _OF_PROXIES.isdisjoint(once) else self.app
        # Trailers must not be taken for headers of the request.
        self.headers = []
        if waits:
            self.flow.pause_reading()
            self.pipeline.appendleft((cycle, app))
        else:
            self._answering = cycle
            self._start_asgi_task(cycle, app)

    def _target(self, host: bytes | None) -> tuple[str, bytes, bytes]:
        """Return the path, decoded and as it is, and the query of the request's URL."""
        url = httptools.parse_url(self.url)
        if url.schema is not None:
            request_head.check_target(self.url, host)
        raw_path = request_head.checked_path(url.path or b"/")
        return unquote(raw_path.decode("ascii")), raw_path, url.query or b""

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        self._body_size += len(body)
        cycle = self.cycle
        if cycle.response_complete:
            return
        cycle.body += body
        if len(cycle.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        cycle.message_event.set()

    def on_chunk_header(self) -> None:
        """Restart the count of the bytes around those of a chunk."""
        self._gap_size = 0

    def on_message_complete(self) -> None:
        """End the request, which may have been answered already."""
        if self._upgrading:
            return
        self._part = BETWEEN
        cycle = self.cycle
        if cycle.response_complete:
            self._since = self._all.now
        else:
            cycle.more_body = False
            cycle.message_event.set()

    def _measure(self, size: int, *, in_one_part: bool, same: bool) -> None:
        # The arriving part is incomplete. `in_one_part` and `same`: all bytes read last belong to it.
        if self._part is HEAD:
            whole = in_one_part and same
            self._head_size += size if whole else max(1, request_head.size(self.url, self.headers))
            if self._head_size > request_head.MAX_HEAD_BYTES:
                self._refuse(request_head.too_long(self.url if self._begun else b""))
            elif self._begun and len(self.headers) > MAX_HEADERS:
                self._refuse(request_head.too_many_headers())
            return
        if in_one_part and same:
            around = size - (self._body_size - self._body_seen)
            self._framing_size += around
            self._gap_size += around
        else:
            self._framing_size = self._gap_size = 0
        self._body_seen = self._body_size
        if (
            self._gap_size > request_head.MAX_HEAD_BYTES
            or self._framing_size > request_head.MAX_HEAD_BYTES + request_head.MAX_FRAMING_PER_BYTE * self._body_size
        ):
            self._refuse(request_head.too_much_framing())
        elif len(self.headers) > MAX_HEADERS:
            self._refuse(request_head.too_many_headers())
        elif self.cycle.response_complete and self._body_size > request_head.MAX_DISCARDED_BYTES:
            self._linger()

    def _upgrade(self, rest: bytes) -> None:
        method, version = self.parser.get_method(), self.parser.get_http_version()
        if self._owes_answer() or not wants_websocket(method, version, self.headers):
            self._go_on_without_upgrade(rest)
            return
        try:
            url = httptools.parse_url(self.url)
            if url.schema is not None:
                request_head.check_target(self.url, self._good_host)
            if url.path == _PATH:
                self._become_websocket(url.query or b"", accepted_key(self.headers), rest)
            else:
                self._go_on_without_upgrade(rest)
        except Rejected as rejected:
            self._refuse(rejected)
        except httptools.HttpParserInvalidURLError:
            self._refuse(request_head.not_a_url())

    def _become_websocket(self, query: bytes, key: bytes, rest: bytes) -> None:
        scope: Scope = {
            "server": self.server,
            "client": self.client,
            "scheme": "wss" if self.scheme == "https" else "ws",
            "state": self.app_state.copy(),
            **described(_PATH, query, self.headers),
        }
        self._successor = successor = WebSocketProtocol(
            self.app,
            self._all,
            self.transport,
            scope,
            key=key,
            max_bytes=self.config.ws_max_size,
            write_paused=self.flow.write_paused,
            place=self._place,
        )
        self.flow.release()
        self._all.connections.discard(self)
        self.transport.set_protocol(successor)
        successor.start(rest)

    def _go_on_without_upgrade(self, rest: bytes) -> None:
        # The parser takes the rest for another protocol. The server does not offer it, so a new parser reads the
        # request again.
        self._upgrading = False
        method = self.parser.get_method()
        if method == b"CONNECT":
            allowed = {"Allow": "GET, HEAD, POST, OPTIONS"}
            self._refuse(Rejected(HTTPStatus.METHOD_NOT_ALLOWED, "This is no proxy.", headers=allowed))
            return
        head = request_head.without_upgrade(method, self.url, self.parser.get_http_version(), self.headers)
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._part, self._head_size = BETWEEN, 0
        self.data_received(head + rest)
