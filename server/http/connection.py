"""End of a connection: after its last answer, with a refusal, or by a timeout."""

import asyncio
from typing import Any, cast

import structlog
from starlette.types import Scope
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from domain.deadlines import AnswerTimedOut, ReadTimedOut
from domain.errors import ChangeInterrupted, ServerStopped
from domain.limits import TooManyConnections
from server.http import request_head
from server.http.cycle import Cycle
from server.http.deadlines import LINGER_SECONDS, Connections, ReadProgress, TimedConnection, unread, unsent
from server.http.errors import Rejected, rejected_for
from server.http.flow import Flow
from server.http.headers import given
from server.http.middleware import request_id_for
from server.http.places import Place

BETWEEN, HEAD, BODY = range(3)
"""Part of a request that is arriving; BETWEEN is none."""

_LATE_SECONDS = 2.0
"""How long after its deadline a request is answered by the connection."""

_SILENT_SECONDS = 1.0
"""How long a connection beyond a cap may send nothing."""

log = structlog.get_logger("portal.http")


class GracefulProtocol(HttpToolsProtocol, TimedConnection):
    """Connection with timeouts, whose last answer reaches a caller that still sends."""

    def __init__(
        self,
        config: Config,
        server_state: Connections,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        """Take uvicorn's arguments; `server_state` has the timeouts."""
        super().__init__(config, server_state, app_state, _loop)
        self._all = server_state
        self._part = BETWEEN
        self._since = server_state.now
        """Time at which the arriving part of a request began, or the idle time if there is none."""
        self._begun = False
        """Whether a head has more than empty lines so far."""
        self._wants_more = False
        """Whether the caller may send another request after the last one."""
        self._answering: Cycle | None = None
        self._refusal: Rejected | None = None
        self._discarding = self._lingering = False
        self._progress = ReadProgress()
        self._place: Place
        self._outgoing: asyncio.Transport
        self.flow: Flow

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # As uvicorn has it.
        """Start waiting for a request."""
        super().connection_made(transport)
        peer = self.client[0] if self.client else None
        self._place = place = self._all.places.take(peer, self._all.now)
        if place.beyond is not None:
            # Its request is answered, but not read.
            self._discarding = True
            if not place.is_answered:
                transport.abort()
        self.flow = Flow(transport, self.pipeline)
        # uvicorn's cycle uses these three methods of a transport and no others.
        self._outgoing = cast("asyncio.Transport", _Outgoing(transport, self))

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the request being answered; uvicorn tells the last one that has arrived."""
        self._all.places.leave(self._place)
        self.pipeline.clear()
        answering = self._answering
        if answering is not None and not answering.response_complete and (until := answering.deadline) is not None:
            until.abandon()
        if answering is not None and answering is not self.cycle:
            answering.disconnected = True
            answering.message_event.set()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """Continue with the next request of the connection."""
        self._all.total_requests += 1
        if self.transport.is_closing() or self._lingering:
            return
        if self.pipeline:
            answering, app = self.pipeline.pop()
            self._answering = cast("Cycle", answering)
            self._start_asgi_task(answering, app)
            if self.flow.holds and not self.pipeline:
                # The held bytes may have the rest of its body.
                self.go_on()
        elif self._refusal is not None:
            self._answer(self._refusal)
        else:
            self.flow.resume_reading()
            if self._part is BETWEEN:
                self._since = self._all.now

    def go_on(self) -> None:
        """Parse the bytes that were held until earlier requests were answered."""
        raise NotImplementedError

    def end(self) -> None:
        """End the connection after its last answer, or because of an answer that failed."""
        if not self._owes_answer() and (self._wants_more or self._part is BODY):
            self._linger()
        else:
            self.transport.close()

    def shutdown(self) -> None:
        """Close after the answers to the received requests; `check` closes an idle connection a little later."""
        if self._owes_answer():
            self.cycle.keep_alive = False
        elif self._part is BETWEEN:
            self._since = self._all.now

    def give_up(self) -> None:
        """Answer a request for which the server has no time left."""
        answering = self._answering
        may_have_changed = answering is not None and answering.may_have_changed
        self._give_up(rejected_for(ChangeInterrupted() if may_have_changed else ServerStopped()))

    def _give_up(self, rejected: Rejected) -> None:
        answering = self._answering
        if answering is not None and not (answering.response_started or self._lingering):
            answering.disconnected = True
            answering.message_event.set()
            self._answer(rejected)

    def check(self) -> None:
        """End what takes longer than its timeout."""
        if self.transport.get_write_buffer_size() or (self._is_sending() and unsent(self.transport)):
            self._end_if_unread()
            return
        if not self._lingering:
            self._check_deadline()
        # The part may have begun up to one check after `_since`, so this is never too much.
        taken = self._all.before - self._since
        if self.transport.is_closing():
            return
        if self._lingering:
            if taken >= LINGER_SECONDS:
                self.transport.close()
        elif self._discarding:
            # A refusal waits for the answers before it, or for a request.
            if self._place.beyond is not None and taken >= _SILENT_SECONDS:
                self.transport.close()
        elif self._part is BETWEEN:
            self._check_idle(taken)
        elif self.flow.read_paused:
            # Reading is paused by the server, so the time is not the caller's.
            self._since += self._all.elapsed
        else:
            self._check_part(taken)

    def _check_deadline(self) -> None:
        """Answer a request whose deadline has passed, and which nothing else has ended."""
        answering = self._answering
        # A stream has no deadline once it has started.
        if answering is None or answering.response_started:
            return
        until = answering.deadline
        if until is None or until.left > -_LATE_SECONDS:
            return
        until.abandon()
        log.warning("request not answered at its deadline", seconds=until.seconds, for_change=until.for_change)
        self._give_up(rejected_for((AnswerTimedOut if until.for_change else ReadTimedOut)(until.seconds)))

    def discard(self) -> None:
        """Refuse the request of a connection beyond a cap, without reading it, and ignore all other bytes."""
        if self._place.beyond is not None and not self._lingering:
            self._answer(rejected_for(TooManyConnections()))

    def _check_part(self, taken: float) -> None:
        limits = self._all.limits
        name, limit = ("body", limits.body) if self._part is BODY else ("header", limits.header)
        if taken < limit:
            return
        if self._part is BODY or self._begun:
            self._refuse(request_head.too_late(name, limit))
        else:
            # Only empty lines have arrived.
            self.transport.close()

    def _check_idle(self, taken: float) -> None:
        limits = self._all.limits
        limit = limits.header if self._answering is None else limits.keep_alive
        if self._owes_answer() or taken < self._all.idle_limit(limit) or unread(self.transport):
            return
        if unsent(self.transport):
            self._end_if_unread()
        else:
            self.transport.close()

    def _owes_answer(self) -> bool:
        # The requests in the pipeline are answered before another one is complete.
        return self._answering is not None and not self._answering.response_complete

    def _is_sending(self) -> bool:
        """Return whether an answer has begun that is to go on, such as a stream of events."""
        answering = self._answering
        return answering is not None and answering.response_started and not answering.response_complete

    def _end_if_unread(self) -> None:
        limit = self._all.limits.answer
        if self._progress.stuck_for(self.transport, now=self._all.now, before=self._all.before) >= limit:
            log.info("answer not read", client_address=self.client and self.client[0], seconds=limit)
            self.transport.abort()

    def _refuse(self, rejected: Rejected) -> None:
        self._discarding = True
        cycle = self.cycle
        if self._part is BODY:
            if cycle.response_complete:
                self._linger()
                return
            if self.pipeline:
                # Earlier requests are still to be answered.
                self.pipeline.popleft()
                self._refusal = rejected
                return
            if cycle.response_started:
                self.transport.abort()
                return
            cycle.disconnected = True
            cycle.message_event.set()
        elif self._owes_answer():
            self._refusal = rejected
            return
        self._answer(rejected)

    def _answer(self, rejected: Rejected) -> None:
        known: str | None = None
        if self._owes_answer() and self._answering is not None:
            # The request being answered has its line in the log already, or will have it.
            scope = cast("Scope", self._answering.scope)
            known = scope["state"].get("request_id")
        else:
            scope = self._arriving()
        request_id = known or request_id_for(given(scope, b"x-request-id"))
        if self.transport.is_closing():
            return
        all_ = self._all
        self.transport.write(
            request_head.answer(rejected, scope, defaults=all_.default_headers, cors=all_.cors, request_id=request_id)
        )
        if known is None:
            self._all.on_answer(int(rejected.status))
        if self._place.beyond is None:
            log.info(
                "request refused",
                client_address=self.client and self.client[0],
                status=int(rejected.status),
                reason=str(rejected),
                request_id=request_id,
            )
        self._linger()

    def _arriving(self) -> Scope:
        """Return what is known of the request that is arriving."""
        if not self._begun and self._part is BODY:
            return cast("Scope", self.scope)
        method = self.parser.get_method().decode("ascii") if self._begun and self.url else ""
        headers = self.headers if self._begun else []
        return {"method": method, "headers": headers, "scheme": self.scheme or "http"}

    def _linger(self) -> None:
        self._discarding = True
        if self.transport.is_closing() or self._lingering:
            return
        self._lingering, self._since = True, self._all.now
        self.pipeline.clear()
        self.transport.write_eof()
        self.flow.release()


class _Outgoing:
    """Transport for answers, which ends the connection properly when it is closed."""

    __slots__ = ("close", "is_closing", "write")

    def __init__(self, transport: asyncio.Transport, protocol: GracefulProtocol) -> None:
        self.write = transport.write
        self.is_closing = transport.is_closing
        self.close = protocol.end
