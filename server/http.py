"""GraphQL over HTTP: a request is read, executed for its viewer, and answered in the form that the caller accepts.

The status of an answer depends on its form, as the GraphQL over HTTP specification has it:

- What is not a GraphQL request at all is 4xx in either form, and a bad token is 401 before anything is read.
- `application/json`: every GraphQL request is 200, its errors stand in the body. Older clients take any other status
  for a failure of the network.
- `application/graphql-response+json`: 200 where the operation was executed, also with errors of fields; where there is
  no data at all, the status says why: 400 for the document or its variables, 401, 403, 429, 5xx by the errors' codes.
"""

import json
import re
from http import HTTPStatus
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from domain.faults import Fault
from domain.languages import preferred
from resolvers.context import Context
from resolvers.portal import Portal
from resolvers.viewers import Viewer
from schema.operations import Answer, MutationOverGet, OperationRequest, Operations
from server import bearer, bodies
from server.faults import STATUSES, Rejected, bad_request, rejected_for
from server.negotiation import GRAPHQL_TYPE, JSON_TYPE, media_type

METHODS = ("GET", "HEAD", "POST", "OPTIONS")

_PRIVATE = {"Cache-Control": "no-store"}
_LONGEST_LOGGED_NAME = 100
_JSON_CONTENT = re.compile(r'application/json\s*(;\s*charset\s*=\s*"?utf-?8"?\s*)?;?', re.IGNORECASE)


async def graphql(request: Request) -> Response:
    """Answer a request to /graphql."""
    if request.method == "OPTIONS":
        return Response(status_code=HTTPStatus.NO_CONTENT, headers={"Allow": ", ".join(METHODS)})
    accepted = media_type(", ".join(request.headers.getlist("accept")) or None)
    form = f"{accepted or JSON_TYPE}; charset=utf-8"
    try:
        return await _answered(request, accepted, form)
    except Rejected as rejected:
        return rejected.response(form)
    except MutationOverGet as fault:
        return Rejected(HTTPStatus.METHOD_NOT_ALLOWED, str(fault), code=fault.code, headers={"Allow": "POST"}).response(
            form
        )
    except Fault as fault:
        return rejected_for(fault).response(form)


async def _answered(request: Request, accepted: str | None, form: str) -> Response:
    portal: Portal = request.app.state.portal
    viewer = await bearer.viewer_of(portal, request.headers)
    if accepted is None:
        message = f"Accept {JSON_TYPE} or {GRAPHQL_TYPE}."
        raise Rejected(HTTPStatus.NOT_ACCEPTABLE, message)
    wanted = await _wanted(request)
    name = wanted.operation_name
    request.state.operation = None if name is None else name[:_LONGEST_LOGGED_NAME]
    operations: Operations = request.app.state.operations
    answer = await operations.execute(_context(request, portal, viewer), wanted)
    status = _status(answer) if accepted == GRAPHQL_TYPE else HTTPStatus.OK
    return Response(_json(answer.body), status, headers=_headers(answer, status), media_type=form)


async def _wanted(request: Request) -> OperationRequest:
    if request.method != "POST":
        return bodies.from_parameters(request.query_params)
    if not _JSON_CONTENT.fullmatch(", ".join(request.headers.getlist("content-type")).strip()):
        message = "Send the request as Content-Type: application/json."
        raise Rejected(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, message)
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        message = "Send the body as it is, without a Content-Encoding."
        raise Rejected(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, message)
    body = await request.body()
    if not body:
        message = "The body is empty; it must be a JSON object with the text of an operation in “query”."
        raise bad_request(message)
    return bodies.from_body(body)


def _context(request: Request, portal: Portal, viewer: Viewer | None) -> Context:
    return Context(
        portal,
        viewer=viewer,
        language=preferred(request.headers.get("accept-language", "")),
        request_id=request.state.request_id,
    )


def _status(answer: Answer) -> HTTPStatus:
    if answer.body.get("data") is not None:
        return HTTPStatus.OK
    of_codes = [status for code, status in STATUSES.items() if code in answer.codes]
    return next(iter(of_codes), HTTPStatus.OK if answer.executed else HTTPStatus.BAD_REQUEST)


def _headers(answer: Answer, status: HTTPStatus) -> dict[str, str]:
    headers = dict(_PRIVATE)
    if status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    if "RATE_LIMITED" in answer.codes:
        waits = [error.get("extensions", {}).get("retryAfter", 0) for error in answer.body.get("errors", ())]
        headers["Retry-After"] = str(max(waits, default=0))
    return headers


def _json(body: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(body)
    except TypeError:
        # An error may name a variable whose name holds a lone surrogate. It is escaped, as it came.
        return json.dumps(body, separators=(",", ":")).encode()
