"""Which form of answer a caller accepts, by its Accept header (RFC 9110, 12.5.1)."""

from typing import NamedTuple

JSON_TYPE = "application/json"
GRAPHQL_TYPE = "application/graphql-response+json"
"""The form of the GraphQL over HTTP specification, in which the status speaks of the request as a whole."""


class _Range(NamedTuple):
    type: str
    subtype: str
    quality: float

    def fit(self, media_type: str) -> int:
        """How closely the range describes the type: 0 for not at all."""
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
    """The form that the caller likes best, or None where it accepts neither.

    Without a header, and where it names neither form, the answer is plain JSON, as GraphQL servers always gave it;
    a caller that names both equally knows the newer form and gets it.
    """
    ranges = [_range(part) for part in (accept or "*/*").split(",") if part.strip()] or [_Range("*", "*", 1.0)]
    plain, newer = _wish(ranges, JSON_TYPE), _wish(ranges, GRAPHQL_TYPE)
    best = max(plain.quality, newer.quality)
    if best <= 0:
        return None
    if plain.quality == newer.quality:
        return GRAPHQL_TYPE if newer.fit > plain.fit or newer.fit == _NAMED else JSON_TYPE
    return JSON_TYPE if plain.quality == best else GRAPHQL_TYPE


def prefers(accept: str, wanted: str) -> bool:
    """Whether the caller names a type, and likes it better than either form of JSON."""
    ranges = [_range(part) for part in accept.split(",") if part.strip()]
    wish = _wish(ranges, wanted) if ranges else _Wish(0.0, 0)
    return wish.fit == _NAMED and wish.quality > max(_wish(ranges, form).quality for form in (JSON_TYPE, GRAPHQL_TYPE))


_NAMED = 3


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
    """What stands behind “q=”: a number from 0 to 1; what is no such number is 0."""
    try:
        number = float(value)
    except ValueError:
        return 0.0
    return number if 0.0 <= number <= 1.0 else 0.0
