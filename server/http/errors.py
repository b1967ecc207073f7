"""Answers to requests without an executed operation: GraphQL errors in JSON, with the status of their code."""

from collections.abc import Mapping
from http import HTTPStatus

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from domain.errors import ApiError, UnusableToken
from domain.languages import Language
from domain.limits import RateLimited

JSON = "application/json; charset=utf-8"

VARY_LANGUAGE = "Accept-Language"
"""Value of Vary of an answer with a message for a person."""

STATUSES: Mapping[str, HTTPStatus] = {
    "UNAUTHENTICATED": HTTPStatus.UNAUTHORIZED,
    "FORBIDDEN": HTTPStatus.FORBIDDEN,
    "SECOND_FACTOR_REQUIRED": HTTPStatus.FORBIDDEN,
    "RATE_LIMITED": HTTPStatus.TOO_MANY_REQUESTS,
    "UNAVAILABLE": HTTPStatus.SERVICE_UNAVAILABLE,
    "TIMEOUT": HTTPStatus.GATEWAY_TIMEOUT,
    "INTERNAL": HTTPStatus.INTERNAL_SERVER_ERROR,
}
"""Status by the code of a request's error; every other code is the caller's, 400."""

RETRY_AFTER_SECONDS = 1
"""Value of Retry-After if the server is not available."""


class Rejected(Exception):  # noqa: N818 — the common word for such a request.
    """Request that is refused before it is executed."""

    def __init__(
        self,
        status: HTTPStatus,
        error: ApiError | str,
        *,
        code: str = "BAD_USER_INPUT",
        headers: Mapping[str, str] | None = None,
        **extensions: object,
    ) -> None:
        super().__init__(str(error))
        self._error = error
        self.status = status
        self.code = code
        self.headers = headers
        self.extensions = extensions

    def body(self, language: Language = Language.PORTUGUESE) -> bytes:
        """Return a GraphQL response with the error, in the language if a person can meet it."""
        message = self._error if isinstance(self._error, str) else self._error.message(language)
        return _one_error(message, self.code, **self.extensions)


class Malformed(Rejected):
    """Request that can be read, and is not what GraphQL over HTTP requires."""


def bad_request(message: str) -> Malformed:
    """Return the refusal of a request that is not what GraphQL over HTTP requires."""
    return Malformed(HTTPStatus.BAD_REQUEST, message)


def unreadable(message: str) -> Rejected:
    """Return the refusal of a request that is not JSON."""
    return Rejected(HTTPStatus.BAD_REQUEST, message)


def rejected_for(error: ApiError) -> Rejected:
    """Return the refusal of a request for an error outside of any field."""
    status = STATUSES.get(error.code, HTTPStatus.BAD_REQUEST)
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)} if status is HTTPStatus.SERVICE_UNAVAILABLE else None
    if isinstance(error, RateLimited):
        headers = {"Retry-After": str(error.seconds)}
    if isinstance(error, UnusableToken):
        headers = {"WWW-Authenticate": error.challenge}
    return Rejected(status, error, code=error.code, headers=headers, **error.extensions)


def response_for(rejected: Rejected, language: Language) -> Response:
    """Return the answer to a request that is refused outside of the API's own path."""
    headers = {**(rejected.headers or {}), "Vary": VARY_LANGUAGE}
    return Response(rejected.body(language), rejected.status, headers=headers, media_type=JSON)


def error_response(
    status: HTTPStatus,
    message: str,
    code: str,
    *,
    headers: Mapping[str, str] | None = None,
    **extensions: str,
) -> Response:
    """Return a GraphQL response with one error and no data, in plain JSON."""
    return Response(_one_error(message, code, **extensions), status, headers=headers, media_type=JSON)


async def http_error(_request: Request, error: Exception) -> Response:
    """Answer for the router's refusals, an unknown path or method, in JSON."""
    if not isinstance(error, HTTPException):
        raise error
    status = HTTPStatus(error.status_code)
    headers = error.headers or {}
    messages = {
        HTTPStatus.NOT_FOUND: "There is nothing here: the API is at /graphql.",
        HTTPStatus.METHOD_NOT_ALLOWED: f"The methods that work here are {headers.get('Allow', 'others')}.",
    }
    return error_response(status, messages.get(status, status.phrase), "BAD_USER_INPUT", headers=headers)


def _one_error(message: str, code: str, **extensions: object) -> bytes:
    return orjson.dumps({"errors": [{"message": message, "extensions": {"code": code, **extensions}}]})
