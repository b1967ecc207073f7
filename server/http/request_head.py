"""Limits of a request's head and framing, and the answer to a request that the protocol refuses."""

import re
from collections.abc import Sequence
from http import HTTPStatus

import httptools
from starlette.types import Scope

from server.http import hosts
from server.http.cors import Cors
from server.http.errors import JSON, VARY_LANGUAGE, Rejected, bad_request
from server.http.headers import Header, Headers, completed, head

MAX_HEAD_BYTES = 64 * 1024
"""Maximum size of the request line and headers together; also of a body's trailers, and of one chunk's extensions."""
MAX_PATH_BYTES = 16 * 1024
"""Maximum size of a URL's path; the longest are those of exports."""
MAX_HEADERS = 100
SLICE_BYTES = 16 * 1024
"""Number of bytes parsed at once. They may hold hundreds of requests; the next slice waits for their answers."""
MAX_FRAMING_PER_BYTE = 8
"""Maximum ratio of chunk sizes and extensions to the bytes of the body; one-byte chunks have a ratio of five."""
MAX_DISCARDED_BYTES = 1024 * 1024
"""Maximum size of a body that is still arriving when its request has been answered."""

_LONGEST_LIST = 1_000
"""Length of the longest Expect and Transfer-Encoding, of which nothing may be left out."""
_AROUND_HEADER = len(": \r\n")
_ONE_ONE = "1.1"
_BLANKS = b" \t"
_CONTINUE = b"100-continue"
_CHUNKED = b"chunked"
_HOST_EXAMPLE = "portal.example:8000"
_END_OF_AUTHORITY = re.compile(rb"[/?#]")


def size(url: bytes, headers: Sequence[Header]) -> int:
    """Return the bytes of a request line's URL and of headers."""
    return len(url) + sum(len(name) + len(value) + _AROUND_HEADER for name, value in headers)


def too_long(url: bytes) -> Rejected:
    """Refuse a head that is too long: with 414 if its URL takes more than half of the limit."""
    if len(url) > MAX_HEAD_BYTES // 2:
        status, part = HTTPStatus.REQUEST_URI_TOO_LONG, "request's URL is"
    else:
        status, part = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "request's headers are"
    return Rejected(status, f"The {part} too long: request line and headers may have {MAX_HEAD_BYTES} bytes together.")


def checked_path(path: bytes) -> bytes:
    """Return the path; raise Rejected if it is too long."""
    if len(path) > MAX_PATH_BYTES:
        message = f"The path of a URL must not be longer than {MAX_PATH_BYTES} bytes."
        raise Rejected(HTTPStatus.REQUEST_URI_TOO_LONG, message)
    return path


def too_many_headers() -> Rejected:
    """Refuse a head or a body's trailers with too many headers."""
    message = f"A request must not have more than {MAX_HEADERS} headers."
    return Rejected(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, message)


def too_much_framing() -> Rejected:
    """Refuse a chunked body with more framing than callers have a use for."""
    message = f"The body's chunk extensions and trailers must not be longer than {MAX_HEAD_BYTES} bytes."
    return Rejected(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, message)


def too_late(part: str, seconds: float) -> Rejected:
    """Refuse a request of which a part did not arrive in time."""
    return Rejected(HTTPStatus.REQUEST_TIMEOUT, f"The request's {part} did not arrive within {seconds:g} s.")


def not_a_url() -> Rejected:
    """Refuse a request whose target the parser does not understand."""
    return bad_request("The request's target is not a URL.")


def unreadable(error: httptools.HttpParserError) -> Rejected:
    """Return the refusal that a method of the protocol has raised within the parser, or that of a request's form."""
    cause = error.__context__
    if isinstance(cause, Rejected):
        return cause
    if isinstance(error, httptools.HttpParserCallbackError):
        return not_a_url()
    # The parser's message names a rule, and repeats nothing of the request.
    return bad_request(f"The request is not HTTP/1.1: {error}.")


def check(version: str, headers: Sequence[Header]) -> None:
    """Raise Rejected for a head that is invalid in HTTP/1.1, or requests something unsupported."""
    if len(headers) > MAX_HEADERS:
        raise too_many_headers()
    if version not in {"1.0", _ONE_ONE}:
        message = "Only HTTP/1.1 and HTTP/1.0 are spoken here."
        raise Rejected(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, message)
    given = [value.strip(_BLANKS) for name, value in headers if name == b"host"]
    if len(given) > 1 or (not given and version == _ONE_ONE):
        message = f"A request must have one Host header, not {len(given)}."
        raise bad_request(message)
    if not all(map(hosts.valid, given)):
        message = f"The Host header must be a host, with or without a port, such as {_HOST_EXAMPLE}."
        raise bad_request(message)
    _check_codings(version, _members(headers, b"transfer-encoding"))
    if version == _ONE_ONE and not set(_members(headers, b"expect")) <= {_CONTINUE}:
        message = "Nothing but 100-continue can be expected of this server."
        raise Rejected(HTTPStatus.EXPECTATION_FAILED, message)


def check_target(url: bytes, host: bytes | None) -> None:
    """Raise Rejected unless a URL with a scheme is one of http or https and names a host, as the Host header does."""
    scheme, _, rest = url.partition(b"://")
    authority = _END_OF_AUTHORITY.split(rest, maxsplit=1)[0]
    if scheme.lower() not in {b"http", b"https"} or not authority or not hosts.valid(authority):
        message = f"The request's target must be a path, or a URL such as http://{_HOST_EXAMPLE}/graphql."
        raise bad_request(message)
    if host is not None and not host.strip(_BLANKS):
        message = "The Host header must not be empty if the request's target names a host."
        raise bad_request(message)


def expects_continue(version: str, headers: Sequence[Header]) -> bool:
    """Return whether the caller waits for 100 before it sends the body; HTTP/1.0 has no such status."""
    return version == _ONE_ONE and _CONTINUE in _members(headers, b"expect")


def _check_codings(version: str, codings: Sequence[bytes]) -> None:
    if not codings:
        return
    if version != _ONE_ONE or codings[-1] != _CHUNKED:
        message = "The length of the body is unknown: Transfer-Encoding must end in chunked, in HTTP/1.1 only."
        raise bad_request(message)
    if len(codings) > 1:
        message = "The only Transfer-Encoding that is read here is chunked."
        raise Rejected(HTTPStatus.NOT_IMPLEMENTED, message)


def _members(headers: Sequence[Header], wanted: bytes) -> list[bytes]:
    given = b",".join(value for name, value in headers if name == wanted)
    if len(given) > _LONGEST_LIST:
        message = f"The header {wanted.decode().title()} must not be longer than {_LONGEST_LIST:,} bytes."
        raise Rejected(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, message)
    # A list may have empty members.
    return [member for member in (value.strip(_BLANKS) for value in given.lower().split(b",")) if member]


def without_upgrade(method: bytes, url: bytes, version: str, headers: Sequence[Header]) -> bytes:
    """Return the head of a request without its upgrade to another protocol."""
    kept = b"".join(b"%b: %b\r\n" % header for header in headers if header[0] != b"upgrade")
    return b"%b %b HTTP/%b\r\n%b\r\n" % (method, url, version.encode(), kept)


def answer(
    rejected: Rejected, scope: Scope, *, defaults: Sequence[Header], cors: Cors | None, request_id: str
) -> bytes:
    """Return the bytes of the last answer of a connection; the scope has the headers that were read."""
    body = rejected.body(Headers(scope["headers"]).negotiated().language)
    own = [
        (b"content-type", JSON.encode()),
        (b"content-length", b"%d" % len(body)),
        (b"connection", b"close"),
        (b"vary", VARY_LANGUAGE.encode()),
        *((name.lower().encode(), value.encode()) for name, value in (rejected.headers or {}).items()),
    ]
    shared = [] if cors is None else cors.headers(scope)
    headers = (*defaults, *completed(own, scope, request_id), *shared)
    return head(rejected.status, headers) + (b"" if scope["method"] == "HEAD" else body)
