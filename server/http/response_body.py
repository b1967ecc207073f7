"""Answers as JSON. A possibly long one is encoded in pieces, so that encoding stops at the limit."""

import json
from collections.abc import Iterator
from typing import Any

import orjson

_PIECES = 32
"""Most pieces of a list of that many entries or more, none of which is looked into."""

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
    if len(value) < _PIECES:
        for each in value:
            yield opening
            yield from _pieces(each)
            opening = b","
    else:
        at_once = -(-len(value) // _PIECES)
        for at in range(0, len(value), at_once):
            yield opening
            yield encoded(value[at : at + at_once])[1:-1]
            opening = b","
    yield b"]"
