"""Opening handshake of a WebSocket (RFC 6455, 4.2): what is asked, and the answer."""

import base64
import binascii
from collections.abc import Sequence
from http import HTTPStatus
from typing import NamedTuple

from starlette.types import Message, Scope
from websockets.utils import accept_key

from domain import header_lists
from domain.errors import Internal
from server.http.errors import JSON, VARY_LANGUAGE, Rejected, bad_request
from server.http.headers import Header, Headers, completed, head
from server.http.middleware import request_id_for

_VERSION = b"13"
_KEY_BYTES = 16
_OF_BODIES = frozenset({b"content-length", b"transfer-encoding"})


def wants_websocket(method: bytes, version: str, headers: Sequence[Header]) -> bool:
    """Return whether a request with an Upgrade asks for a WebSocket; a request with a body is never one."""
    if method != b"GET" or version != "1.1" or any(name in _OF_BODIES for name, _ in headers):
        return False
    return any(
        protocol.strip().lower() == "websocket"
        for name, value in headers
        if name == b"upgrade"
        for protocol in header_lists.members(value.decode("latin-1"))
    )


def accepted_key(headers: Sequence[Header]) -> bytes:
    """Return the value of Sec-WebSocket-Accept; raise Rejected for a handshake that is invalid."""
    versions, keys = ([value.strip() for name, value in headers if name == wanted] for wanted in (_VERSION_NAME, _KEY))
    if versions != [_VERSION]:
        message = f"Sec-WebSocket-Version must be {_VERSION.decode()}."
        needed = {"Sec-WebSocket-Version": _VERSION.decode(), "Upgrade": "websocket"}
        raise Rejected(HTTPStatus.UPGRADE_REQUIRED, message, headers=needed)
    try:
        (key,) = keys
        valid = len(base64.b64decode(key, validate=True)) == _KEY_BYTES
    except (ValueError, binascii.Error):
        valid = False
    if not valid:
        message = f"Sec-WebSocket-Key must be {_KEY_BYTES} bytes in Base64."
        raise bad_request(message)
    return accept_key(key.decode("ascii")).encode()


_VERSION_NAME, _KEY = b"sec-websocket-version", b"sec-websocket-key"


def described(path: bytes, query: bytes, headers: Sequence[Header]) -> Scope:
    """Return what the scope of a WebSocket says of its handshake."""
    protocols = b",".join(value for name, value in headers if name == b"sec-websocket-protocol").decode("latin-1")
    return {
        "type": "websocket",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "root_path": "",
        "path": path.decode(),
        "raw_path": path,
        "query_string": query,
        "headers": headers,
        "subprotocols": [each.strip() for each in header_lists.members(protocols)],
        "extensions": {"websocket.http.response": {}},
    }


class Answer(NamedTuple):
    """Answer of HTTP to a handshake."""

    status: int
    headers: Sequence[Header]
    body: bytes = b""

    @property
    def accepts(self) -> bool:
        """Whether the connection becomes a WebSocket."""
        return self.status == HTTPStatus.SWITCHING_PROTOCOLS

    def to_bytes(self, default_headers: Sequence[Header]) -> bytes:
        """Return the answer as it is sent, with the server's headers before its own."""
        return head(self.status, (*default_headers, *self.headers)) + self.body


class Opening:
    """Handshake whose answer the application's messages make."""

    def __init__(self, key: bytes) -> None:
        """Take the value of Sec-WebSocket-Accept."""
        self._key = key
        self._refusal: tuple[int, Sequence[Header]] = HTTPStatus.INTERNAL_SERVER_ERROR, []

    def answered(self, message: Message) -> Answer | None:
        """Return the answer that the message completes, None for the beginning of one."""
        match message["type"]:
            case "websocket.accept":
                return Answer(HTTPStatus.SWITCHING_PROTOCOLS, self._accepting(message))
            case "websocket.http.response.start":
                self._refusal = message["status"], list(message.get("headers", []))
                return None
            case "websocket.http.response.body":
                return _refused(*self._refusal, message.get("body", b""))
            case _:
                return _refused(HTTPStatus.FORBIDDEN, [], b"")

    def _accepting(self, message: Message) -> Sequence[Header]:
        chosen = message.get("subprotocol")
        return [
            (b"upgrade", b"websocket"),
            (b"connection", b"Upgrade"),
            (b"sec-websocket-accept", self._key),
            *([(b"sec-websocket-protocol", chosen.encode())] if chosen else []),
            *message.get("headers", []),
        ]


def failed(scope: Scope) -> Answer:
    """Return the answer to a handshake for which the application failed."""
    error = Internal()
    request_id = scope["state"].get("request_id") or request_id_for(None)
    rejected = Rejected(HTTPStatus.INTERNAL_SERVER_ERROR, error, code=error.code, requestId=request_id)
    own = [(b"content-type", JSON.encode()), (b"vary", VARY_LANGUAGE.encode())]
    language = Headers(scope["headers"]).negotiated().language
    return _refused(rejected.status, completed(own, scope, request_id), rejected.body(language))


def _refused(status: int, headers: Sequence[Header], body: bytes) -> Answer:
    return Answer(status, [*headers, (b"content-length", b"%d" % len(body)), (b"connection", b"close")], body)
