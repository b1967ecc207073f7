"""Revocation of a token by the token itself (RFC 7009), for anyone who has found one.

The answer is the same for every token, so that it tells nothing about a token that was tried.
"""

from http import HTTPStatus
from urllib.parse import parse_qs

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from db.engine import deadline
from domain.errors import ApiError
from resolvers import tokens
from resolvers.portal import Portal
from server.http.errors import Rejected, rejected_for, response_for
from server.http.headers import Headers
from server.rates.limiter import Limiter

PATH = "/revoke"
_FORM = "application/x-www-form-urlencoded"
_BODY_MAX = 4_096
_MESSAGE = f"Send one token as “token=…” in a body of {_FORM}, of at most {_BODY_MAX:,} bytes."


_POINTS = 10
"""Points of the caller's address that a request costs, as a mutation does."""


def route(portal: Portal, limiter: Limiter, *, seconds: float) -> Route:
    """Return the route at which anyone who has a token can revoke it, within so many seconds."""

    async def revoke(request: Request) -> Response:
        try:
            await limiter.spend(None, request.scope["state"]["client_address"], _POINTS)
            found = await _token(request)
            with deadline.limited(seconds, for_change=True):
                await tokens.revoke_found(portal, found)
        except Rejected as rejected:
            return _refused(request, rejected)
        except ApiError as error:
            return _refused(request, rejected_for(error))
        return Response(status_code=HTTPStatus.OK, headers={"Cache-Control": "no-store"})

    return Route(PATH, revoke, methods=["POST"])


async def _token(request: Request) -> str:
    """Return the token in the body of a request; raise Rejected if there is none."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise Rejected(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, _MESSAGE)
    body = bytearray()
    try:
        async for part in request.stream():
            body += part
            if len(body) > _BODY_MAX:
                raise Rejected(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _MESSAGE)
        given = parse_qs(body.decode("ascii"), max_num_fields=8).get("token", [])
    except (ValueError, ClientDisconnect):
        given = []
    if len(given) != 1:
        raise Rejected(HTTPStatus.BAD_REQUEST, _MESSAGE)
    return given[0]


def _refused(request: Request, rejected: Rejected) -> Response:
    return response_for(rejected, Headers(request.scope["headers"]).negotiated().language)
