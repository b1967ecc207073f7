"""JSON of answers.

A possibly long answer is encoded in pieces, so that encoding stops at the limit. That of a large operation is encoded
in parts as they are completed, with pauses in between.
"""

import json
from collections.abc import Awaitable, Callable, Iterator
from math import inf
from typing import Any

import orjson

_LONG = 32
"""Number of entries of a list from which on none of them is looked into."""

_PIECE_BYTES = 128 * 1024
"""Bytes of a piece of a longer list, from which on it has no further entries; a piece copies no more of its parts."""

Json = bytes | bytearray
"""JSON of an answer."""


class Part:
    """List or object within an answer that is JSON already."""

    __slots__ = ("is_copied", "json")

    def __init__(self, json: bytes) -> None:
        """Take the JSON."""
        self.json = json
        self.is_copied = False
        """Whether the part around it, once it is encoded, has this one's bytes."""


_INNER = (dict, list, Part)


class _TooMuchError(Exception):
    """The parts within a value have too many bytes to be copied at once."""


class _Parts:
    """Parts within a value that is encoded."""

    def __init__(self, most: float) -> None:
        """Take the most bytes of them."""
        self.found: list[Part] = []
        self.left = most

    def fragment(self, value: Any) -> orjson.Fragment:  # noqa: ANN401 — whatever orjson does not know.
        """Return what orjson writes for a part."""
        return orjson.Fragment(self._json(value))

    def plain(self, value: Any) -> Any:  # noqa: ANN401 — any JSON.
        """Return what a part says, for the slower encoder."""
        return json.loads(self._json(value))

    def _json(self, value: Any) -> bytes:  # noqa: ANN401 — whatever an encoder does not know.
        if type(value) is not Part:
            message = f"{type(value).__name__} is not JSON"
            raise TypeError(message)
        self.left -= len(value.json)
        if self.left < 0:
            raise _TooMuchError
        self.found.append(value)
        return value.json


def encoded(body: Any) -> bytes:  # noqa: ANN401 — any JSON.
    """Return the JSON of an answer."""
    try:
        return orjson.dumps(body)
    except TypeError:
        return _encoded(body, inf)[0]


def _encoded(value: Any, most: float) -> tuple[bytes, list[Part]]:  # noqa: ANN401 — any JSON.
    """Return the JSON of a value, and the parts in it. Raises _TooMuchError if these have more bytes than `most`."""
    parts = _Parts(most)
    try:
        return orjson.dumps(value, default=parts.fragment), parts.found
    except TypeError as error:
        if isinstance(error.__cause__, _TooMuchError):
            raise error.__cause__ from None
    # An error may quote a variable whose name has a lone surrogate. It is escaped, as in the request.
    parts = _Parts(most)
    return json.dumps(value, separators=(",", ":"), default=parts.plain).encode(), parts.found


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
        self._is_left_out = False
        self.written = self.braces = 0
        """Numbers of bytes and of opening braces of the JSON so far; each object has one brace."""

    def part(self, value: Any) -> Any:  # noqa: ANN401 — any JSON.
        """Return a list or an object as a part of the answer, or as it is if it has long parts.

        Returns null if the parts before are too long; the answer then is too long, whatever its other parts are.
        """
        if self._size > self._longest:
            self._is_left_out = True
            return None
        try:
            written, parts = _encoded(value, _PIECE_BYTES)
        except _TooMuchError:
            return value
        self._size += len(written)
        for each in parts:
            # Those of an object that repeats are in the answer as often as it is.
            if not each.is_copied:
                each.is_copied = True
                self._size -= len(each.json)
        return Part(written)

    async def whole(self, body: dict[str, Any], pause: Callable[[], Awaitable[None]]) -> bytearray:
        """Return the JSON of an answer with such parts, as `encoded_up_to` does.

        If a part was left out, it is as many bytes as show that the answer is too long.
        """
        written = bytearray()
        for piece in _pieces(body):
            written += piece
            self.written = len(written)
            self.braces += piece.count(b"{")
            if len(written) > self._longest:
                break
            await pause()
        if self._is_left_out and len(written) <= self._longest:
            # The parts that were too long are not in the answer: an error has put null in their place.
            written = written.ljust(self._longest + 1)
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
    elif type(value) is Part:
        yield value.json
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
            try:
                piece = _encoded(value[at : at + number], _PIECE_BYTES)[0]
            except _TooMuchError:
                if number > 1:
                    number //= 2
                    continue
                yield opening
                yield from _pieces(value[at])
                at += 1
            else:
                yield opening
                yield piece[1:-1]
                at += number
                # The entries of a list are mostly of about the same length.
                number = max(1, number * _PIECE_BYTES // len(piece))
            opening = b","
    yield b"]"
