"""Cross-origin requests (CORS, in the Fetch standard): origins whose web pages may read the answers.

There are no cookies: a page has to hold a token and send it, so credentials are never allowed.
"""

from collections.abc import Callable, Iterable
from http import HTTPStatus

from starlette.types import ASGIApp, Receive, Scope, Send

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
        if _asks(scope):
            headers += _PREFLIGHT
        return headers

    def is_preflight(self, scope: Scope) -> bool:
        """Return whether a browser asks if a page of an allowed origin may send a request."""
        return _asks(scope) and (given(scope, b"origin") or b"").rstrip(b" \t") in self._origins


def _asks(scope: Scope) -> bool:
    return scope["method"] == "OPTIONS" and given(scope, b"access-control-request-method") is not None


class Preflights:
    """Middleware that answers preflights at all paths, whose status browsers look at."""

    def __init__(self, app: ASGIApp, cors: Cors, logged_path: Callable[[str], str]) -> None:
        """Wrap the application; `logged_path` returns what the log may have of a path."""
        self._app, self._cors, self._logged_path = app, cors, logged_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a preflight, or leave the request to the application."""
        if scope["type"] != "http" or not self._cors.is_preflight(scope):
            await self._app(scope, receive, send)
            return
        scope["path"] = self._logged_path(scope["path"])
        await send({"type": "http.response.start", "status": int(HTTPStatus.NO_CONTENT), "headers": []})
        await send({"type": "http.response.body"})
