"""Security headers of every answer: caches don't store it, and browsers only hand it to its page."""

from collections.abc import Iterable

from starlette.types import Scope

Header = tuple[bytes, bytes]

_ALWAYS: tuple[Header, ...] = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
)
_ALWAYS_NAMES = frozenset(name for name, _ in _ALWAYS)
# The owner of the domain decides whether its other subdomains keep to https too.
_HTTPS_ONLY: Header = (b"strict-transport-security", b"max-age=31536000")


def completed(own: Iterable[Header], scope: Scope, request_id: str) -> list[Header]:
    """Return an answer's own headers, which take precedence, and the missing ones."""
    headers = list(own)
    names = {name for name, _ in headers}
    headers += _ALWAYS if names.isdisjoint(_ALWAYS_NAMES) else [each for each in _ALWAYS if each[0] not in names]
    headers.append((b"x-request-id", request_id.encode()))
    if scope.get("scheme") == "https" and _HTTPS_ONLY[0] not in names:
        headers.append(_HTTPS_ONLY)
    return headers


def given(scope: Scope, name: bytes) -> bytes | None:
    """Return the first value of a request's header."""
    # A dictionary keeps the last value of a key.
    value: bytes | None = dict(reversed(scope["headers"])).get(name)
    return value
