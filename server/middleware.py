"""What happens around every request, whatever it asks for: its id, its line in the log, headers of its answer."""

import logging
import re
from http import HTTPStatus
from random import getrandbits
from time import perf_counter

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server import logs
from server.cors import Cors
from server.faults import error_response
from server.headers import completed, given

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_LONGEST_LOGGED_PATH = 200
_CLIENT_GONE = 499
"""What proxies log for a client that did not wait for the answer."""

log = structlog.get_logger("portal.http")
_logger = logging.getLogger("portal.http")


class RequestLog:
    """Gives each request an id, writes one line when it is done, and answers for what nothing else answered for."""

    def __init__(self, app: ASGIApp, cors: Cors | None = None) -> None:
        """Stand around the application; without CORS no page of another origin may read what it answers."""
        self.app = app
        self._cors = cors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = request_id_for(given(scope, b"x-request-id"))
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
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

        before = logs.request_id.set(request_id)
        try:
            await self.app(scope, receive, send_completed)
        except ClientDisconnect:
            status = _CLIENT_GONE
        except Exception:
            log.exception("request failed")
            if status:
                raise
            await _internal_error(request_id)(scope, receive, send_completed)
        finally:
            _write_line(scope, status, perf_counter() - started)
            logs.request_id.reset(before)


def request_id_for(proposed: bytes | None) -> str:
    """Return the id that a request proposes, or a new one if it is none."""
    if proposed and _REQUEST_ID.fullmatch(proposed):
        return proposed.decode()
    # It tells requests apart and keeps no secret, so it need not come from the system.
    return f"{getrandbits(64):016x}"


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
    for name in ("operation", "document"):
        if (value := scope["state"].get(name)) is not None:
            facts[name] = value
    log.info("request", **facts)
