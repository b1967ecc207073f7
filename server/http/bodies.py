"""Bodies of requests: GraphQL in JSON or a URL's parameters."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, NoReturn

import orjson
from starlette.requests import ClientDisconnect
from starlette.types import Receive

from domain.errors import BodyTooLong, SignInFirst
from domain.text import storable
from server.graphql.operation_requests import OperationRequest
from server.http import persisted
from server.http.errors import Rejected, bad_request, unreadable

OF_STRANGERS_MAX = 65_536
"""Maximum size of a body or a WebSocket message without a usable token: operations that need none are short."""

_LONGEST_NUMBER = 20
_PARAMETERS = ("query", "documentId", "operationName", "variables", "extensions")
_SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")


async def gone(receive: Receive) -> None:
    """Wait until the caller has closed the connection; only for a request whose body was read."""
    while (await receive())["type"] != "http.disconnect":
        pass


def check_length(announced: str, most: int, *, longest: int) -> None:
    """Raise Rejected for a Content-Length of more bytes than this caller may send, or any: `longest`."""
    if announced.isdecimal() and (length := int(announced[:_LONGEST_NUMBER])) > most:
        raise _too_long(length, longest)


async def read(receive: Receive, most: int, *, longest: int) -> bytes:
    """Return a body; raise Rejected for one of more bytes than this caller may send, or any: `longest`."""
    message = await receive()
    body: bytes = message.get("body", b"")
    while message["type"] == "http.request" and message.get("more_body") and len(body) <= most:
        message = await receive()
        body += message.get("body", b"")
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    if len(body) > most:
        raise _too_long(len(body), longest)
    return body


def _too_long(length: int, longest: int) -> Rejected:
    """Return the refusal of a body, which is read no further; one that others may send asks to sign in."""
    # The rest of the body is not read, so the connection can't be used again.
    headers = {"Connection": "close"}
    if length > longest:
        return Rejected(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, BodyTooLong(longest), headers=headers)
    headers["WWW-Authenticate"] = "Bearer"
    error = SignInFirst()
    return Rejected(HTTPStatus.UNAUTHORIZED, error, code=error.code, headers=headers, maxBytes=OF_STRANGERS_MAX)


def from_body(body: bytes) -> OperationRequest:
    """Return the request in a body."""
    given = parsed(body, "The body")
    if isinstance(given, list):
        message = "The body must be one JSON object: several operations in one request are not supported."
        raise bad_request(message)
    if not isinstance(given, dict):
        message = "The body must be a JSON object with the text of an operation in “query”."
        raise bad_request(message)
    # JSON has NUL and lone surrogates as escapes only.
    return _request(given, read_only=False, may_be_unstorable=b"\\u" in body)


def from_parameters(parameters: Mapping[str, Sequence[str]]) -> OperationRequest:
    """Return the request in a URL, whose variables and extensions are JSON."""
    given: dict[str, Any] = {}
    for name in _PARAMETERS:
        values = parameters.get(name, ())
        if len(values) > 1:
            message = f"The parameter “{name}” must appear in the URL once."
            raise bad_request(message)
        if values:
            given[name] = values[0]
    # An empty name in a URL is none, by GraphQL over HTTP; in JSON, it is one that no operation has.
    given["operationName"] = given.get("operationName") or None
    for name in ("variables", "extensions"):
        if name in given:
            given[name] = parsed(given[name].encode(), f"The parameter “{name}”") if given[name] else None
    return _request(given, read_only=True, may_be_unstorable=True)


def from_payload(given: Mapping[str, Any], *, may_be_unstorable: bool) -> OperationRequest:
    """Return the request in the payload of a message."""
    return _request(given, read_only=False, may_be_unstorable=may_be_unstorable)


def _request(given: Mapping[str, Any], *, read_only: bool, may_be_unstorable: bool) -> OperationRequest:
    query = given.get("query")
    named = None
    if given.get("extensions") or "documentId" in given:
        named = persisted.named(given, query if query != "" else None)
    if named is None and (not isinstance(query, str) or not query.strip()):
        message = "“query” must be the text of a GraphQL document."
        raise bad_request(message)
    name = given.get("operationName")
    if name is not None and not isinstance(name, str):
        message = "“operationName” must be a string or null."
        raise bad_request(message)
    if may_be_unstorable and not (storable(query or "") and storable(name or "")):
        message = "“query” and “operationName” must not contain NUL or lone surrogates."
        raise bad_request(message)
    variables, extensions = given.get("variables"), given.get("extensions")
    if not (_is_optional_object(variables) and _is_optional_object(extensions)):
        member = "extensions" if _is_optional_object(variables) else "variables"
        message = f"“{member}” must be a JSON object or null."
        raise bad_request(message)
    return OperationRequest(
        query=query if named is None else None,
        variables=variables,
        operation_name=name,
        read_only=read_only,
        named=named,
    )


def _is_optional_object(value: object) -> bool:
    return value is None or isinstance(value, dict)


def parsed(text: bytes, what: str) -> object:
    """Return the value of a JSON text; an error says `what` it is."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        if not _SURROGATE_ESCAPE.search(text):
            message = f"{what} is not JSON: {_reason(error)}."
            raise unreadable(message) from None
    return _with_surrogates(text, what)


def _with_surrogates(text: bytes, what: str) -> object:
    # orjson refuses a lone surrogate anywhere. In a variable, the error must name the field, so Python's parser reads
    # it, within orjson's other limits.
    try:
        return json.loads(text.decode(), parse_constant=_refuse_constant, parse_float=_finite, parse_int=_whole)
    except RecursionError:
        reason = "it is nested too deeply"
    except json.JSONDecodeError as error:
        reason = _reason(error)
    except ValueError:
        reason = "it is not UTF-8, or has a number that is none or too large"
    message = f"{what} is not JSON: {reason}."
    raise unreadable(message)


def _reason(error: json.JSONDecodeError) -> str:
    # Parser's message and position, without the text around it.
    return f"{error.msg.partition(': line')[0]} at character {error.pos}"


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError
    return number


def _whole(digits: str) -> int | float:
    number = int(digits)
    return number if -(2**63) <= number < 2**64 else _finite(digits)
