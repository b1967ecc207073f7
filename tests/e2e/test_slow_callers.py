"""Slow or silent callers do not keep their connections for ever."""

import json
import socket
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from http import HTTPStatus
from itertools import product
from pathlib import Path

import pytest

from tests.e2e import data
from tests.e2e.processes import serving
from tests.e2e.sockets import GRAPHQL, HEALTH, PATIENCE_SECONDS, TYPENAME, Answer, Caller, calling, post
from tests.eventually import eventually

LIMITS = {
    # Strangers may read long answers, as many as they like.
    "INTROSPECTION": "everyone",
    "RATE_LIMIT_ADDRESS": "0",
    "HEADER_TIMEOUT_SECONDS": "1",
    "BODY_TIMEOUT_SECONDS": "1",
    "ANSWER_TIMEOUT_SECONDS": "2",
    "KEEP_ALIVE_SECONDS": "1",
}
PIECES = (b"", b"a")
LATE = {
    b"GET /": [408],
    HEALTH: [408],
    HEALTH + b"\r\n" + HEALTH: [200, 408],
    post() + post() + HEALTH: [200, 200, 408],
    GRAPHQL + b"Content-Length: 1000\r\n\r\n": [408],
    GRAPHQL + b"Content-Length: 1000\r\n\r\n{": [408],
    GRAPHQL + b"Content-Length: 1000\r\nExpect: 100-continue\r\n\r\n": [100, 408],
    GRAPHQL + b"Transfer-Encoding: chunked\r\n\r\n1;": [408],
    GRAPHQL + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n0\r\nX-Trailer: ": [408],
    post() + GRAPHQL + b"Content-Length: 1000\r\n\r\n{": [200, 408],
    GRAPHQL + b"Authorization: Bearer wrong\r\nContent-Length: 1000\r\n\r\n": [408],
    HEALTH + b"Content-Length: 1000\r\n\r\n": [200],
}
"""Statuses of the answers to what begins requests of which the last is not complete."""
NO_REQUEST = (b"", b"\r\n", HEALTH + b"\r\n", HEALTH + b"\r\n\r\n")
INTROSPECTION = b'{"query": "{ __schema { types { name description fields { name description } } } }"}'


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("slow") / "log"


@pytest.fixture(scope="module")
def port(log: Path) -> Iterator[int]:
    environment = data.migrated(log.parent, LOG_FORMAT="json", **LIMITS)
    with serving(environment, log, measured=True) as (url, _):
        yield int(url.rpartition(":")[2])


def trickle(caller: Caller, piece: bytes) -> list[Answer]:
    """Send the piece repeatedly until the server closes, and return its answers."""
    caller.socket.settimeout(0.1)
    found: list[Answer] = []
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        caller.send(piece)
        try:
            found.append(caller.answer())
        except TimeoutError:
            continue
        except EOFError:
            return found
    message = f"The server did not close within {PATIENCE_SECONDS} s, after {found}"
    raise AssertionError(message)


@pytest.fixture(scope="module")
def sent(port: int) -> Iterator[Mapping[tuple[bytes, bytes], Future[list[Answer]]]]:
    """Answers to all beginnings, each followed by its piece until the server closes.

    They are sent at the same time: each takes as long as the server waits.
    """
    cases = [*product(LATE, PIECES), *((begun, b"") for begun in NO_REQUEST)]

    def send(begun: bytes, piece: bytes) -> list[Answer]:
        with calling(port) as caller:
            caller.send(begun)
            return trickle(caller, piece)

    with ThreadPoolExecutor(len(cases)) as threads:
        yield {case: threads.submit(send, *case) for case in cases}


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize(("begun", "statuses"), LATE.items())
def test_a_request_that_is_not_complete_in_time_is_408(
    sent: Mapping[tuple[bytes, bytes], Future[list[Answer]]], begun: bytes, statuses: list[int], piece: bytes
) -> None:
    found = sent[begun, piece].result()

    assert [answer.status for answer in found] == statuses
    if statuses[-1] == HTTPStatus.REQUEST_TIMEOUT:
        assert "did not arrive within 1 s" in found[-1].message
        assert found[-1].headers["connection"] == "close"
        assert found[-1].headers["x-request-id"]


@pytest.mark.parametrize("begun", NO_REQUEST)
def test_a_connection_without_a_request_is_closed_without_an_answer_to_it(
    sent: Mapping[tuple[bytes, bytes], Future[list[Answer]]], begun: bytes
) -> None:
    found = sent[begun, b""].result()

    assert [answer.status for answer in found] == [200] * (HEALTH in begun)


def test_a_request_that_is_slow_and_in_time_is_answered(port: int) -> None:
    head, body = post()[: -len(TYPENAME)], TYPENAME
    with calling(port) as caller:
        for _ in range(3):
            for part in (head[:20], head[20:], body[:5], body[5:]):
                time.sleep(0.3)
                caller.send(part)
            assert caller.answer().status == HTTPStatus.OK


def _slow_reader(port: int, requests: int) -> Caller:
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(PATIENCE_SECONDS)
    connection.connect(("127.0.0.1", port))
    caller = Caller(connection)
    caller.send(post(INTROSPECTION) * requests)
    return caller


def test_a_caller_that_reads_nothing_is_cut_off(port: int, log: Path) -> None:
    caller = _slow_reader(port, 200)

    until = time.monotonic() + PATIENCE_SECONDS
    while "answer not read" not in log.read_text() and time.monotonic() < until:
        time.sleep(0.1)

    with caller.socket, pytest.raises(ConnectionError):
        caller.answers()
    assert "request failed" not in log.read_text()


def test_a_caller_that_reads_slowly_gets_the_whole_answer(port: int) -> None:
    caller = _slow_reader(port, 100)

    found = []
    with caller.socket:
        for _ in range(25):
            # Longer in total than an answer may be unread.
            time.sleep(0.2)
            found.append(caller.answer())
        found += [caller.answer() for _ in range(75)]

    assert {answer.status for answer in found} == {HTTPStatus.OK}
    assert len({answer.body for answer in found}) == 1


def events(log: Path, request_id: str) -> set[str]:
    """Return the log's events of a request."""
    return {json.loads(line)["event"] for line in log.read_text().splitlines() if request_id in line}


async def test_a_late_request_has_one_id_in_its_answer_and_log(port: int, log: Path) -> None:
    with calling(port) as caller:
        caller.send(GRAPHQL + b"Content-Length: 1000\r\n\r\n{")
        found = caller.answer()

    async def in_both_lines() -> bool:
        return events(log, found.headers["x-request-id"]) == {"request refused", "request"}

    assert found.status == HTTPStatus.REQUEST_TIMEOUT
    await eventually(in_both_lines)
