"""Answers as a stream of events: GraphQL over Server-Sent Events, with a connection for each operation.

The id of an event is the cursor of the portal's event. A caller that sends it back as Last-Event-ID continues there.
An id without an event is a cursor after events that the filter leaves out.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import orjson
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Send

from db.engine.deadline import current
from db.engine.statement_count import tally
from domain.errors import ApiError, Unavailable
from domain.languages import Language
from resolvers.feed import FeedClosedError
from server.graphql.answer_json import Json
from server.graphql.shared_results import Result
from server.graphql.subscriptions import ResultStream
from server.http import answers, bodies
from server.http.backlog import FREE_BYTES, Backlog
from server.http.headers import Header
from server.http.negotiation import STREAM_TYPE
from server.http.room import Room
from server.http.scheduling import Admission
from server.http.stream_checks import Check, StreamChecks

ALIVE_SECONDS = 4.0
"""Seconds without events after which a line without data keeps the connection open."""

_PART_BYTES = 32 * 1024
_RETRY_SECONDS = 1.0
_LAST_SECONDS = 0.5
_HEADERS: tuple[Header, ...] = (
    (b"content-type", f"{STREAM_TYPE}; charset=utf-8".encode()),
    # Proxies must not collect the events.
    (b"x-accel-buffering", b"no"),
)
_NEXT, _END = b"event: next\ndata: ", b"\n\n"
_COMPLETE = b"event: complete\ndata:\n\n"
_ALIVE = b":" + 512 * b" " + b"\n\n"
"""Line without data. Its length fills the receive buffer of a caller that reads nothing, after a quarter of an hour."""


class Terms(NamedTuple):
    """What all streams of a process share, and the bytes of the longest result."""

    admission: Admission
    backlog: Backlog
    checks: StreamChecks
    longest: int


class Caller(NamedTuple):
    """Caller of a stream: its Authorization headers, its address, and what tells that it is gone."""

    authorization: Sequence[str]
    address: str | None
    receive: Receive


async def send_answer(send: Send, body: Json, headers: Sequence[Header]) -> None:
    """Send the answer to an operation that has one."""
    await send({"type": "http.response.start", "status": 200, "headers": [*_HEADERS, *headers]})
    await _send_part(send, _NEXT)
    await _send_part(send, body)
    await send({"type": "http.response.body", "body": _END + _COMPLETE})


async def send_results(
    stream: ResultStream, caller: Caller, send: Send, headers: Sequence[Header], terms: Terms
) -> None:
    """Send the results of a subscription until the caller leaves, the viewer may not have them, or the server stops.

    Only the end of the subscription is “complete”: a caller connects again after any other end.
    """
    # Statements are counted for the log's line, and those of a stream have no end.
    tally.set(None)
    # Each event has a deadline, and a stream has none.
    current.set(None)
    try:
        await send({"type": "http.response.start", "status": 200, "headers": [*_HEADERS, *headers]})
        ended: asyncio.Future[ApiError] = asyncio.get_running_loop().create_future()
        sending = asyncio.create_task(_send_all(stream, send, terms))
        leaving = asyncio.create_task(bodies.gone(caller.receive))
        leave = terms.checks.watch(caller.authorization, caller.address, partial(_admit, stream, ended))
        try:
            await asyncio.wait((sending, ended, leaving), return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                await _send_last(sending, send, _last(ended.result(), stream.language))
            elif sending.done():
                await send({"type": "http.response.body", "body": sending.result()})
        finally:
            leave()
            for task in (sending, leaving):
                task.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)
    finally:
        stream.close()


async def _send_last(sending: asyncio.Task[bytes], send: Send, last: bytes) -> None:
    """End an answer that is being sent, though its caller may read nothing."""
    sending.cancel()
    await asyncio.wait((sending,))
    try:
        async with asyncio.timeout(_LAST_SECONDS):
            await send({"type": "http.response.body", "body": last})
    except TimeoutError:
        raise ClientDisconnect from None


async def _send_all(stream: ResultStream, send: Send, terms: Terms) -> bytes:
    """Send the results, and return the last bytes."""
    await _send_part(send, _alive(stream))
    room, is_refused = Room(terms.backlog, stream, terms.longest), False
    while True:
        try:
            if is_refused:
                # Not in the handler of the error, whose traceback has the results that were refused.
                await _pause(stream, send, room)
                is_refused = False
            await _send_next(stream, send, terms, room)
        except TimeoutError:
            await _send_part(send, _alive(stream))
        except FeedClosedError:
            return b"retry: 1000\n\n"
        except Unavailable:
            stream.put_back()
            is_refused = True
        except ApiError as error:
            return _last(error, stream.language)


async def _send_next(stream: ResultStream, send: Send, terms: Terms, room: Room) -> None:
    """Send the results of the next events. Raises what `wait` and `results` do, and Unavailable without room."""
    rows = await stream.wait(ALIVE_SECONDS)
    # One event may be for thousands of streams.
    await terms.admission.admit()
    with room:
        parts = _parts(stream, await stream.results(rows), room, terms.longest)
        while parts:
            size = len(parts[0])
            await _send_part(send, parts.popleft())
            room.release(size)


async def _pause(stream: ResultStream, send: Send, room: Room) -> None:
    """Wait a moment, and until there may be room for what was refused."""
    while True:
        await _send_part(send, _alive(stream))
        await asyncio.sleep(_RETRY_SECONDS)
        if room.may_be_free:
            return
        stream.check_open()


def _admit(stream: ResultStream, ended: asyncio.Future[ApiError], check: Check) -> None:
    """Go on with the viewer, or end the stream if it may no longer have the events."""
    try:
        if isinstance(check.found, ApiError):
            raise check.found
        stream.admit(check.found, read_after=check.read_after)
    except ApiError as error:
        if not ended.done():
            ended.set_result(error)


async def _send_part(send: Send, part: Json) -> None:
    await send({"type": "http.response.body", "body": part, "more_body": True})


def _parts(stream: ResultStream, results: Sequence[Result], room: Room, longest: int) -> deque[bytes]:
    """Return the results in parts of what is sent at once; raise Unavailable if they have no room.

    Short results are sent together: the connection holds one part unread.
    """
    room.take(results)
    parts, part = deque[bytes](), bytearray()
    for result in results:
        framed = result.framed
        if framed is None:
            body = answers.of_result(stream, result, longest=longest)
            framed = _id(result.cursor) + _event(body)
            if len(body) <= FREE_BYTES:
                # Of a longer one, two copies would be kept.
                result.framed = framed
        if len(results) == 1:
            parts.append(framed)
            break
        part += framed
        if len(part) >= _PART_BYTES:
            parts.append(bytes(part))
            part.clear()
    if part:
        parts.append(bytes(part))
    return parts


def _alive(stream: ResultStream) -> bytes:
    cursor = stream.progress()
    return _ALIVE if cursor is None else _id(cursor) + _ALIVE


def _id(cursor: str) -> bytes:
    return b"id: " + cursor.encode() + b"\n"


def _event(body: Json) -> bytes:
    return _NEXT + body + _END


def _last(error: ApiError, language: Language) -> bytes:
    """Return the end of a subscription whose viewer may not have the events."""
    shown = {"message": error.message(language), "extensions": {"code": error.code, **error.extensions}}
    return _event(orjson.dumps({"errors": [shown]})) + _COMPLETE
