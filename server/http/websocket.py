"""GraphQL over WebSocket: the doors of the endpoint, which a connection passes before its protocol begins."""

from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from time import perf_counter
from typing import Any

from starlette.types import Receive, Scope, Send

from domain.errors import ApiError
from resolvers.portal import Portal
from server import logs
from server.graphql.operations import Operations
from server.graphql.stream_counts import StreamCounts
from server.http.errors import JSON, VARY_LANGUAGE, Rejected, rejected_for
from server.http.headers import Headers, completed, given
from server.http.middleware import client_address, request_id_for, write_line
from server.http.scheduling import Admission
from server.http.stream_checks import StreamChecks
from server.http.transport_ws import SUBPROTOCOL
from server.http.websocket_connection import Terms
from server.http.websocket_session import Session
from server.settings import Settings


class WebSockets:
    """Endpoint /graphql for WebSockets."""

    def __init__(
        self,
        portal: Portal,
        operations: Operations,
        settings: Settings,
        admission: Admission,
        checks: StreamChecks,
        *,
        observe: Callable[[Mapping[str, Any], float], None] | None = None,
    ) -> None:
        """Take what the endpoint for HTTP requests has, and what is called with each operation that ended."""
        self._origins = frozenset(origin.encode() for origin in settings.cors_origins)
        self._connections, self._signed_in = (
            StreamCounts(
                total=settings.max_subscriptions,
                of_user=settings.max_subscriptions_of_user,
                of_address=settings.max_subscriptions_of_address,
            )
            for _ in range(2)
        )
        self._terms = Terms(
            portal,
            operations,
            admission,
            checks,
            self._signed_in,
            max_answer_bytes=settings.max_answer_bytes,
            max_operations=settings.max_operations_of_connection,
            seconds=(settings.request_timeout_seconds, settings.mutation_timeout_seconds),
            observe=observe,
        )

    @property
    def connections(self) -> int:
        """The number of connections."""
        return self._connections.total

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, or refuse it by an answer of HTTP."""
        request_id = request_id_for(given(scope, b"x-request-id"))
        state = scope.setdefault("state", {})
        state["request_id"], state["client_address"] = request_id, client_address(scope)
        before, started = logs.request_id.set(request_id), perf_counter()
        await receive()
        try:
            try:
                self._check(scope)
                leave = self._connections.enter(None, state["client_address"])
            except (Rejected, ApiError) as error:
                rejected = error if isinstance(error, Rejected) else rejected_for(error)
                await _refuse(scope, send, rejected, request_id)
                line = partial(write_line, status=int(rejected.status))
                line(scope, perf_counter() - started, {"error": rejected.code}, ())
                return
            try:
                await self._serve(scope, receive, send, started)
            finally:
                leave()
        finally:
            logs.request_id.reset(before)
            state.clear()

    async def _serve(self, scope: Scope, receive: Receive, send: Send, started: float) -> None:
        headers = [(b"x-request-id", scope["state"]["request_id"].encode())]
        session = Session(self._terms, scope, receive, send)
        try:
            await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL, "headers": headers})
            await session.run()
        except OSError:
            # The caller went away.
            return
        finally:
            facts = {"status": int(HTTPStatus.SWITCHING_PROTOCOLS), "close_code": session.close_code}
            write_line(scope, perf_counter() - started, session.state, (), **facts)

    def _check(self, scope: Scope) -> None:
        """Raise Rejected for a page of another origin, and for a caller that speaks another protocol."""
        origin = given(scope, b"origin")
        if origin is not None and not self._admits(origin.strip(), given(scope, b"host")):
            message = "Pages of this origin may not open a WebSocket here: CORS_ORIGINS does not have it."
            raise Rejected(HTTPStatus.FORBIDDEN, message, code="FORBIDDEN")
        if SUBPROTOCOL not in scope["subprotocols"]:
            message = f"The only protocol of WebSockets that is spoken here is {SUBPROTOCOL}."
            raise Rejected(HTTPStatus.BAD_REQUEST, message)

    def _admits(self, origin: bytes, host: bytes | None) -> bool:
        # GraphiQL's page is of the API's own host, by http or https.
        return origin in self._origins or (host is not None and origin.partition(b"://")[2] == host.strip())


async def _refuse(scope: Scope, send: Send, rejected: Rejected, request_id: str) -> None:
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 4403})
        return
    language = Headers(scope["headers"]).negotiated().language
    given = [(name.lower().encode(), value.encode()) for name, value in (rejected.headers or {}).items()]
    own = [(b"content-type", JSON.encode()), (b"vary", VARY_LANGUAGE.encode()), *given]
    headers = completed(own, scope, request_id)
    await send({"type": "websocket.http.response.start", "status": int(rejected.status), "headers": headers})
    await send({"type": "websocket.http.response.body", "body": rejected.body(language)})
