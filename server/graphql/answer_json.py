"""JSON of answers.

A possibly long answer is encoded in pieces, so that encoding stops at the limit. That of a large operation is encoded
in parts as they are completed, with pauses in between.
"""

import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import orjson

_LONG = 32
"""Number of entries of a list from which on none of them is looked into."""

_PIECE_BYTES = 128 * 1024
"""Bytes of a piece of a longer list, from which on it has no further entries."""

_INNER = (dict, list)

Json = bytes | bytearray
"""JSON of an answer."""


def encoded(body: Any) -> bytes:  # noqa: ANN401 — any JSON.
    """Return the JSON of an answer."""
    try:
        return orjson.dumps(body)
    except TypeError:
        # An error may quote a variable whose name has a lone surrogate. It is escaped, as in the request.
        return json.dumps(body, separators=(",", ":")).encode()


def encoded_up_to(longest: int, body: dict[str, Any]) -> bytearray:
    """Return the JSON of an answer; if it exceeds `longest` bytes, only enough to show that."""
    written = bytearray()
    for piece in _pieces(body):
        written += piece
        if len(written) > longest:
            break
    return written


class PartEncoder:
    """Encoder of the parts of one answer, which frees each part once it is encoded."""

    def __init__(self, longest: int) -> None:
        """Take the most bytes of the answer."""
        self._longest, self._size = longest, 0
        self.written = self.braces = 0
        """Numbers of bytes and of opening braces of the JSON so far; each object has one brace."""

    def part(self, value: Any) -> Any:  # noqa: ANN401 — any JSON.
        """Return a list or an object as JSON, to be put into the answer; null if the parts before are too long."""
        if self._size > self._longest:
            return None
        try:
            written = orjson.dumps(value)
        except TypeError:
            return value
        self._size += len(written)
        return orjson.Fragment(written)

    async def whole(self, body: dict[str, Any], pause: Callable[[], Awaitable[None]]) -> bytearray:
        """Return the JSON of an answer with such parts, as `encoded_up_to` does."""
        written = bytearray()
        for piece in _pieces(body):
            written += piece
            self.written = len(written)
            self.braces += piece.count(b"{")
            if len(written) > self._longest:
                break
            await pause()
        return written


def with_member(written: Json, name: str, value: Any) -> bytearray:  # noqa: ANN401 — any JSON.
    """Return the JSON of an object that is not empty with one more member."""
    longer = bytearray(written)
    longer[-1:] = b"," + encoded(name) + b":" + encoded(value) + b"}"
    return longer


def _pieces(value: Any) -> Iterator[bytes]:  # noqa: ANN401 — any JSON.
    if type(value) is dict and any(type(each) in _INNER for each in value.values()):
        yield from _members(value)
    elif type(value) is list and any(type(each) in _INNER for each in value):
        yield from _entries(value)
    else:
        yield encoded(value)


def _members(value: dict[str, Any]) -> Iterator[bytes]:
    opening = b"{"
    for key, each in value.items():
        yield opening + encoded(key) + b":"
        yield from _pieces(each)
        opening = b","
    yield b"}"


def _entries(value: list[Any]) -> Iterator[bytes]:
    opening = b"["
    if len(value) < _LONG:
        for each in value:
            yield opening
            yield from _pieces(each)
            opening = b","
    else:
        at, number = 0, 1
        while at < len(value):
            yield opening
            piece = encoded(value[at : at + number])
            yield piece[1:-1]
            at += number
            # The entries of a list are mostly of about the same length.
            number = max(1, number * _PIECE_BYTES // len(piece))
            opening = b","
    yield b"]"
