"""Middleware around every request: its id, its line in the log, and the headers of its answer."""

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from http import HTTPStatus
from ipaddress import ip_address
from random import getrandbits
from time import perf_counter
from types import MappingProxyType
from typing import Any, TypeAlias

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from db.engine.statement_count import tally
from domain.errors import Internal
from resolvers.context import Context
from resolvers.viewers import Viewer
from server import logs
from server.graphql.answers import Answer
from server.graphql.operation_requests import OperationRequest
from server.http import outcomes
from server.http.cors import Cors
from server.http.errors import Rejected, response_for
from server.http.headers import Headers, completed

_REQUEST_ID = re.compile(rb"([A-Za-z0-9._-]{1,64})[ \t]*")
_LONGEST_LOGGED_PATH = 200
_LONGEST_LOGGED_NAME = 100
_LONGEST_ADDRESS = 64
"""Length above that of the longest IPv6 address with the name of a network interface."""

_CODES_MAX = 5
"""Maximum number of codes of errors or refusals in a line."""

_PROBED = frozenset({"/healthz", "/readyz"})
_CLIENT_GONE = 499
"""Status that proxies log for a client that did not wait for the answer."""

log = structlog.get_logger("portal.http")
_logger = logging.getLogger("portal.http")


Observe: TypeAlias = Callable[[Scope, int, float], None]
"""Called with each request that was answered, its status, and the seconds that it took."""


class RequestLog:
    """Middleware that gives each request an id, logs it when it is done, and answers for unhandled exceptions."""

    def __init__(
        self,
        app: ASGIApp,
        cors: Cors | None = None,
        direct: Mapping[tuple[str, str], ASGIApp] = MappingProxyType({}),
        observe: Observe | None = None,
    ) -> None:
        """Wrap the application; without CORS no page of another origin may read its answers.

        Requests of the methods and paths in `direct` go to those applications instead.
        """
        self.app, self._direct = app, direct
        self._cors, self._observe = cors, observe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        state["headers"] = given = Headers(scope["headers"])
        state["request_id"] = request_id = request_id_for(given.first_bytes(b"x-request-id"))
        state["client_address"] = client_address(scope)
        status = 0
        started = perf_counter()

        async def send_completed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = completed(message.get("headers", ()), scope, request_id)
                if self._cors is not None:
                    headers += self._cors.headers(scope)
                message["headers"] = headers
            await send(message)

        statements: list[int] = []
        before, tally_before = logs.request_id.set(request_id), tally.set(statements)
        try:
            await self._direct.get((scope["method"], scope["path"]), self.app)(scope, receive, send_completed)
        except ClientDisconnect:
            status = _CLIENT_GONE
        except Exception:
            log.exception("request failed")
            state["error"] = "INTERNAL"
            if status:
                raise
            await _internal_error(request_id, given)(scope, receive, send_completed)
        finally:
            seconds = perf_counter() - started
            _write_line(scope, status, seconds, statements)
            if self._observe is not None:
                self._observe(scope, status, seconds)
            logs.request_id.reset(before)
            tally.reset(tally_before)
            # The connection keeps the scope, which must not keep the answer, nor the context, which has the connection.
            state.clear()


def request_id_for(proposed: bytes | None) -> str:
    """Return the id that a request proposes; a new one if it is invalid."""
    if proposed and (good := _REQUEST_ID.fullmatch(proposed)):
        return good[1].decode()
    # The id tells requests apart and keeps no secret, so it need not come from the system.
    return f"{getrandbits(64):016x}"


def _internal_error(request_id: str, headers: Headers) -> ASGIApp:
    error = Internal()
    rejected = Rejected(HTTPStatus.INTERNAL_SERVER_ERROR, error, code=error.code, requestId=request_id)
    return response_for(rejected, headers.negotiated().language)


def client_address(scope: Scope) -> str | None:
    """Return the caller's address, which uvicorn takes from X-Forwarded-For of a trusted proxy."""
    client = scope.get("client")
    return _address(client[0]) if client and len(client[0]) <= _LONGEST_ADDRESS else None


@lru_cache(maxsize=4096)
def _address(given: str) -> str | None:
    """Return an IP address without its interface; None for any other text, such as `unknown`."""
    address = given.partition("%")[0]
    try:
        ip_address(address)
    except ValueError:
        return None
    return address


def _write_line(scope: Scope, status: int, seconds: float, statements: list[int]) -> None:
    probed = scope["path"] in _PROBED and status == HTTPStatus.OK
    level = logging.DEBUG if probed else logging.INFO
    if not _logger.isEnabledFor(level):
        return
    # The query string is left out, because it has the variables of a GET.
    facts = {
        "method": scope["method"],
        "path": scope["path"][:_LONGEST_LOGGED_PATH],
        "status": status,
        "duration_ms": round(seconds * 1000, 1),
    }
    if (address := scope["state"]["client_address"]) is not None:
        facts["client_address"] = address
    _add_operation(facts, scope["state"])
    if statements:
        facts["statements"] = sum(statements)
    logs.write(_logger, level, "request", facts)


def write_line(scope: Scope, seconds: float, state: dict[str, Any], statements: Sequence[int], **more: object) -> None:
    """Log an operation of a WebSocket, or the whole of it, in the form of a request."""
    if not _logger.isEnabledFor(logging.INFO):
        return
    facts: dict[str, Any] = {"method": "WEBSOCKET", "path": scope["path"], "duration_ms": round(seconds * 1000, 1)}
    facts |= {name: value for name, value in more.items() if value is not None}
    if (address := scope["state"]["client_address"]) is not None:
        facts["client_address"] = address
    _add_operation(facts, state)
    if statements:
        facts["statements"] = sum(statements)
    logs.write(_logger, logging.INFO, "request", facts)


def _add_operation(facts: dict[str, Any], state: dict[str, Any]) -> None:
    """Add the viewer, the operation and its outcome, as far as the endpoint came."""
    context: Context | None = state.get("context")
    # A sign-out leaves the context without a viewer, and a sign-in gives it one.
    viewer: Viewer | None = state.get("viewer") or (context.viewer if context else None)
    if viewer is not None:
        facts["partner_id"], facts["user_id"], facts["token_id"] = viewer.partner_id, viewer.user_id, viewer.token_id
    wanted: OperationRequest | None = state.get("wanted")
    answer: Answer | None = state.get("answer")
    operation = answer and answer.operation
    if (name := operation.name if operation else wanted and wanted.operation_name) is not None:
        facts["operation"] = name[:_LONGEST_LOGGED_NAME]
    if operation is not None:
        facts["operation_type"] = operation.ast.operation.value
    if wanted is not None and wanted.named is not None:
        facts["document"] = wanted.named.id
    if errors := outcomes.codes(state):
        facts["errors"] = sorted(errors)[:_CODES_MAX]
    if context is not None and context.refusals:
        facts["refusals"] = sorted(context.refusals)[:_CODES_MAX]
