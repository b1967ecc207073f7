"""What happens around every request, whatever it asks for: its id, its line in the log, its limits."""

import logging
import re
from http import HTTPStatus
from secrets import token_hex
from time import perf_counter

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.faults import error_response

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_LONGEST_LOGGED_PATH = 200
_CLIENT_GONE = 499
"""What proxies log for a client that did not wait for the answer."""

log = structlog.get_logger("portal.http")
_logger = logging.getLogger("portal.http")


class RequestLog:
    """Gives each request an id, writes one line when it is done, and answers for what nothing else answered for."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand around the application."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _request_id(Headers(scope=scope).get("x-request-id"))
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        status = 0
        started = perf_counter()

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self.app(scope, receive, send_with_id)
            except ClientDisconnect:
                status = _CLIENT_GONE
            except Exception:
                log.exception("request failed")
                if status:
                    raise
                await _internal_error(request_id)(scope, receive, send_with_id)
            finally:
                _write_line(scope, status, perf_counter() - started)


class BodyLimit:
    """Turns away bodies that are longer than the limit, announced or not."""

    def __init__(self, app: ASGIApp, *, max_bytes: int) -> None:
        """Stand around the application."""
        self.app = app
        self.max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdecimal() and int(announced[:20]) > self.max_bytes:
            await self._refusal()(scope, receive, send)
            return
        received = 0

        async def receive_within_limit() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.max_bytes:
                raise _BodyTooLongError
            return message

        try:
            await self.app(scope, receive_within_limit, send)
        except _BodyTooLongError:
            # The body is read before anything is answered.
            await self._refusal()(scope, receive, send)

    def _refusal(self) -> ASGIApp:
        message = f"The body must not be longer than {self.max_bytes} bytes."
        # The rest of the body is not read, so the connection is of no more use.
        headers = {"Connection": "close"}
        return error_response(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, message, "BAD_USER_INPUT", headers=headers)


class _BodyTooLongError(Exception):
    pass


def _request_id(given: str | None) -> str:
    return given if given and _REQUEST_ID.fullmatch(given) else token_hex(8)


def _internal_error(request_id: str) -> ASGIApp:
    message = "Something went wrong on our side. Give the request id to whoever runs this portal."
    return error_response(HTTPStatus.INTERNAL_SERVER_ERROR, message, "INTERNAL", requestId=request_id)


def _write_line(scope: Scope, status: int, seconds: float) -> None:
    if not _logger.isEnabledFor(logging.INFO):
        return
    # The query string is left out: the variables of a GET stand in it.
    facts = {
        "method": scope["method"],
        "path": scope["path"][:_LONGEST_LOGGED_PATH],
        "status": status,
        "duration_ms": round(seconds * 1000, 1),
    }
    operation = scope["state"].get("operation")
    if operation is not None:
        facts["operation"] = operation
    log.info("request", **facts)
