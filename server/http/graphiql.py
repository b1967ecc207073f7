"""GraphiQL, the page that a browser gets at the address of the API, and its files.

`make run`, `make test` or `make page` builds it from `server/graphiql/` into `server/graphiql/dist/`. If it was not
built, the page says what to do, and the API runs all the same.
"""

import json
from collections.abc import Mapping
from html import escape
from http import HTTPStatus
from pathlib import Path

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Match, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from demo import catalogue
from domain.access import DEMO_PASSWORD
from server.http import parameters
from server.http.compression import Coding, accepted
from server.http.negotiation import prefers

BUILT = Path(__file__).parents[1] / "graphiql" / "dist"
FILES = "/graphiql/assets"

# Monaco, the editor, makes style elements and style attributes, so inline styles must be allowed. GraphiQL's style
# sheet has its fonts in data: addresses, and Monaco's rules have small pictures there.
_POLICY = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'; "
    "style-src 'self' 'unsafe-inline'; font-src 'self' data:; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# A worker has the policy of its own file, so the files are sent with it too.
_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_TYPES: Mapping[str, str] = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".ttf": "font/ttf",
}
_FOR_GOOD = "public, max-age=31536000, immutable"
_NOT_BUILT = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Portal do Parceiro</title>
<h1>GraphiQL has not been built here</h1>
<p>The API is at this address all the same. To build the page, run <code>make page</code> in the project's folder, with
the npm registry within reach, and load this page again.</p>
</html>
"""
_OPERATION = frozenset({"query", "documentId", "extensions"})
_NO_USERS = '<meta name="demo-users" content="[]" />'


def is_wanted(scope: Scope) -> bool:
    """Return whether a request to the API's address is a browser's for a page, not a caller's for an operation."""
    return (
        scope["method"] in {"GET", "HEAD"}
        and prefers(", ".join(Headers(scope=scope).getlist("accept")), "text/html")
        and _OPERATION.isdisjoint(parameters.names(scope["query_string"]))
    )


class _PageRoute(Route):
    """Route of the page, which leaves requests for an operation to the next route."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return whether the route matches the request."""
        match, child = super().matches(scope)
        return (match, child) if match is Match.NONE or is_wanted(scope) else (Match.NONE, {})


def routes(path: str, *, demo: bool, built: Path = BUILT) -> list[BaseRoute]:
    """Return the routes of the page at `path` and of its files; in demo mode the page offers the demo users."""

    async def page(_request: Request) -> Response:
        headers = {**_HEADERS, "Cache-Control": "no-cache", "Vary": "Accept"}
        try:
            html = (built / "index.html").read_text(encoding="utf-8")
        except FileNotFoundError:
            return HTMLResponse(_NOT_BUILT, HTTPStatus.SERVICE_UNAVAILABLE, headers)
        return HTMLResponse(html.replace(_NO_USERS, _offer(demo_users())) if demo else html, headers=headers)

    return [_PageRoute(path, page), Mount(FILES, _Files(directory=built / "assets", check_dir=False))]


def demo_users() -> list[dict[str, str]]:
    """Return the users of the demo data who can sign in."""
    return [
        {
            "partner": partner.name,
            "name": person.name,
            "role": person.role.value,
            "email": f"{person.login}@{partner.domain}",
            "password": DEMO_PASSWORD,
        }
        for partner in (*catalogue.PARTNERS, catalogue.VENDOR)
        for person in partner.people
    ]


def _offer(users: list[dict[str, str]]) -> str:
    return f'<meta name="demo-users" content="{escape(json.dumps(users))}" />'


class _Files(StaticFiles):
    """Files named by their content, each with a compressed copy."""

    def get_path(self, scope: Scope) -> str:
        """Return the name of the file."""
        # All files are in one folder. To look thousands of folders up takes long.
        if "/" in scope["path"].removeprefix(f"{FILES}/"):
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return super().get_path(scope)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer with the compressed copy if the caller accepts it."""
        coding = accepted(", ".join(Headers(scope=scope).getlist("accept-encoding")))
        compressed = coding in {Coding.EITHER, Coding.GZIP}
        response = await super().get_response(f"{path}.gz" if compressed else path, scope)
        headers = MutableHeaders(raw=response.raw_headers)
        headers["Content-Type"] = _TYPES.get(Path(path).suffix, "application/octet-stream")
        if compressed:
            headers["Content-Encoding"] = "gzip"
        headers["Cache-Control"] = _FOR_GOOD
        headers["Vary"] = "Accept-Encoding"
        headers.update(_HEADERS)
        return response
