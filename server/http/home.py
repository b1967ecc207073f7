"""Answer at `/`: a redirect to GraphiQL for browsers, and a description for other callers."""

from http import HTTPStatus

import orjson
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from server.http.errors import JSON
from server.http.negotiation import prefers

_ABOUT = orjson.dumps({"name": "Portal do Parceiro", "graphql": "/graphql", "alive": "/healthz", "ready": "/readyz"})
_VARY = {"Vary": "Accept"}


def route(path: str, *, graphiql: bool) -> Route:
    """Return the route of `/`; `path` is the address of the API, where GraphiQL is if it is on."""

    async def home(request: Request) -> Response:
        if graphiql and prefers(", ".join(request.headers.getlist("accept")), "text/html"):
            return RedirectResponse(path, HTTPStatus.TEMPORARY_REDIRECT, _VARY)
        return Response(_ABOUT, headers=_VARY, media_type=JSON)

    return Route("/", home)
