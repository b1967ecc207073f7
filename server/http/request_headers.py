"""Headers of a request: their values, and what they say about the form of the request and of its answer."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from domain.languages import Language, preferred
from server.http import compression
from server.http.compression import Coding
from server.http.negotiation import JSON_TYPE, media_type
from server.http.security_headers import Header

_WORD = r"[!#-'*+.0-9^-z|~-]++"
_CHARSET = r'charset\s*=\s*(?:"utf-?8"|utf-?8)'
_OTHER_PARAMETER = rf'(?!charset\s*=){_WORD}=(?:{_WORD}|"(?:[^"\\]|\\.)*+")'
_JSON_CONTENT = re.compile(rf"application/json(?:\s*+;\s*+(?:{_CHARSET}|{_OTHER_PARAMETER})?+)*+\s*+", re.IGNORECASE)
_LONGEST_KEPT = 400
"""Length of the longest headers whose meaning is kept, in bytes."""

_KEPT_MAX = 256


class Negotiated(NamedTuple):
    """What a caller's headers say about the form of the request and of its answer."""

    form: str | None
    """Media type of the answer; None if the caller accepts none of ours."""
    coding: Coding | None
    language: Language
    is_json: bool
    """Whether the body is JSON, by its Content-Type."""


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

    def negotiated(self) -> Negotiated:
        """Return what the headers say; for those of most callers, what an earlier request's said."""
        get = self._once.get if len(self._once) == len(self._headers) else self._joined
        headers = get(b"accept"), get(b"accept-encoding"), get(b"accept-language"), get(b"content-type")
        return _kept.get(headers) or _negotiated(*headers)

    def _joined(self, name: bytes) -> bytes | None:
        values = [value for other, value in self._headers if other == name]
        return b", ".join(values) if values else None


_kept: dict[tuple[bytes | None, ...], Negotiated] = {}
"""By the headers, unless they are long."""


def _negotiated(
    accept: bytes | None, encoding: bytes | None, language: bytes | None, content: bytes | None
) -> Negotiated:
    content_type = (content or b"").decode("latin-1").strip()
    found = Negotiated(
        media_type((accept or b"").decode("latin-1")),
        Coding.PLAIN if encoding is None else compression.accepted(encoding.decode("latin-1")),
        preferred((language or b"").decode("latin-1")),
        content_type == JSON_TYPE or _JSON_CONTENT.fullmatch(content_type) is not None,
    )
    headers = accept, encoding, language, content
    if sum(len(each or b"") for each in headers) <= _LONGEST_KEPT:
        if len(_kept) >= _KEPT_MAX:
            _kept.clear()
        _kept[headers] = found
    return found
