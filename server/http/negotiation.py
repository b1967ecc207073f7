"""Negotiation of the answer's media type by the Accept header (RFC 9110, 12.5.1)."""

from typing import NamedTuple

from domain import header_lists

JSON_TYPE = "application/json"
GRAPHQL_TYPE = "application/graphql-response+json"
"""Media type of the GraphQL over HTTP specification, whose status is about the whole request."""
STREAM_TYPE = "text/event-stream"
"""Media type of a stream of events (GraphQL over Server-Sent Events)."""


class _Range(NamedTuple):
    type: str
    subtype: str
    quality: float

    def fit(self, media_type: str) -> int:
        """Return how closely the range matches the type: 0 for not at all."""
        kind, _, subtype = media_type.partition("/")
        if (self.type, self.subtype) == (kind, subtype):
            return 3
        if (self.type, self.subtype) == (kind, "*"):
            return 2
        return 1 if (self.type, self.subtype) == ("*", "*") else 0


class _Wish(NamedTuple):
    quality: float
    fit: int


def media_type(accept: str | None) -> str | None:
    """Return the preferred media type; None if the caller accepts neither.

    Without a header, and if it names neither type, the answer is plain JSON, as GraphQL servers always gave it. A
    caller that names both equally knows the newer type and gets it.
    """
    ranges = _ranges(accept or "") or [_ANY]
    plain, newer = _wish(ranges, JSON_TYPE), _wish(ranges, GRAPHQL_TYPE)
    best = max(plain.quality, newer.quality)
    if best <= 0:
        return None
    if plain.quality == newer.quality:
        return GRAPHQL_TYPE if newer.fit > plain.fit or newer.fit == _NAMED else JSON_TYPE
    return JSON_TYPE if plain.quality == best else GRAPHQL_TYPE


def names(accept: str, wanted: str) -> bool:
    """Return whether the caller names a type and accepts it."""
    wish = _wish(_ranges(accept) or [_ANY], wanted)
    return wish.fit == _NAMED and wish.quality > 0


def prefers(accept: str, wanted: str) -> bool:
    """Return whether the caller names a type and prefers it to either type of JSON."""
    ranges = _ranges(accept)
    wish = _wish(ranges, wanted) if ranges else _Wish(0.0, 0)
    return wish.fit == _NAMED and wish.quality > max(_wish(ranges, form).quality for form in (JSON_TYPE, GRAPHQL_TYPE))


_NAMED = 3
_ANY = _Range("*", "*", 1.0)


def _ranges(accept: str) -> list[_Range]:
    return [_range(part) for part in header_lists.members(accept) if part.strip()]


def _wish(ranges: list[_Range], media_type: str) -> _Wish:
    closest = max(ranges, key=lambda one: (one.fit(media_type), one.quality))
    fit = closest.fit(media_type)
    return _Wish(closest.quality if fit else 0.0, fit)


def _range(part: str) -> _Range:
    name, *parameters = (piece.strip().lower() for piece in part.split(";"))
    kind, _, subtype = name.partition("/")
    weight = 1.0
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip() == "q":
            weight = quality(value.strip())
        elif key.strip() == "charset" and value.strip().strip('"') not in {"utf-8", "utf8"}:
            weight = 0.0
    return _Range(kind, subtype, weight)


def quality(value: str) -> float:
    """Return the number after “q=”, from 0 to 1; 0 if it is invalid."""
    try:
        number = float(value)
    except ValueError:
        return 0.0
    return number if 0.0 <= number <= 1.0 else 0.0
