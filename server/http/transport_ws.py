"""Messages of the protocol graphql-transport-ws, which the package graphql-ws describes.

https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
"""

import re
from collections.abc import Mapping
from enum import IntEnum
from typing import Any, NamedTuple

from server.graphql.answer_json import Json, encoded
from server.http import bodies
from server.http.errors import Rejected

SUBPROTOCOL = "graphql-transport-ws"

ID_LENGTH_MAX = 128
_REASON_BYTES = 123
"""Length of the longest reason in a close frame (RFC 6455, 5.5)."""

COME_BACK = "The server stops: connect again, and resume from your cursor."
NOT_READ = "Nothing was read for too long: connect again, and resume from your cursor."


class CloseCode(IntEnum):
    """Codes with which the server closes: those from 4000 on are of the protocol, and of the portal."""

    NORMAL = 1000
    UNSUPPORTED = 1003
    INVALID_DATA = 1007
    POLICY = 1008
    TOO_BIG = 1009
    INTERNAL = 1011
    RESTART = 1012
    TRY_AGAIN = 1013
    BAD_REQUEST = 4400
    UNAUTHORIZED = 4401
    FORBIDDEN = 4403
    INIT_TIMEOUT = 4408
    SUBSCRIBER_EXISTS = 4409
    TOO_SLOW = 4410
    TOO_MANY_INITS = 4429


class End(NamedTuple):
    """Why the server closes a connection: a code, and a sentence for a programmer."""

    code: CloseCode
    reason: str


class Closing(Exception):  # noqa: N818 — no error of the server.
    """Raised to close a connection."""

    def __init__(self, code: CloseCode, reason: str) -> None:
        """Take what the end has."""
        super().__init__(reason)
        # The exception has the frames in which it was raised, and with them the message.
        self.end = End(code, reason)


class Received(NamedTuple):
    """Message of a caller, with the members that its type has."""

    type: str
    id: str = ""
    payload: dict[str, Any] | None = None
    may_be_unstorable: bool = False
    """Whether its texts may have characters that no database stores."""
    size: int = 0
    """Number of its bytes."""


_LENGTH_MAX: Mapping[str, int] = {
    # Its payload is sent back, also to callers without a token.
    "ping": 1_024,
    # These may repeat an id of escaped characters; a pong also repeats the payload of a ping.
    "pong": 4_096,
    "complete": 4_096,
    "connection_init": 65_536,
}
"""Maximum number of characters of a message, by its type; `subscribe` is only limited by the connection."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_PARAMETERS = ("authorization", "accept-language", "graphql-cost")
_TYPES = frozenset({"connection_init", "ping", "pong", "subscribe", "complete"})
_WITH_ID = frozenset({"subscribe", "complete"})


def received(text: str, *, of_stranger: bool) -> Received:
    """Return the message in a text; raise Closing for one that is none of the protocol's."""
    if of_stranger and len(text) > bodies.OF_STRANGERS_MAX:
        message = f"Without a token, a message may have {bodies.OF_STRANGERS_MAX:,} characters."
        raise Closing(CloseCode.BAD_REQUEST, message)
    data = text.encode()
    try:
        given = bodies.parsed(data, "A message")
    except Rejected as rejected:
        raise Closing(CloseCode.BAD_REQUEST, str(rejected)) from None
    kind = given.get("type") if isinstance(given, dict) else None
    if not isinstance(given, dict) or not isinstance(kind, str) or kind not in _TYPES:
        message = f"A message must be a JSON object whose “type” is one of {', '.join(sorted(_TYPES))}."
        raise Closing(CloseCode.BAD_REQUEST, message)
    if kind in _LENGTH_MAX and len(text) > _LENGTH_MAX[kind]:
        raise Closing(CloseCode.BAD_REQUEST, f"“{kind}” may have {_LENGTH_MAX[kind]:,} characters.")
    id_, payload = given.get("id", ""), given.get("payload")
    if kind in _WITH_ID and not (isinstance(id_, str) and 0 < len(id_) <= ID_LENGTH_MAX and _is_unicode(id_)):
        message = f"The “id” of “{kind}” must be a string of 1 to {ID_LENGTH_MAX} Unicode characters."
        raise Closing(CloseCode.BAD_REQUEST, message)
    if not (isinstance(payload, dict) or (payload is None and kind != "subscribe")):
        message = f"The “payload” of “{kind}” must be a JSON object."
        raise Closing(CloseCode.BAD_REQUEST, message)
    return Received(kind, id_ if kind in _WITH_ID else "", payload, may_be_unstorable="\\u" in text, size=len(data))


def _is_unicode(text: str) -> bool:
    # A lone surrogate is an escape of JSON, and no character that UTF-8 has.
    return text.isascii() or _SURROGATE.search(text) is None


def parameters(payload: dict[str, Any] | None) -> dict[str, str]:
    """Return the texts in the payload of `connection_init` by their names in small letters, as headers have them."""
    given = {name.lower(): value for name, value in (payload or {}).items()}
    found = {name: given[name] for name in _PARAMETERS if given.get(name) is not None}
    for name, value in found.items():
        if not isinstance(value, str):
            message = f"“{name}” in the payload must be a string."
            raise Closing(CloseCode.BAD_REQUEST, message)
    return found


ACK = '{"type":"connection_ack"}'


def pong(payload: dict[str, Any] | None) -> str:
    """Return the answer to a ping."""
    return encoded({"type": "pong"} if payload is None else {"type": "pong", "payload": payload}).decode()


def progress(id_: str, cursor: str) -> str:
    """Return a ping with the cursor from which a subscription continues."""
    return encoded({"type": "ping", "payload": {"id": id_, "cursor": cursor}}).decode()


def next_result(id_: str, body: Json) -> str:
    """Return the message with a result."""
    return _message(b"next", id_, body)


def errors(id_: str, body: Json) -> str:
    """Return the message with the errors of an operation that was not executed; the answer's body has only those."""
    return _message(b"error", id_, bytes(body[len(_ERRORS) : -1]))


def complete(id_: str) -> str:
    """Return the message that ends an operation."""
    return _message(b"complete", id_, None)


def short(reason: str) -> str:
    """Return as much of a reason as a close frame can have."""
    return reason.encode(errors="replace")[:_REASON_BYTES].decode(errors="ignore")


_ERRORS = b'{"errors":'


def _message(kind: bytes, id_: str, payload: Json | None) -> str:
    rest = b"" if payload is None else b',"payload":' + payload
    return (b'{"id":' + encoded(id_) + b',"type":"' + kind + b'"' + rest + b"}").decode()
