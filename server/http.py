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
from collections.abc import Iterator, Mapping
from functools import lru_cache
from http import HTTPStatus
from typing import Any

import orjson
from starlette.datastructures import QueryParams
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from domain.faults import Fault
from domain.languages import Language, preferred
from resolvers.context import Context
from resolvers.portal import Portal
from schema.operations import Answer, MutationOverGet, OperationRequest, Operations
from server import bearer, bodies
from server.faults import STATUSES, Rejected, bad_request, error_response, rejected_for
from server.negotiation import GRAPHQL_TYPE, JSON_TYPE, media_type

PATH = "/graphql"
METHODS = ("GET", "HEAD", "POST", "OPTIONS")

_LONGEST_LOGGED_NAME = 100
_LONGEST_KEPT_HEADER = 200
_JSON_CONTENT = re.compile(r'application/json\s*(;\s*charset\s*=\s*"?utf-?8"?\s*)?;?', re.IGNORECASE)
_HEADERS = (b"accept", b"accept-language", b"authorization", b"content-encoding", b"content-type")


class Endpoint:
    """Answers requests to /graphql."""

    def __init__(self, portal: Portal, operations: Operations) -> None:
        """Name what is asked, and who executes what is asked for."""
        self._portal, self._operations = portal, operations

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["method"] not in METHODS:
            await _not_allowed(", ".join(METHODS))(scope, receive, send)
            return
        if scope["method"] == "OPTIONS":
            response = Response(status_code=HTTPStatus.NO_CONTENT, headers={"Allow": ", ".join(METHODS)})
            await response(scope, receive, send)
            return
        given = _given(scope)
        accepted = _media_type(", ".join(given[b"accept"]))
        form = f"{accepted or JSON_TYPE}; charset=utf-8"
        try:
            answer = await self._answer(scope, receive, given, accepted)
        except Rejected as rejected:
            await rejected.response(form)(scope, receive, send)
        except MutationOverGet as fault:
            refused = Rejected(HTTPStatus.METHOD_NOT_ALLOWED, str(fault), code=fault.code, headers={"Allow": "POST"})
            await refused.response(form)(scope, receive, send)
        except Fault as fault:
            await rejected_for(fault).response(form)(scope, receive, send)
        else:
            await _send(scope, send, answer, form, by_status=accepted == GRAPHQL_TYPE)

    async def _answer(
        self, scope: Scope, receive: Receive, given: Mapping[bytes, list[str]], accepted: str | None
    ) -> Answer:
        viewer = await bearer.viewer_of(self._portal, given[b"authorization"])
        if accepted is None:
            message = f"Accept {JSON_TYPE} or {GRAPHQL_TYPE}."
            raise Rejected(HTTPStatus.NOT_ACCEPTABLE, message)
        wanted = await _wanted(scope, receive, given)
        name = wanted.operation_name
        scope["state"]["operation"] = None if name is None else name[:_LONGEST_LOGGED_NAME]
        context = Context(
            self._portal,
            viewer=viewer,
            language=_language(", ".join(given[b"accept-language"])),
            request_id=scope["state"]["request_id"],
            by_level=self._operations.by_level,
        )
        return await self._operations.execute(context, wanted)


def _given(scope: Scope) -> Mapping[bytes, list[str]]:
    """The headers that matter, each with all its values."""
    given: dict[bytes, list[str]] = {name: [] for name in _HEADERS}
    for name, value in scope["headers"]:
        if name in given:
            given[name].append(value.decode("latin-1"))
    return given


async def _wanted(scope: Scope, receive: Receive, given: Mapping[bytes, list[str]]) -> OperationRequest:
    if scope["method"] != "POST":
        return bodies.from_parameters(QueryParams(scope["query_string"]))
    content = ", ".join(given[b"content-type"]).strip()
    if content != JSON_TYPE and not _JSON_CONTENT.fullmatch(content):
        message = "Send the request as Content-Type: application/json."
        raise Rejected(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, message)
    if any(encoding.lower() != "identity" for encoding in given[b"content-encoding"]):
        message = "Send the body as it is, without a Content-Encoding."
        raise Rejected(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, message)
    body = await _body(receive)
    if not body:
        message = "The body is empty; it must be a JSON object with the text of an operation in “query”."
        raise bad_request(message)
    return bodies.from_body(body)


async def _body(receive: Receive) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    while message["type"] == "http.request" and message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    return body


async def _send(scope: Scope, send: Send, answer: Answer, form: str, *, by_status: bool) -> None:
    status = _status(answer) if by_status else HTTPStatus.OK
    body = _json(answer.body)
    headers = [
        (b"content-type", form.encode()),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
        *_headers(answer, status),
    ]
    await send({"type": "http.response.start", "status": int(status), "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


def _not_allowed(methods: str) -> Response:
    message = f"The methods that work here are {methods}."
    return error_response(HTTPStatus.METHOD_NOT_ALLOWED, message, "BAD_USER_INPUT", headers={"Allow": methods})


def _media_type(accept: str) -> str | None:
    return _known_media_type(accept) if len(accept) <= _LONGEST_KEPT_HEADER else media_type(accept)


def _language(accept_language: str) -> Language:
    return (
        _known_language(accept_language) if len(accept_language) <= _LONGEST_KEPT_HEADER else preferred(accept_language)
    )


@lru_cache(maxsize=256)
def _known_media_type(accept: str) -> str | None:
    return media_type(accept or None)


@lru_cache(maxsize=256)
def _known_language(accept_language: str) -> Language:
    return preferred(accept_language)


def _status(answer: Answer) -> HTTPStatus:
    if answer.body.get("data") is not None:
        return HTTPStatus.OK
    of_codes = [status for code, status in STATUSES.items() if code in answer.codes]
    return next(iter(of_codes), HTTPStatus.OK if answer.executed else HTTPStatus.BAD_REQUEST)


def _headers(answer: Answer, status: HTTPStatus) -> Iterator[tuple[bytes, bytes]]:
    if status is HTTPStatus.UNAUTHORIZED:
        yield b"www-authenticate", b"Bearer"
    if "RATE_LIMITED" in answer.codes:
        waits = [error.get("extensions", {}).get("retryAfter", 0) for error in answer.body.get("errors", ())]
        yield b"retry-after", b"%d" % max(waits, default=0)


def _json(body: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(body)
    except TypeError:
        # An error may name a variable whose name holds a lone surrogate. It is escaped, as it came.
        return json.dumps(body, separators=(",", ":")).encode()
