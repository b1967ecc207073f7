"""Client of the subscription `events`, which connects again after any end that is not final."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from http import HTTPStatus
from random import uniform
from typing import Any, NamedTuple

import httpx2
import orjson

_FIELDS = "number cursor type occurredAt message"
_SILENCE_SECONDS = 30.0
"""Seconds without a byte after which a connection is lost: a server sends at least a line every four."""

_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.5, 30.0
_SERVER_ERRORS = range(500, 600)
"""Statuses of servers that fail and of proxies whose server does: they pass."""

_REDIRECTS = range(300, 400)
_STREAM_TYPE = "text/event-stream"
_REFUSAL_BYTES = 64 * 1024
"""Most bytes that are read of an answer that is no stream of events."""

_PASSING_CODES = frozenset({"RATE_LIMITED", "TIMEOUT", "UNAVAILABLE"})

Event = Mapping[str, Any]


class Followed(NamedTuple):
    """What to follow: events of a token's partner that match a filter, with more fields than usual."""

    url: str
    token: str
    chosen: Mapping[str, Any]
    more_fields: str = ""

    @property
    def query(self) -> str:
        """Return the subscription."""
        return (
            "subscription Follow($after: String, $filter: EventFilter) "
            f"{{ events(after: $after, filter: $filter) {{ {_FIELDS} {self.more_fields} }} }}"
        )


class EndedError(Exception):
    """The portal refuses the subscription for good; the message says why."""


class _Interrupted(Exception):  # noqa: N818 — not an error.
    """The connection ended, and can be opened again, after so many seconds at least.

    `reason` is what the portal did, None if connections end so from time to time.
    """

    def __init__(self, reason: str | None = None, seconds: float = 0.0) -> None:
        super().__init__()
        self.reason, self.seconds = reason, seconds


class _Read(NamedTuple):
    """Cursor to continue from, and the event that it is of; None if it is after events that do not match."""

    cursor: str
    event: Event | None


def events(
    followed: Followed, after: str | None, keep: Callable[[str], None], tell: Callable[[str], None]
) -> Iterator[Event]:
    """Yield the events after a cursor, and new ones as they come. Raises EndedError if there can be no more.

    Calls `keep` with the cursor to continue from: at first, after each event, and after events that do not match; and
    `tell` with a sentence, once each time that the portal can't be reached or sends no stream of events.
    """
    pause, told = _FIRST_PAUSE_SECONDS, False
    with httpx2.Client(timeout=_SILENCE_SECONDS) as http:
        while True:
            begun = time.monotonic()
            try:
                for read in _of_connection(http, followed, after):
                    if read.event is not None:
                        yield read.event
                        pause = _FIRST_PAUSE_SECONDS
                    after, told = read.cursor, False
                    keep(after)
            except _Interrupted as interrupted:
                if interrupted.reason is not None and not told:
                    told = True
                    tell(f"The portal at {followed.url} {interrupted.reason}; trying again.")
                wait = max(interrupted.seconds, pause * uniform(0.5, 1))  # noqa: S311 — no secret.
            except (httpx2.InvalidURL, httpx2.UnsupportedProtocol, httpx2.LocalProtocolError, UnicodeError) as error:
                message = f"The portal can't be asked at {followed.url}: {error}."
                raise EndedError(message) from error
            except (httpx2.TransportError, httpx2.DecodingError) as error:
                if not told:
                    told = True
                    tell(f"The portal at {followed.url} can't be reached ({error}); trying again.")
                wait = pause * uniform(0.5, 1)  # noqa: S311 — no secret.
            time.sleep(wait)
            # A connection that lasted was a good one, though nothing may have happened.
            has_lasted = time.monotonic() - begun - wait > _LONGEST_PAUSE_SECONDS
            pause = _FIRST_PAUSE_SECONDS if has_lasted else min(2 * pause, _LONGEST_PAUSE_SECONDS)


def _check(answer: httpx2.Response) -> None:
    """Raise _Interrupted or EndedError if the answer is no stream of events."""
    status, media_type = answer.status_code, answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if status == HTTPStatus.TOO_MANY_REQUESTS or status in _SERVER_ERRORS:
        reason = f"answered with the status {status}"
        raise _Interrupted(reason, _seconds(answer.headers.get("Retry-After")))
    if status in _REDIRECTS:
        address = answer.headers.get("Location")
        message = f"The portal answered with the status {status}, and the address {address}."
        raise EndedError(message)
    if status != HTTPStatus.OK:
        raise EndedError(_reason(status, _beginning(answer)))
    if media_type != _STREAM_TYPE:
        if media_type.endswith("json") and (errors := _errors(_beginning(answer))):
            raise _refusal(errors)
        shown = f"the type {media_type[:100]}" if media_type else "no type"
        reason = f"answered with the status {status} and {shown}, which is no stream of events"
        raise _Interrupted(reason)


def _beginning(answer: httpx2.Response) -> bytes:
    body = b""
    for part in answer.iter_bytes():
        body += part
        if len(body) >= _REFUSAL_BYTES:
            break
    return body


def _of_connection(http: httpx2.Client, followed: Followed, after: str | None) -> Iterator[_Read]:
    headers = {"Authorization": f"Bearer {followed.token}", "Accept": "text/event-stream"}
    asked = {"query": followed.query, "variables": {"filter": followed.chosen, "after": after}}
    with http.stream("POST", f"{followed.url.rstrip('/')}/graphql", json=asked, headers=headers) as answer:
        _check(answer)
        cursor, event, has_begun = None, None, False
        for line in answer.iter_lines():
            if line.startswith("id: "):
                cursor = line.removeprefix("id: ")
            elif line.startswith("data: {"):
                try:
                    result = orjson.loads(line.removeprefix("data: "))
                except orjson.JSONDecodeError:
                    # The connection ended within the line.
                    break
                event = _event(result)
            elif not line:
                if cursor is not None:
                    has_begun = True
                    yield _Read(cursor, event)
                cursor, event = None, None
    # A portal begins each stream with a cursor.
    raise _Interrupted(None if has_begun else "ended its answer before the first cursor")


def _event(result: Mapping[str, Any]) -> Event:
    errors = result.get("errors") or []
    found: Event | None = (result.get("data") or {}).get("events")
    if found is not None:
        # A field of an event may have failed: the event is what there is.
        return found
    raise _refusal(errors)


def _refusal(errors: Sequence[Mapping[str, Any]]) -> _Interrupted | EndedError:
    """Return _Interrupted for errors that pass, and otherwise EndedError."""
    for error in errors:
        extensions = error.get("extensions")
        if isinstance(extensions, dict) and extensions.get("code") in _PASSING_CODES:
            return _Interrupted(f"answered “{error.get('message')}”", _seconds(extensions.get("retryAfter")))
    return EndedError(_messages(errors))


def _reason(status: int, body: bytes) -> str:
    return _messages(_errors(body)) or f"The portal answered with the status {status}."


def _errors(body: bytes) -> list[Mapping[str, Any]]:
    """Return the errors of a body, none if it is not GraphQL's JSON."""
    try:
        found = orjson.loads(body)["errors"]
    except (ValueError, KeyError, TypeError):
        return []
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _messages(errors: Sequence[Mapping[str, Any]]) -> str:
    return " ".join(str(error.get("message", "")) for error in errors)


def _seconds(given: object) -> float:
    try:
        return min(float(str(given)), 2 * _LONGEST_PAUSE_SECONDS)
    except ValueError:
        return 0.0
