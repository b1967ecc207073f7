"""Exposition of the metrics: a page for those with a token, or on a port of its own."""

import asyncio
import hmac
import os
import socket
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.metrics.registry import FOLDER, REGISTRY

PATH = "/metrics"
_SECONDS = 10.0
"""How long a reader may take to send its request and to read the answer."""


def rendered() -> bytes:
    """Return all metrics as text, of each process if there are several."""
    if (folder := os.environ.get(FOLDER)) is None:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]  # It has no annotations.
    return generate_latest(registry)


def route(token: str, look: Callable[[], None]) -> Route:
    """Return the route for callers with the token, which has this process look at its state before."""

    async def metrics(request: Request) -> Response:
        if not _may_read(request.headers.get("authorization"), token):
            return Response(status_code=HTTPStatus.UNAUTHORIZED, headers={"WWW-Authenticate": "Bearer"})
        look()
        page = await asyncio.to_thread(rendered)
        return Response(page, headers={"Cache-Control": "no-store", "Content-Type": CONTENT_TYPE_LATEST})

    return Route(PATH, metrics, methods=["GET"])


def _may_read(given: str | None, token: str | None) -> bool:
    return token is None or hmac.compare_digest((given or "").encode(), f"Bearer {token}".encode())


class _Page(BaseHTTPRequestHandler):
    """Request for the page on its own port."""

    server: "_PageServer"
    timeout = _SECONDS
    server_version, sys_version = "portal", ""

    def do_GET(self) -> None:
        """Answer with the metrics."""
        if self.path.partition("?")[0] != PATH:
            self.send_error(HTTPStatus.NOT_FOUND)
        elif not _may_read(self.headers.get("Authorization"), self.server.token):
            self.send_error(HTTPStatus.UNAUTHORIZED)
        else:
            page = rendered()
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", CONTENT_TYPE_LATEST)
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(page)

    do_HEAD = do_GET  # noqa: N815 — the server takes the methods by these names.

    def log_message(self, *_arguments: object) -> None:
        """Log nothing: a reader comes every few seconds."""


class _PageServer(ThreadingHTTPServer):
    """Server of the page in threads."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], token: str | None) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.token = token
        super().__init__(address, _Page)


def listen(host: str, port: int, token: str | None) -> int:
    """Serve the page until the process ends, and return the port. Raises OSError if it can't be listened on."""
    server = _PageServer((host, port), token)
    Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server.server_port
