"""Client of the subscription `events`, which connects again after any end that is not final."""

import time
from collections.abc import Callable, Iterator, Mapping
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
    """The connection ended, and can be opened again, after so many seconds at least."""

    def __init__(self, seconds: float = 0.0, status: int | None = None) -> None:
        super().__init__()
        self.seconds, self.status = seconds, status


class _Read(NamedTuple):
    """Cursor to continue from, and the event that it is of; None if it is after events that do not match."""

    cursor: str
    event: Event | None


def events(
    followed: Followed, after: str | None, keep: Callable[[str], None], tell: Callable[[str], None]
) -> Iterator[Event]:
    """Yield the events after a cursor, and new ones as they come. Raises EndedError if there can be no more.

    Calls `keep` with the cursor to continue from: at first, after each event, and after events that do not match; and
    `tell` with a sentence, once each time that the portal can't be reached.
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
                if interrupted.status is not None and not told:
                    told = True
                    tell(f"The portal at {followed.url} answered with the status {interrupted.status}; trying again.")
                wait = max(interrupted.seconds, pause * uniform(0.5, 1))  # noqa: S311 — no secret.
            except (httpx2.InvalidURL, httpx2.UnsupportedProtocol, httpx2.LocalProtocolError, UnicodeError) as error:
                message = f"The portal can't be asked at {followed.url}: {error}."
                raise EndedError(message) from error
            except httpx2.TransportError as error:
                if not told:
                    told = True
                    tell(f"The portal at {followed.url} can't be reached ({error}); trying again.")
                wait = pause * uniform(0.5, 1)  # noqa: S311 — no secret.
            time.sleep(wait)
            # A connection that lasted was a good one, though nothing may have happened.
            has_lasted = time.monotonic() - begun - wait > _LONGEST_PAUSE_SECONDS
            pause = _FIRST_PAUSE_SECONDS if has_lasted else min(2 * pause, _LONGEST_PAUSE_SECONDS)


def _check(status: int, retry_after: str | None, body: Callable[[], bytes]) -> None:
    if status == HTTPStatus.TOO_MANY_REQUESTS or status in _SERVER_ERRORS:
        raise _Interrupted(_seconds(retry_after), status)
    if status != HTTPStatus.OK:
        raise EndedError(_reason(status, body()))


def _of_connection(http: httpx2.Client, followed: Followed, after: str | None) -> Iterator[_Read]:
    headers = {"Authorization": f"Bearer {followed.token}", "Accept": "text/event-stream"}
    asked = {"query": followed.query, "variables": {"filter": followed.chosen, "after": after}}
    with http.stream("POST", f"{followed.url.rstrip('/')}/graphql", json=asked, headers=headers) as answer:
        _check(answer.status_code, answer.headers.get("Retry-After"), answer.read)
        cursor, event = None, None
        for line in answer.iter_lines():
            if line.startswith("id: "):
                cursor = line.removeprefix("id: ")
            elif line.startswith("data: {"):
                event = _event(_parsed(line.removeprefix("data: ")))
            elif not line:
                if cursor is not None:
                    yield _Read(cursor, event)
                cursor, event = None, None
    raise _Interrupted


def _parsed(data: str) -> Mapping[str, Any]:
    """Return the result in a line; raise _Interrupted if the connection ended within it."""
    try:
        result: Mapping[str, Any] = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise _Interrupted from None
    return result


def _event(result: Mapping[str, Any]) -> Event:
    errors = result.get("errors") or []
    found: Event | None = (result.get("data") or {}).get("events")
    if found is not None:
        # A field of an event may have failed: the event is what there is.
        return found
    for error in errors:
        extensions = error.get("extensions", {})
        if extensions.get("code") in _PASSING_CODES:
            raise _Interrupted(_seconds(extensions.get("retryAfter")))
    raise EndedError(_messages(errors))


def _reason(status: int, body: bytes) -> str:
    try:
        return _messages(orjson.loads(body)["errors"])
    except (ValueError, KeyError, TypeError):
        return f"The portal answered with the status {status}."


def _messages(errors: list[Mapping[str, Any]]) -> str:
    return " ".join(str(error.get("message", "")) for error in errors)


def _seconds(given: object) -> float:
    try:
        return min(float(str(given)), 2 * _LONGEST_PAUSE_SECONDS)
    except ValueError:
        return 0.0
