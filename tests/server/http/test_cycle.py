"""Answers on a connection are those of uvicorn, to the byte, in fewer parts."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from server.http.cycle import Cycle
from server.http.headers import Header

NAMES = (b"content-type", b"x-request-id", b"etag", b"X-Mixed", b"bad name", b"vary", b"")
VALUES = (b"one", b"", b"two words", b"caf\xe9", b"with\r\nanother: header", b"\x00")
OF_LENGTH = (
    (b"content-length", b"5"),
    (b"content-length", b"0"),
    (b"content-length", b"-5"),
    (b"content-length", b"x"),
)
OF_RATE = (b"ratelimit", b'"partner";r=10;t=0')
OF_CONNECTION = ((b"connection", b"close"), (b"transfer-encoding", b"chunked"), (b"connection", b"keep-alive"))

HEADERS = st.lists(
    st.one_of(st.tuples(st.sampled_from(NAMES), st.sampled_from(VALUES)), *map(st.just, (OF_RATE, *OF_CONNECTION)))
)
LENGTHS = st.lists(st.sampled_from(OF_LENGTH), max_size=2)
BODIES = st.lists(st.sampled_from([b"", b"hello", b"hel", b"lo", b"longer than that"]), max_size=3)


class Sent:
    """Transport that keeps what it is given."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.is_closed = False

    def write(self, data: bytes) -> None:
        """Keep the bytes."""
        self.parts.append(bytes(data))

    def close(self) -> None:
        """Note it."""
        self.is_closed = True

    def is_closing(self) -> bool:
        """Return whether it was closed."""
        return self.is_closed


def _cycle(
    kind: type[RequestResponseCycle],
    sent: Sent,
    on_response: Callable[[], None],
    method: str,
    *,
    keep_alive: bool,
    version: str = "1.1",
) -> RequestResponseCycle:
    transport = cast("asyncio.Transport", sent)
    return kind(
        scope=cast("Any", {"type": "http", "method": method, "http_version": version}),
        transport=transport,
        flow=FlowControl(transport),
        logger=logging.getLogger(),
        access_logger=logging.getLogger(),
        access_log=False,
        default_headers=[(b"date", b"Sat, 28 Nov 2026 03:00:00 GMT")],
        message_event=asyncio.Event(),
        expect_100_continue=False,
        keep_alive=keep_alive,
        on_response=on_response,
    )


async def _answered(
    kind: type[RequestResponseCycle],
    method: str,
    messages: Sequence[dict[str, Any]],
    *,
    keep_alive: bool = True,
    version: str = "1.1",
) -> tuple[Sent, tuple[object, ...]]:
    """Return what was sent, and how the answer ended."""
    sent, ended = Sent(), list[str]()
    cycle = _cycle(kind, sent, lambda: ended.append("ended"), method, keep_alive=keep_alive, version=version)
    error: str | None = None
    try:
        for message in messages:
            await cycle.send(cast("Any", message))
    except (RuntimeError, ValueError) as raised:
        error = f"{type(raised).__name__}: {raised}"
    state = error, cycle.response_started, cycle.response_complete, cycle.keep_alive, sent.is_closed, ended
    return sent, state


def _messages(status: int, headers: Sequence[Header], bodies: Sequence[bytes]) -> list[dict[str, Any]]:
    last = len(bodies) - 1
    parts = [
        {"type": "http.response.body", "body": body, "more_body": number < last} for number, body in enumerate(bodies)
    ]
    return [{"type": "http.response.start", "status": status, "headers": list(headers)}, *parts]


@given(
    method=st.sampled_from(["POST", "HEAD"]),
    status=st.sampled_from([200, 204, 304, 503]),
    headers=HEADERS,
    lengths=LENGTHS,
    bodies=BODIES,
    keep_alive=st.booleans(),
)
def test_an_answer_has_the_bytes_of_uvicorn_s(
    *, method: str, status: int, headers: list[Header], lengths: list[Header], bodies: list[bytes], keep_alive: bool
) -> None:
    messages = _messages(status, [*headers, *lengths], bodies)
    wanted, its_end = asyncio.run(_answered(RequestResponseCycle, method, messages, keep_alive=keep_alive))
    found, end = asyncio.run(_answered(Cycle, method, messages, keep_alive=keep_alive))

    if bodies or end[0] is not None:
        assert end == its_end
    if bodies and end[0] is None:
        assert b"".join(found.parts) == b"".join(wanted.parts)


@pytest.mark.parametrize("size", [0, 5, 1_000_000])
async def test_a_short_answer_is_sent_at_once(size: int) -> None:
    headers = [(b"content-length", b"%d" % size), (b"content-type", b"application/json")]

    sent, _ = await _answered(Cycle, "POST", _messages(200, headers, [b"x" * size]))

    assert len(sent.parts) == (1 if size < 1_000_000 else 2)
    assert b"".join(sent.parts).partition(b"\r\n\r\n")[2] == b"x" * size


async def test_an_application_that_fails_after_the_head_answers_500(caplog: pytest.LogCaptureFixture) -> None:
    sent = Sent()
    cycle = _cycle(Cycle, sent, lambda: None, "POST", keep_alive=True)

    async def fail(_scope: object, _receive: object, send: Callable[[object], Awaitable[None]]) -> None:
        await send(_messages(200, [(b"content-length", b"5")], [])[0])
        raise LookupError

    await cycle.run_asgi(cast("Any", fail))

    head, _, body = b"".join(sent.parts).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 500 ")
    assert (body, sent.is_closed) == (b"Internal Server Error", True)
    assert "LookupError" in caplog.text


@pytest.mark.parametrize("kind", [RequestResponseCycle, Cycle])
async def test_a_server_that_stops_after_the_head_closes_after_the_body(kind: type[RequestResponseCycle]) -> None:
    sent = Sent()
    cycle = _cycle(kind, sent, lambda: None, "POST", keep_alive=True)
    head, body = _messages(200, [(b"content-length", b"5")], [b"hello"])
    await cycle.send(cast("Any", head))
    cycle.keep_alive = False

    await cycle.send(cast("Any", body))

    assert sent.is_closed


@pytest.mark.parametrize("parts", [[b"hello"], [b"hel", b"", b"lo"], [b"", b"hello", b""]])
async def test_in_http_1_0_the_close_ends_a_body_of_unknown_length(parts: list[bytes]) -> None:
    messages = _messages(200, [(b"content-type", b"text/csv")], parts)

    sent, (error, *_, is_closed, ended) = await _answered(Cycle, "GET", messages, keep_alive=False, version="1.0")

    head, _, body = b"".join(sent.parts).partition(b"\r\n\r\n")
    assert b"transfer-encoding" not in head
    assert head.endswith(b"\r\nconnection: close")
    assert (body, error, is_closed, ended) == (b"hello", None, True, ["ended"])


async def test_in_http_1_0_an_announced_length_holds() -> None:
    messages = _messages(200, [(b"content-length", b"5")], [b"longer than that"])

    _, (error, *_) = await _answered(Cycle, "GET", messages, keep_alive=False, version="1.0")

    assert error == "RuntimeError: Response content longer than Content-Length"


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
async def test_in_http_1_0_an_answer_may_have_no_body(method: str, status: int) -> None:
    messages = _messages(status, [], [b""])

    sent, (error, *_, is_closed, _) = await _answered(Cycle, method, messages, keep_alive=False, version="1.0")

    assert b"".join(sent.parts).endswith(b"\r\n\r\n")
    assert (error, is_closed) == (None, True)
