"""Followers of a stream of events that read nothing do not keep their connections, though the kernel has room."""

import json
import socket
import time
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.e2e import data
from tests.e2e.processes import serving, token
from tests.e2e.sockets import GRAPHQL, PATIENCE_SECONDS, Caller

SUBSCRIPTION = json.dumps({"query": "subscription { events { number } }"}).encode()
ALIVE_SECONDS = 4
"""Seconds between the lines that keep a stream open."""

SMALL, SMALLEST = 4_096, 1
"""Bytes of a receive buffer; the kernel makes the least that it can of the second one."""


class Server(NamedTuple):
    """Port, token and log of a server."""

    port: int
    token: str
    log: Path

    @property
    def cut_off(self) -> int:
        """Number of callers that were cut off."""
        return self.log.read_text().count("answer not read")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    log = tmp_path_factory.mktemp("followers") / "log"
    environment = data.demonstration(log.parent, ANSWER_TIMEOUT_SECONDS="2")
    with serving(environment, log) as (url, _):
        yield Server(int(url.rpartition(":")[2]), token(log.read_text()), log)


def following(server: Server, buffer: int) -> Caller:
    """Return a caller that has read only the head of its answer."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    connection.settimeout(PATIENCE_SECONDS)
    connection.connect(("127.0.0.1", server.port))
    caller = Caller(connection)
    head = f"Accept: text/event-stream\r\nAuthorization: Bearer {server.token}\r\n"
    caller.send(GRAPHQL, f"{head}Content-Length: {len(SUBSCRIPTION)}\r\n\r\n".encode(), SUBSCRIPTION)
    assert caller.head().status == HTTPStatus.OK
    return caller


def test_a_follower_that_reads_nothing_is_cut_off(server: Server) -> None:
    before, until = server.cut_off, time.monotonic() + 2 * PATIENCE_SECONDS

    with following(server, SMALLEST).socket:
        while server.cut_off == before and time.monotonic() < until:
            time.sleep(0.1)

    assert server.cut_off == before + 1


def test_a_follower_that_reads_slowly_is_not_cut_off(server: Server) -> None:
    before, until = server.cut_off, time.monotonic() + 3 * ALIVE_SECONDS

    with following(server, SMALL).socket as connection:
        while time.monotonic() < until:
            assert connection.recv(256)
            time.sleep(0.5)

    assert server.cut_off == before
