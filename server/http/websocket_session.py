"""Session of a WebSocket: reads the messages of its caller, and ends what they began.

Nothing is queued for the caller: the events of a subscription are read when the connection takes more, and longer
answers are counted in the process's backlog while they wait for it.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from typing import Any

import structlog
from starlette.types import Message, Receive, Scope, Send

from domain.errors import ApiError, UnusableToken
from domain.languages import preferred
from server.graphql import cost_reports
from server.http import transport_ws
from server.http.errors import Rejected
from server.http.transport_ws import COME_BACK, CloseCode, Closing, End, Received
from server.http.websocket_connection import Connection, Terms
from server.http.websocket_operation import Operation

INIT_SECONDS = 10.0
"""Time for the caller's `connection_init`."""

log = structlog.get_logger("portal.http")


class Session:
    """Session of a connection, from its acceptance to its end."""

    def __init__(self, terms: Terms, scope: Scope, receive: Receive, send: Send) -> None:
        self._connection = Connection(terms, scope, send)
        self._receive = receive
        self._begun = False
        self._operations: set[Operation] = set()
        self._started = 0
        """Number of operations so far."""
        self._leave: Callable[[], None] | None = None
        self.state: dict[str, Any] = {}
        """What the log's line of the connection is made of."""
        self.close_code: int | None = None

    async def run(self) -> None:
        """Serve the caller until it leaves, or the connection is closed."""
        closing = self._connection.closing
        reading, stopping = asyncio.create_task(self._read()), asyncio.create_task(self._until_stopping())
        try:
            await asyncio.wait((reading, closing), return_when=asyncio.FIRST_COMPLETED)
            reading.cancel()
            if closing.done():
                await self._close(closing.result())
        finally:
            self._connection.gone.set()
            for task in (reading, stopping):
                task.cancel()
            await asyncio.gather(reading, stopping, return_exceptions=True)
            if self._leave is not None:
                self._leave()
            # A mutation is not interrupted.
            for each in self._operations:
                each.drop()
            await self._until_done()

    async def _until_stopping(self) -> None:
        stopping: asyncio.Event | None = self._connection.scope["state"].get("stopping")
        if stopping is not None:
            await stopping.wait()
            self._connection.end(End(CloseCode.RESTART, COME_BACK))

    async def _until_done(self) -> None:
        while self._operations:
            await asyncio.wait({each.task for each in self._operations})
            # What is called when a task is done is called in the next iteration.
            await asyncio.sleep(0)

    async def _close(self, end: End) -> None:
        """Close the connection; a process that stops gives the answers that it owes first."""
        self.close_code = int(end.code)
        for each in self._operations:
            if end.code is not CloseCode.RESTART or each.stream is not None:
                each.drop()
        if end.code is CloseCode.RESTART:
            await self._until_done()
        with suppress(OSError):
            await self._connection.close(end)

    async def _read(self) -> None:
        try:
            async with asyncio.timeout(INIT_SECONDS) as waiting:
                while (left := await self._take_next()) is None:
                    if self._begun:
                        waiting.reschedule(None)
                    # Others have their turn between the messages of one caller.
                    await asyncio.sleep(0)
            self.close_code = left.get("code")
        except Closing as closing:
            self._connection.end(closing.end)
        except TimeoutError:
            reason = f"Send “connection_init” within {INIT_SECONDS:g} s."
            self._connection.end(End(CloseCode.INIT_TIMEOUT, reason))
        except OSError:
            # The caller went away.
            return
        except Exception:
            log.exception("websocket failed")
            self._connection.end(self._connection.failed())

    async def _take_next(self) -> Message | None:
        """Take the next message, which is not kept while the one after it is awaited; return it if it is the end."""
        message = await self._receive()
        if message["type"] == "websocket.disconnect":
            return message
        await self._take(_received(message, of_stranger=self.state.get("viewer") is None))
        return None

    async def _take(self, message: Received) -> None:
        match message.type:
            case "connection_init":
                await self._begin(message)
            case "ping":
                await self._connection.send(transport_ws.pong(message.payload))
            case "subscribe":
                await self._subscribe(message)
            case "complete":
                for each in self._named(message.id):
                    each.drop()

    def _named(self, id_: str) -> list[Operation]:
        """Return the operation with the id for which the caller waits, if there is one."""
        return [each for each in self._operations if each.wanted and each.id == id_]

    async def _begin(self, message: Received) -> None:
        """Read who the caller is, and acknowledge."""
        if self._begun:
            raise Closing(CloseCode.TOO_MANY_INITS, "“connection_init” was sent before.")
        connection, given = self._connection, transport_ws.parameters(message.payload)
        self._begun = True
        if "authorization" in given:
            connection.authorization = [given["authorization"]]
        if "accept-language" in given:
            connection.language = preferred(given["accept-language"])
        if "graphql-cost" in given:
            connection.reports_cost = cost_reports.wanted([given["graphql-cost"]])
        try:
            self.state["viewer"] = viewer = await connection.viewer()
            if viewer is not None:
                self._leave = connection.terms.signed_in.enter(viewer, None)
        except UnusableToken as error:
            raise Closing(*connection.unusable(error)) from None
        except ApiError as error:
            raise Closing(CloseCode.TRY_AGAIN, error.message(connection.language)) from None
        await connection.send(transport_ws.ACK)

    async def _subscribe(self, message: Received) -> None:
        if not self._begun:
            raise Closing(CloseCode.UNAUTHORIZED, "Send “connection_init” first.")
        if self._named(message.id):
            raise Closing(CloseCode.SUBSCRIBER_EXISTS, f"An operation with the id {message.id} is running.")
        limit = self._connection.terms.max_operations
        if len(self._operations) >= limit:
            text = f"A connection can have {limit} operations at once. Complete one of them first."
            extensions: dict[str, Any] = {"limit": limit, "retryAfter": 1}
            rejected = Rejected(HTTPStatus.TOO_MANY_REQUESTS, text, code="RATE_LIMITED", **extensions)
            await self._connection.send(transport_ws.errors(message.id, rejected.body()))
            return
        self._started += 1
        operation = Operation(self._connection, message, f"{self._connection.request_id}-{self._started}")
        self._operations.add(operation)
        operation.task.add_done_callback(lambda _task: self._operations.discard(operation))


def _received(message: Message, *, of_stranger: bool) -> Received:
    text = message.get("text")
    if text is None:
        raise Closing(CloseCode.BAD_REQUEST, "A message must be JSON in a text frame.")
    return transport_ws.received(text, of_stranger=of_stranger)
