"""Opening handshake of a WebSocket (RFC 6455, 4.2)."""

import base64
import binascii
from collections.abc import Sequence
from http import HTTPStatus

from websockets.utils import accept_key

from server.http.errors import Rejected, bad_request
from server.http.headers import Header

_VERSION = b"13"
_KEY_BYTES = 16
_OF_BODIES = frozenset({b"content-length", b"transfer-encoding"})


def wants_websocket(method: bytes, version: str, headers: Sequence[Header]) -> bool:
    """Return whether a request with an Upgrade asks for a WebSocket; a request with a body is never one."""
    if method != b"GET" or version != "1.1" or any(name in _OF_BODIES for name, _ in headers):
        return False
    return any(
        protocol.strip().lower() == b"websocket"
        for name, value in headers
        if name == b"upgrade"
        for protocol in value.split(b",")
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
