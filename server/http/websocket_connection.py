"""Connection of a WebSocket, as its operations share it."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from starlette.types import Scope, Send

from domain.errors import Internal, TokenElsewhere, UnusableToken
from resolvers.portal import Portal
from resolvers.viewers import Viewer
from server.graphql import cost_reports
from server.graphql.operations import Operations
from server.graphql.stream_counts import StreamCounts
from server.http import bearer
from server.http.backlog import Backlog, backlog_of
from server.http.headers import Headers
from server.http.scheduling import Admission
from server.http.stream_checks import Found, StreamChecks
from server.http.transport_ws import CloseCode, End


class Terms(NamedTuple):
    """What all connections of a process share."""

    portal: Portal
    operations: Operations
    admission: Admission
    checks: StreamChecks
    signed_in: StreamCounts
    """Counts of the connections of each user."""
    max_answer_bytes: int
    max_operations: int
    seconds: tuple[float, float]
    """How long a query and a mutation may take."""
    observe: Callable[[Mapping[str, Any], float], None] | None = None
    """Called with the state of each operation that ended, and the seconds that it took."""


class Connection:
    """Caller of a WebSocket, what it has not read yet, and the reason to close."""

    def __init__(self, terms: Terms, scope: Scope, send: Send) -> None:
        """Begin as the caller of the handshake, whose token, language and wish for costs a message may replace."""
        headers = Headers(scope["headers"])
        self.terms, self.scope, self._send = terms, scope, send
        self.backlog: Backlog = backlog_of(scope)
        self.address: str | None = scope["state"]["client_address"]
        self.request_id: str = scope["state"]["request_id"]
        self.authorization = headers.all(b"authorization")
        self.language = headers.negotiated().language
        self.reports_cost = cost_reports.wanted(headers.all(cost_reports.HEADER))
        self.waiting_bytes = 0
        """Number of bytes of answers that the connection does not take yet."""
        self.turn = asyncio.Lock()
        """Held by the subscription whose events are executed and sent, so that one batch is in memory."""
        self.gone = asyncio.Event()
        self.closing: asyncio.Future[End] = asyncio.get_running_loop().create_future()

    async def viewer(self) -> Viewer | None:
        """Return the viewer of the token, None without one; raise UnusableToken, which ends the connection."""
        hold = self.terms.operations.limiter.hold
        return await bearer.viewer_of(self.terms.portal, self.authorization, self.address, hold=hold)

    async def renewed(self) -> Viewer:
        """Return the viewer of a subscription again."""
        return await bearer.renewed(self.terms.portal, self.authorization, self.address)

    def watch(self, found: Found) -> Callable[[], None]:
        """Call a function after each check of the caller, until the returned one is called."""
        return self.terms.checks.watch(self.authorization, self.address, found)

    async def until_gone(self) -> None:
        """Wait until the caller is gone."""
        await self.gone.wait()

    def end(self, end: End) -> None:
        """Close the connection; the first reason counts."""
        if not self.closing.done():
            self.closing.set_result(end)

    def unusable(self, error: UnusableToken) -> End:
        """Return the reason to close for a token that can't be used, anywhere or from the caller's address."""
        code = CloseCode.FORBIDDEN if isinstance(error, TokenElsewhere) else CloseCode.UNAUTHORIZED
        return End(code, error.message(self.language))

    def failed(self) -> End:
        """Return the reason to close after an unexpected error."""
        return End(CloseCode.INTERNAL, Internal().message(self.language))

    async def send(self, text: str) -> None:
        """Send a message when the caller has read most of those before it; raise OSError if it is gone."""
        await self._send({"type": "websocket.send", "text": text})

    async def close(self, end: End) -> None:
        """Close with a code and a reason."""
        await self._send({"type": "websocket.close", "code": int(end.code), "reason": end.reason})
