"""Limits of the HTTP that the server accepts, and its refusals."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.e2e import data
from tests.e2e.processes import serving
from tests.e2e.sockets import GRAPHQL, HEALTH, TYPENAME, answers, calling, chunked, post

MAX_HEAD_BYTES = 64 * 1024
CLOSE = b"Connection: close\r\n\r\n"
DATA = {"data": {"__typename": "Query"}}


class Served(NamedTuple):
    """Server, with its log."""

    port: int
    log: Path


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    directory = tmp_path_factory.mktemp("protocol")
    environment = data.migrated(directory, LOG_FORMAT="json")
    with serving(environment, directory / "log", measured=True) as (url, _):
        yield Served(int(url.rpartition(":")[2]), directory / "log")


@pytest.fixture
def port(served: Served) -> int:
    return served.port


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"hello\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00", 400),
        (b"GET / a HTTP/1.1\r\nHost: portal\r\n\r\n", 400),
        (b"GET portal:80 HTTP/1.1\r\nHost: portal\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\n\r\n", 400),
        (HEALTH + b"Host: other\r\n\r\n", 400),
        (HEALTH + b"Host: portal\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nHost: a b/c@d\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nHost: [::1\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nHost: x:abc\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nHost: x:99999\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nHost: a,b\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nHost: x\x80\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.0\r\nHost: a b\r\n\r\n", 400),
        (b"GET http://portal/healthz HTTP/1.1\r\nHost: \r\n\r\n", 400),
        (b"GET http://ana@portal/healthz HTTP/1.1\r\nHost: portal\r\n\r\n", 400),
        (b"GET http://a,b/healthz HTTP/1.1\r\nHost: portal\r\n\r\n", 400),
        (b"GET http:///healthz HTTP/1.1\r\nHost: portal\r\n\r\n", 400),
        (b"GET ftp://portal/healthz HTTP/1.1\r\nHost: portal\r\n\r\n", 400),
        (b"CONNECT portal:80 HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
        (HEALTH + b"X-A: 1\r\n 2\r\n\r\n", 400),
        (HEALTH + b"X-A : 1\r\n\r\n", 400),
        (HEALTH + b"X-A: \x00\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\nHost: portal\n\n", 400),
        (GRAPHQL + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}", 400),
        (GRAPHQL + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", 400),
        (GRAPHQL + b"Content-Length: 2, 2\r\n\r\n{}", 400),
        (GRAPHQL + b"Content-Length: +2\r\n\r\n{}", 400),
        (GRAPHQL + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (GRAPHQL + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400),
        (GRAPHQL + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 400),
        (GRAPHQL + b"Transfer-Encoding: gzip\r\n\r\n0\r\n\r\n", 400),
        (GRAPHQL + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
        (GRAPHQL + b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501),
        (GRAPHQL.replace(b"1.1", b"1.0") + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (GRAPHQL + b"Expect: 200-ok\r\nContent-Length: 2\r\n\r\n", 417),
        (GRAPHQL + b"Expect: 100-continue, 200-ok\r\nContent-Length: 2\r\n\r\n", 417),
        (GRAPHQL + b"Transfer-Encoding: chunked\r\n\r\nx\r\n\r\n", 400),
        (b"CONNECT portal:80 HTTP/1.1\r\nHost: portal\r\n\r\n", 405),
        (HEALTH + b"X-A: 1\r\n" * 100 + b"\r\n", 431),
        (b"GET /healthz HTTP/2.0\r\nHost: portal\r\n\r\n", 505),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        (b"GET /healthz\r\n\r\n", 505),
    ],
)
def test_what_is_no_http_is_refused_as_every_other_error_is(port: int, request_bytes: bytes, status: int) -> None:
    (answer,) = answers(port, request_bytes)

    assert answer.status == status
    assert answer.json["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["connection"] == "close"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-request-id"]


def test_a_refused_request_keeps_its_id_and_is_logged(served: Served) -> None:
    (answer,) = answers(served.port, HEALTH + b"X-Request-Id: two-hosts\r\nHost: other\r\n\r\n")

    (line,) = (line for line in served.log.read_text().splitlines() if "two-hosts" in line)
    assert answer.headers["x-request-id"] == "two-hosts"
    assert json.loads(line)["status"] == HTTPStatus.BAD_REQUEST
    assert answer.message in line


@pytest.mark.parametrize(
    "host", [b"", b" portal \t", b"portal:", b"portal:65535", b"192.0.2.7:80", b"[2001:db8::7]:9000"]
)
def test_a_host_with_or_without_a_port_is_taken(port: int, host: bytes) -> None:
    (answer,) = answers(port, b"GET /healthz HTTP/1.1\r\nHost: %b\r\n" % host + CLOSE)

    assert answer.status == HTTPStatus.OK


def test_a_url_of_http_is_answered_as_its_path_is(port: int) -> None:
    (answer,) = answers(port, b"GET http://portal:8000/healthz HTTP/1.1\r\nHost: portal:8000\r\n" + CLOSE)

    assert answer.json == {"status": "ok"}


def test_each_host_of_a_connection_is_checked(port: int) -> None:
    found = answers(
        port,
        HEALTH + b"\r\n",
        HEALTH.replace(b"portal", b"other") + b"\r\n",
        HEALTH + b"\r\n",
        HEALTH.replace(b"portal", b"a b") + b"\r\n",
        HEALTH + b"\r\n",
    )

    assert [answer.status for answer in found] == [200, 200, 200, 400]


def test_host_may_be_missing_in_http_1_0(port: int) -> None:
    (answer,) = answers(port, b"GET /healthz HTTP/1.0\r\n\r\n")

    assert answer.status == HTTPStatus.OK


@pytest.mark.parametrize("in_pieces", [False, True])
@pytest.mark.parametrize("after", [b"", HEALTH + b"\r\n"])
@pytest.mark.parametrize(
    ("method", "head", "too_long"),
    [
        (b"GET", b"/healthz HTTP/1.1\r\nHost: portal\r\n%b\r\n", 431),
        (b"GET", b"/healthz?%b HTTP/1.1\r\nHost: portal\r\n\r\n", 414),
        (b"HEAD", b"/healthz?%b HTTP/1.1\r\nHost: portal\r\n\r\n", 414),
    ],
)
def test_request_line_and_headers_have_64_kib_together(
    port: int, method: bytes, head: bytes, too_long: int, after: bytes, *, in_pieces: bool
) -> None:
    def statuses(size: int) -> list[int]:
        filled = b"X-Long: %b\r\n" if too_long == HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE else b"%b"
        empty = head % (filled % b"")
        # The method, the version, line ends and the ": " of headers don't count, or four bytes a header.
        around = len(b" HTTP/1.1\r\n\r\n")
        request = method + b" " + head % (filled % (b"a" * (size - len(empty) + around)))
        pieces = [request[at : at + 10_000] for at in range(0, len(request), 10_000)] if in_pieces else [request]
        with calling(port) as caller:
            caller.send(after, *pieces)
            expected = [caller.answer().status] if after else []
            return [*expected, caller.answer(bodiless=method == b"HEAD").status]

    before = [200] if after else []
    assert statuses(MAX_HEAD_BYTES) == [*before, 200]
    assert statuses(MAX_HEAD_BYTES + 1) == [*before, too_long]


@pytest.mark.parametrize("pipelined", [b"", HEALTH + b"\r\n"])
def test_a_header_without_end_is_refused_before_it_ends(port: int, pipelined: bytes) -> None:
    with calling(port) as caller:
        caller.send(pipelined, HEALTH, b"X-Long: ", *[b"a" * 100_000] * 100)
        *others, last = caller.answers()

    assert [each.status for each in others] == [200] * bool(pipelined)
    assert last.status == HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE


def test_a_url_without_end_is_refused_before_it_ends(port: int) -> None:
    (answer,) = answers(port, b"GET /", *[b"a" * 10_000] * 100)

    assert answer.status == HTTPStatus.REQUEST_URI_TOO_LONG


def test_empty_lines_without_end_are_refused(port: int) -> None:
    (answer,) = answers(port, *[b"\r\n" * 10_000] * 10)

    assert answer.status == HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE


@pytest.mark.parametrize(
    "body",
    [
        [b"1;", *[b"a" * 50_000] * 10],
        [b"0" * 50_000] * 10,
        [b"1\r\n{\r\n0\r\nX-Long: ", *[b"a" * 50_000] * 10],
        [b"1\r\n{\r\n0\r\n" + b"X-A: 1\r\n" * 200],
        [b"".join(b"1;%b\r\n \r\n" % (b"a" * 10_000) for _ in range(100))],
    ],
    ids=["extension", "chunk size", "trailer", "trailers", "extensions"],
)
def test_what_is_around_a_chunked_body_is_limited(port: int, body: list[bytes]) -> None:
    with calling(port) as caller:
        caller.send(GRAPHQL + b"Transfer-Encoding: chunked\r\n\r\n")
        caller.send(*body)
        answer = caller.answer()

    assert answer.status == HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE


def test_a_body_in_chunks_of_one_byte_is_read(port: int) -> None:
    body = TYPENAME.ljust(20_000)

    (answer,) = answers(port, chunked([body[at : at + 1] for at in range(len(body))], b"Connection: close"))

    assert answer.json == DATA


def test_trailers_are_not_taken_for_headers(port: int) -> None:
    first, second = answers(
        port, chunked([TYPENAME], trailers=b"X-Request-Id: trailer\r\n"), post(TYPENAME, b"Connection: close")
    )

    assert first.json == second.json == DATA
    assert "trailer" not in {first.headers["x-request-id"], second.headers["x-request-id"]}


@pytest.mark.parametrize("upgrade", [b"h2c", b"websocket", b"TLS/1.0, h2c"])
@pytest.mark.parametrize("in_pieces", [False, True])
def test_a_wish_for_another_protocol_loses_no_body(port: int, upgrade: bytes, *, in_pieces: bool) -> None:
    wish = (b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: " + upgrade, b"HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA")
    written = (
        post(TYPENAME, *wish) + chunked([TYPENAME[:5], TYPENAME[5:]], *wish) + post(TYPENAME, b"Connection: close")
    )

    found = answers(port, *([written[at : at + 7] for at in range(0, len(written), 7)] if in_pieces else [written]))

    assert [answer.json for answer in found] == [DATA] * 3


def test_a_caller_that_expects_100_sends_its_body_then(port: int) -> None:
    with calling(port) as caller:
        head, _, body = post(TYPENAME, b"Expect: 100-continue").partition(b"\r\n\r\n")
        caller.send(head + b"\r\n\r\n")
        assert caller.answer().status == HTTPStatus.CONTINUE
        caller.send(body)
        assert caller.answer().json == DATA


@pytest.mark.parametrize("expected", [b"100-continue ", b"100-Continue", b", 100-continue"])
def test_an_expectation_is_read_as_a_list(port: int, expected: bytes) -> None:
    with calling(port) as caller:
        caller.send(GRAPHQL + b"Expect: %b\r\nContent-Length: 2\r\n\r\n" % expected)
        assert caller.answer().status == HTTPStatus.CONTINUE


def test_a_caller_of_http_1_0_gets_no_100(port: int) -> None:
    (answer,) = answers(port, post(TYPENAME, b"Expect: 100-continue").replace(b"HTTP/1.1", b"HTTP/1.0"))

    assert answer.json == DATA


@pytest.mark.parametrize("coding", [b"Chunked", b"chunked ", b", chunked"])
def test_a_transfer_coding_is_read_as_a_list(port: int, coding: bytes) -> None:
    request = chunked([TYPENAME], b"Connection: close").replace(b"Encoding: chunked", b"Encoding: " + coding)

    (answer,) = answers(port, request)

    assert answer.json == DATA


def test_blanks_after_a_header_are_no_part_of_it(port: int) -> None:
    (answer,) = answers(port, HEALTH + b"X-Request-Id: mine \t\r\n" + CLOSE)

    assert answer.headers["x-request-id"] == "mine"


def test_pipelined_requests_are_answered_in_their_order(port: int) -> None:
    requests = [post(TYPENAME, b"X-Request-Id: %d" % place) for place in range(100)]

    with calling(port) as caller:
        caller.send(b"".join(requests))
        found = [caller.answer() for _ in requests]

    assert [answer.headers["x-request-id"] for answer in found] == [str(place) for place in range(100)]


def test_a_refusal_waits_for_the_answers_before_it(port: int) -> None:
    found = answers(port, post() + post() + b"hello\r\n\r\n")

    assert [answer.status for answer in found] == [200, 200, 400]


def test_an_invalid_chunk_is_refused_after_the_answers_before_it(port: int) -> None:
    found = answers(port, post() + post() + GRAPHQL + b"Transfer-Encoding: chunked\r\n\r\nx\r\n")

    assert [answer.status for answer in found] == [200, 200, 400]


def test_thousands_of_requests_at_once_are_all_answered(port: int) -> None:
    wishes = (b"X-Wish: none",), (b"Connection: Upgrade", b"Upgrade: h2c")
    requests = [post(TYPENAME, b"X-Request-Id: %d" % place, *wishes[place % 2]) for place in range(3000)]

    with calling(port) as caller, ThreadPoolExecutor(1) as threads:
        sent = threads.submit(caller.send, b"".join(requests))
        found = [caller.answer() for _ in requests]
        sent.result()

    assert [answer.headers["x-request-id"] for answer in found] == [str(place) for place in range(3000)]


@pytest.mark.parametrize(
    ("length", "status"),
    [
        (b"Content-Length: 20000000", HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
        # What has arrived is not too long for a caller with a token.
        (b"Transfer-Encoding: chunked", HTTPStatus.UNAUTHORIZED),
    ],
)
def test_a_caller_that_still_sends_reads_why_its_body_is_refused(port: int, length: bytes, status: int) -> None:
    with calling(port) as caller:
        caller.send(GRAPHQL + length + b"\r\n\r\n" + b"1312d00\r\n" * (b"chunked" in length), *[b" " * 100_000] * 200)
        answer = caller.answer()

    assert answer.status == status


def test_a_body_that_no_one_reads_ends_the_connection(port: int) -> None:
    with calling(port) as caller:
        caller.send(HEALTH + b"Content-Length: 5000000\r\n\r\n", *[b" " * 100_000] * 50, HEALTH + CLOSE)
        found = caller.answers()

    assert [answer.status for answer in found] == [200]


def test_head_has_no_body(port: int) -> None:
    with calling(port) as caller:
        caller.send(b"HEAD" + HEALTH[3:] + CLOSE)
        answer = caller.answer(bodiless=True)
        rest = caller.answers()

    assert (answer.status, answer.headers["content-length"], rest) == (200, "15", [])
