"""Headers of requests and answers.

A request's say what form it has and which form of the answer the caller accepts. Every answer has security headers:
caches don't store it, and browsers only hand it to its page.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from operator import itemgetter

from starlette.types import Scope

from domain import header_lists
from domain.languages import Language, preferred
from server.graphql import cost_reports
from server.http import compression
from server.http.compression import Coding
from server.http.negotiation import JSON_TYPE, STREAM_TYPE, media_type, names

Header = tuple[bytes, bytes]

SECURITY: list[Header] = [
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
]
"""Headers with which most answers begin: all but those that have one of these names themselves."""

_NAME = itemgetter(0)
_SECURITY_NAMES = frozenset(map(_NAME, SECURITY))
# The owner of the domain decides whether its other subdomains keep to https too.
_HTTPS_ONLY: Header = (b"strict-transport-security", b"max-age=31536000")

_WORD = r"[!#-'*+.0-9^-z|~-]++"
_CHARSET = r'charset\s*=\s*(?:"utf-?8"|utf-?8)'
_OTHER_PARAMETER = rf'(?!charset\s*=){_WORD}=(?:{_WORD}|"[^"\\]*+(?:\\.[^"\\]*+)*")'
_JSON_CONTENT = re.compile(rf"application/json(?:\s*+;\s*+(?:{_CHARSET}|{_OTHER_PARAMETER})?)*\s*+", re.IGNORECASE)
_BEARER = re.compile(r"(?i:bearer) +([A-Za-z0-9._~+/-]{1,8192}=*)")
_LONGEST_KEPT = 400
"""Length of the longest headers whose meaning is kept, in bytes."""

_LONGEST_TYPE = 1_000
"""Length of the longest Content-Type that is looked at."""

_KEPT_MAX = 256


@dataclass(frozen=True, slots=True)
class Negotiated:
    """What a caller's headers say about the form of the request and of its answer."""

    form: str | None
    """Media type of the answer; None if the caller accepts none of ours."""
    coding: Coding | None
    language: Language
    is_json: bool
    """Whether the body is JSON, by its Content-Type."""
    streams: bool
    """Whether the caller accepts a stream of events by its name."""
    reports_cost: bool
    """Whether the answer is to say what it costs."""
    asks_more: bool
    """Whether one of the last two holds, which few callers ask for."""


class Headers:
    """Headers of a request, each with all its values."""

    __slots__ = ("_headers", "_once")

    def __init__(self, headers: Sequence[Header]) -> None:
        self._headers, self._once = headers, dict(headers)

    def all(self, name: bytes) -> list[str]:
        """Return the values of a header, in their order."""
        value = self._once.get(name)
        if value is None:
            return []
        if len(self._once) == len(self._headers):
            return [value.decode("latin-1")]
        return [each.decode("latin-1") for other, each in self._headers if other == name]

    def first_bytes(self, name: bytes) -> bytes | None:
        """Return the first value of a header as it was sent; None if the request has none."""
        value = self._once.get(name)
        if value is None or len(self._once) == len(self._headers):
            return value
        return next(each for other, each in self._headers if other == name)

    def first(self, name: bytes) -> str | None:
        """Return the first value of a header; None if the request has none."""
        values = self.all(name)
        return values[0] if values else None

    def negotiated(self) -> Negotiated:
        """Return what the headers say; for those of most callers, what an earlier request's said."""
        get = self._once.get if len(self._once) == len(self._headers) else self._joined
        headers = (
            get(b"accept"),
            get(b"accept-encoding"),
            get(b"accept-language"),
            get(b"content-type"),
            get(cost_reports.HEADER),
        )
        return _kept.get(headers) or _negotiated(*headers)

    def _joined(self, name: bytes) -> bytes | None:
        values = [value for other, value in self._headers if other == name]
        return b", ".join(values) if values else None


_kept: dict[tuple[bytes | None, ...], Negotiated] = {}
"""By the headers, unless they are long."""


def _negotiated(
    accept: bytes | None, encoding: bytes | None, language: bytes | None, content: bytes | None, cost: bytes | None
) -> Negotiated:
    content_type = (content or b"").decode("latin-1").strip()
    streams = names((accept or b"").decode("latin-1"), STREAM_TYPE)
    reports_cost = cost is not None and cost_reports.wanted(header_lists.members(cost.decode("latin-1")))
    found = Negotiated(
        media_type((accept or b"").decode("latin-1")),
        Coding.PLAIN if encoding is None else compression.accepted(encoding.decode("latin-1")),
        preferred((language or b"").decode("latin-1")),
        content_type == JSON_TYPE or _is_json(content_type),
        streams,
        reports_cost,
        streams or reports_cost,
    )
    headers = accept, encoding, language, content, cost
    if sum(len(each or b"") for each in headers) <= _LONGEST_KEPT:
        if len(_kept) >= _KEPT_MAX:
            _kept.clear()
        _kept[headers] = found
    return found


def _is_json(content_type: str) -> bool:
    return len(content_type) <= _LONGEST_TYPE and _JSON_CONTENT.fullmatch(content_type) is not None


def bearer_token(authorization: Sequence[str]) -> str | None:
    """Return the token of the one Authorization header (RFC 6750); None if it is missing or of another form."""
    token = _BEARER.fullmatch(authorization[0].strip()) if len(authorization) == 1 else None
    return None if token is None else token[1]


def completed(own: Collection[Header], scope: Scope, request_id: str) -> list[Header]:
    """Return the missing headers of an answer, and its own, which take precedence."""
    security = SECURITY
    if not _SECURITY_NAMES.isdisjoint(map(_NAME, own)):
        names = set(map(_NAME, own))
        security = [each for each in SECURITY if each[0] not in names]
    headers = [*security, *own, (b"x-request-id", request_id.encode())]
    if scope.get("scheme") == "https" and _HTTPS_ONLY[0] not in map(_NAME, own):
        headers.append(_HTTPS_ONLY)
    return headers


def head(status: int, headers: Collection[Header]) -> bytes:
    """Return an answer's bytes before its body."""
    return b"HTTP/1.1 %d %b\r\n%b\r\n" % (status, HTTPStatus(status).phrase.encode(), lines_of(headers))


def lines_of(headers: Collection[Header]) -> bytes:
    """Return the lines of headers."""
    return b"".join(b"%b: %b\r\n" % header for header in headers)


def given(scope: Scope, name: bytes) -> bytes | None:
    """Return the first value of a request's header."""
    # A dictionary keeps the last value of a key.
    value: bytes | None = dict(reversed(scope["headers"])).get(name)
    return value
