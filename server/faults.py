"""Answers to requests that no operation was executed for: GraphQL errors in JSON, under the status that says why."""

from collections.abc import Mapping
from http import HTTPStatus

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from domain.faults import Fault

JSON = "application/json; charset=utf-8"

STATUSES: Mapping[str, HTTPStatus] = {
    "UNAUTHENTICATED": HTTPStatus.UNAUTHORIZED,
    "FORBIDDEN": HTTPStatus.FORBIDDEN,
    "RATE_LIMITED": HTTPStatus.TOO_MANY_REQUESTS,
    "UNAVAILABLE": HTTPStatus.SERVICE_UNAVAILABLE,
    "TIMEOUT": HTTPStatus.GATEWAY_TIMEOUT,
    "INTERNAL": HTTPStatus.INTERNAL_SERVER_ERROR,
}
"""The status of what went wrong with a whole request; every other code is the caller's, 400."""

RETRY_AFTER_SECONDS = 1
"""When to try again where the server is not available."""


class Rejected(Exception):  # noqa: N818 — the word for a request that is turned away.
    """A request that is turned away before it is executed."""

    def __init__(
        self,
        status: HTTPStatus,
        message: str,
        *,
        code: str = "BAD_USER_INPUT",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Say why, and under which status."""
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = headers

    def response(self, media_type: str = JSON) -> Response:
        """The answer."""
        return error_response(self.status, str(self), self.code, headers=self.headers, media_type=media_type)


def bad_request(message: str) -> Rejected:
    """Turn a request away that is not what GraphQL asks for."""
    return Rejected(HTTPStatus.BAD_REQUEST, message)


def unauthenticated(message: str) -> Rejected:
    """Turn a request away whose token is not good."""
    return Rejected(HTTPStatus.UNAUTHORIZED, message, code="UNAUTHENTICATED", headers={"WWW-Authenticate": "Bearer"})


def rejected_for(fault: Fault) -> Rejected:
    """Turn a request away for a fault that was found outside of any field."""
    status = STATUSES.get(fault.code, HTTPStatus.BAD_REQUEST)
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)} if status is HTTPStatus.SERVICE_UNAVAILABLE else None
    return Rejected(status, str(fault), code=fault.code, headers=headers)


def error_response(
    status: HTTPStatus,
    message: str,
    code: str,
    *,
    headers: Mapping[str, str] | None = None,
    media_type: str = JSON,
    **extensions: str,
) -> Response:
    """A GraphQL response that holds one error and no data."""
    body = {"errors": [{"message": message, "extensions": {"code": code, **extensions}}]}
    return Response(orjson.dumps(body), status, headers=headers, media_type=media_type)


async def http_error(_request: Request, error: Exception) -> Response:
    """The router's own refusals, no such path and no such method, as JSON."""
    if not isinstance(error, HTTPException):
        raise error
    status = HTTPStatus(error.status_code)
    headers = error.headers or {}
    messages = {
        HTTPStatus.NOT_FOUND: "There is nothing here: the API is at /graphql.",
        HTTPStatus.METHOD_NOT_ALLOWED: f"The methods that work here are {headers.get('Allow', 'others')}.",
    }
    return error_response(status, messages.get(status, status.phrase), "BAD_USER_INPUT", headers=headers)
