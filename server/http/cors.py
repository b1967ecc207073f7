"""Cross-origin requests (CORS, in the Fetch standard): origins whose web pages may read the answers.

There are no cookies: a page has to hold a token and send it, so credentials are never allowed.
"""

from collections.abc import Iterable

from starlette.types import Scope

from server.http.headers import Header, given

_VARY: Header = (b"vary", b"Origin")
_EXPOSED: Header = (
    b"access-control-expose-headers",
    b"Content-Disposition, ETag, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id",
)
_PREFLIGHT: tuple[Header, ...] = (
    (b"access-control-allow-methods", b"GET, HEAD, POST"),
    # The asterisk means every header but Authorization.
    (b"access-control-allow-headers", b"Authorization, *"),
    # Chromium browsers cache it for at most two hours.
    (b"access-control-max-age", b"7200"),
)


class Cors:
    """Allowed origins, and the headers of answers to their pages."""

    def __init__(self, origins: Iterable[str]) -> None:
        """Take the origins, as browsers write them."""
        self._origins = frozenset(origin.encode() for origin in origins)

    def headers(self, scope: Scope) -> list[Header]:
        """Return the CORS headers of the answer to this request, also of an error."""
        origin = given(scope, b"origin")
        if origin is None or (origin := origin.rstrip(b" \t")) not in self._origins:
            return [_VARY]
        headers = [_VARY, (b"access-control-allow-origin", origin), _EXPOSED]
        if scope["method"] == "OPTIONS" and given(scope, b"access-control-request-method") is not None:
            headers += _PREFLIGHT
        return headers
