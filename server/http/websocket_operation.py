"""Operation of a WebSocket: a query or a mutation that is executed, or a subscription that is followed."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from http import HTTPStatus
from time import perf_counter
from typing import Any, NamedTuple

import structlog

from db.engine.deadline import Deadline, current
from db.engine.statement_count import tally
from domain.errors import (
    ApiError,
    Internal,
    ProviderUnreachable,
    Unavailable,
    UnusableToken,
)
from resolvers.context import Context
from resolvers.feed import FeedClosedError
from server import logs
from server.graphql.answer_json import Json, encoded
from server.graphql.answers import Answer
from server.graphql.shared_results import Result
from server.graphql.subscriptions import ResultStream
from server.http import answers, bodies, charges, transport_ws
from server.http.backlog import FREE_BYTES
from server.http.errors import Rejected, rejected_for
from server.http.middleware import write_line
from server.http.room import Room
from server.http.stream_checks import Check
from server.http.transport_ws import COME_BACK, CloseCode, End, Received
from server.http.websocket_connection import Connection

_WAIT_SECONDS = 60.0
_RETRY_SECONDS = 1.0

log = structlog.get_logger("portal.http")


class _Unread(NamedTuple):
    """Message with an unread answer, and whether it is the last one of the operation."""

    text: str
    is_last: bool
    size: int
    """Number of bytes of the answer."""
    coming: int
    """Number of those that the backlog counts."""


class Operation:
    """Operation with the id that its caller gave it."""

    def __init__(self, connection: Connection, message: Received, request_id: str) -> None:
        """Start it."""
        self.id = message.id
        self.stream: ResultStream | None = None
        self.wanted = True
        """False if the caller does not wait for an answer, or has had the last one."""
        self._connection, self._request_id = connection, request_id
        self._given = [message]
        """Message that is not executed yet: it may be long, and nothing keeps it while a subscription is followed."""
        self._state: dict[str, Any] = {}
        """What the log's line is made of."""
        self._last: Rejected | None = None
        self._deadline = Deadline(*connection.terms.seconds)
        self._unwatch: Callable[[], None] | None = None
        self.task = asyncio.create_task(self._run())

    def drop(self, last: ApiError | None = None) -> None:
        """End a subscription, with a last error if there is one, or a query; drop the answer to a mutation."""
        if last is not None:
            self._last = rejected_for(last)
        else:
            self.wanted = False
            self._deadline.abandon()
        if self.stream is not None:
            self.task.cancel()

    def _admit(self, check: Check) -> None:
        """Go on with the viewer, or end a subscription that it may no longer have; without a viewer, close."""
        connection, found = self._connection, check.found
        if isinstance(found, UnusableToken):
            connection.end(connection.unusable(found))
        elif isinstance(found, ApiError):
            connection.end(connection.failed())
        elif self.stream is not None:
            try:
                self.stream.admit(found, read_after=check.read_after)
            except ApiError as error:
                self.drop(error)

    async def _run(self) -> None:
        """Execute the operation, and log it."""
        connection, statements = self._connection, list[int]()
        started = perf_counter()
        logs.request_id.set(self._request_id)
        tally.set(statements)
        current.set(self._deadline)
        try:
            with suppress(OSError):
                # An OSError says that the caller went away.
                await self._answer_or_refuse()
        except UnusableToken as error:
            self._state["error"] = error.code
            connection.end(connection.unusable(error))
        except FeedClosedError:
            connection.end(End(CloseCode.RESTART, COME_BACK))
        finally:
            if self.stream is not None:
                self.stream.close()
            if self._unwatch is not None:
                self._unwatch()
            seconds = perf_counter() - started
            write_line(connection.scope, seconds, self._state, statements)
            if connection.terms.observe is not None:
                connection.terms.observe(self._state, seconds)

    async def _answer_or_refuse(self) -> None:
        # Not in the handler of an error, whose traceback has what was refused, while the caller may read nothing.
        if (refusal := await self._refused()) is not None:
            await self._send_last(refusal)

    async def _refused(self) -> str | None:
        """Execute the operation; return the message of its error if it was refused, None if it was answered."""
        try:
            if (stream := await self._execute()) is not None:
                await self._follow(stream)
        except (UnusableToken, FeedClosedError, OSError):
            raise
        except Rejected as rejected:
            limiter = self._connection.terms.operations.limiter
            shown = await charges.refused(limiter, self._state, self._connection.address, rejected)
            return self._refusal(shown if isinstance(shown, Rejected) else rejected_for(shown))
        except ApiError as error:
            return self._refusal(rejected_for(error))
        except asyncio.CancelledError:
            if self._last is None:
                raise
            return self._refusal(self._last)
        except Exception:
            log.exception("request failed")
            internal, status = Internal(), HTTPStatus.INTERNAL_SERVER_ERROR
            return self._refusal(Rejected(status, internal, code=internal.code, requestId=self._request_id))
        return None

    async def _execute(self) -> ResultStream | None:
        """Execute the operation, and send its answer; return the stream of a subscription that is to be followed."""
        connection, terms = self._connection, self._connection.terms
        unreachable: ProviderUnreachable | None = None
        try:
            viewer = await connection.viewer()
        except ProviderUnreachable as error:
            viewer, unreachable = None, error
        self._state["viewer"] = viewer
        message = self._given.pop()
        wanted = bodies.from_payload(message.payload or {}, may_be_unstorable=message.may_be_unstorable)
        self._state["wanted"] = wanted
        self._deadline.caller = viewer
        await terms.admission.admit(None if viewer is None else viewer.partner_id)
        self._state["context"] = context = Context(
            terms.portal,
            viewer=viewer,
            language=connection.language,
            request_id=self._request_id,
            client_address=connection.address,
            gone=connection.until_gone,
            unusable=unreachable,
            deadline=self._deadline,
        )
        if viewer is None:
            await terms.operations.limiter.charge_work(context, 1)
        await charges.parse(terms.operations.limiter, context, message.size)
        answer = await terms.operations.execute(
            context,
            wanted._replace(renew=connection.renewed, transport="websocket", reports_cost=connection.reports_cost),
        )
        self._state["answer"] = answer._replace(body={}, json=None)
        if answer.stream is None:
            unread = self._unread(answer)
            # The caller may read nothing, and its objects take more memory than what is counted.
            del answer
            await self._send_answer(unread)
            return None
        self._state["wanted"] = wanted.logged
        self.stream = answer.stream
        self._unwatch = connection.watch(self._admit)
        # Statements are counted for the log's line, and those of a stream have no end.
        tally.set(None)
        # Each event has a deadline, and a stream has none.
        current.set(None)
        return answer.stream if self.wanted and not connection.closing.done() else None

    def _unread(self, answer: Answer) -> _Unread:
        """Return the message of an answer, whose bytes were counted; raise Unavailable if they have no room."""
        connection, longest = self._connection, self._connection.terms.max_answer_bytes
        body: Json = encoded(answer.body) if answer.json is None else answer.json
        # As much of the answers that wait has room as of the answer to an HTTP request.
        free = max(0, FREE_BYTES - connection.waiting_bytes)
        self._state["context"].settle(body, answer.braces, executed=answer.executed, longest=longest)
        answer, body, coming = answers.counted(answer, body, connection.backlog, longest=longest, free=free)
        self._state["answer"] = answer._replace(body={}, json=None)
        self._state["context"].forget()
        text = transport_ws.next_result(self.id, body) if answer.executed else transport_ws.errors(self.id, body)
        return _Unread(text, is_last=not answer.executed, size=len(body), coming=coming)

    async def _send_answer(self, unread: _Unread) -> None:
        """Send the answer to a query or a mutation, or the errors of what was not executed."""
        connection = self._connection
        connection.waiting_bytes += unread.size
        try:
            if unread.is_last:
                await self._send_last(unread.text)
            elif self.wanted:
                await connection.send(unread.text)
                await self._send_last(transport_ws.complete(self.id))
        finally:
            connection.waiting_bytes -= unread.size
            if unread.coming:
                connection.backlog.remove(unread.coming)

    async def _follow(self, stream: ResultStream) -> None:
        """Send the results of a subscription, a batch when the connection takes it."""
        await self._report(stream)
        connection = self._connection
        room, is_refused = Room(connection.backlog, stream, connection.terms.max_answer_bytes), False
        while True:
            try:
                if is_refused:
                    # Not in the handler of the error, whose traceback has the results that were refused.
                    await self._pause(stream, room)
                    is_refused = False
                await self._send_next(stream, room)
            except TimeoutError:
                await self._report(stream)
            except Unavailable:
                stream.put_back()
                is_refused = True

    async def _send_next(self, stream: ResultStream, room: Room) -> None:
        """Send the results of the next events. Raises what `wait` and `results` do, and Unavailable without room."""
        connection = self._connection
        rows = await stream.wait(_WAIT_SECONDS)
        async with connection.turn:
            # One event may be for thousands of subscriptions.
            await connection.terms.admission.admit()
            with room:
                messages = self._messages(stream, await stream.results(rows), room)
                while messages:
                    size, text = messages.popleft()
                    await connection.send(text)
                    room.release(size)

    def _messages(self, stream: ResultStream, results: Sequence[Result], room: Room) -> deque[tuple[int, str]]:
        """Return the message of each result with the bytes counted for it; raise Unavailable if they have no room."""
        room.take(results)
        longest, messages = self._connection.terms.max_answer_bytes, deque[tuple[int, str]]()
        for result in results:
            body = answers.of_result(stream, result, longest=longest)
            messages.append((len(body), transport_ws.next_result(self.id, body)))
        return messages

    async def _pause(self, stream: ResultStream, room: Room) -> None:
        """Wait a moment, and until there may be room for what was refused."""
        await asyncio.sleep(_RETRY_SECONDS)
        while not room.may_be_free:
            stream.check_open()
            await asyncio.sleep(_RETRY_SECONDS)

    async def _report(self, stream: ResultStream) -> None:
        """Send the cursor to continue from, if it is not that of the last event."""
        cursor = stream.progress()
        if cursor is not None:
            await self._connection.send(transport_ws.progress(self.id, cursor))

    def _refusal(self, rejected: Rejected) -> str:
        charges.cancel(self._state.get("context"))
        self._state["error"] = rejected.code
        return transport_ws.errors(self.id, rejected.body(self._connection.language))

    async def _send_last(self, text: str) -> None:
        """Send the last message, from which on the caller may use the id again."""
        if self.wanted:
            self.wanted = False
            await self._connection.send(text)
