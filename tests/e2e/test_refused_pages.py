"""Web pages of allowed origins read the answers that a connection gives by itself, in their language."""

import asyncio
from functools import partial
from pathlib import Path

import pytest
from starlette.types import Receive, Scope, Send

from server.http.cors import Cors
from server.http.deadlines import Connections
from tests.e2e import data
from tests.e2e.processes import serving
from tests.e2e.protocols import protocol, until_gone
from tests.e2e.sockets import GRAPHQL, HEALTH, answers
from tests.eventually import eventually

ORIGIN = "https://spa.example"
OF_PAGE = b"Origin: https://spa.example\r\nAccept-Language: en\r\n"


async def hang(_scope: Scope, receive: Receive, _send: Send) -> None:
    await until_gone(receive)


async def is_later(connections: Connections, than: float) -> bool:
    return connections.now > than


async def refused(request: bytes) -> bytes:
    """Return the answer to a request that does not end before the server stops."""
    async with protocol(hang) as (port, connections), asyncio.timeout(20):
        connections.cors = Cors([ORIGIN])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        # The request has arrived when the server has looked at the timeouts again.
        await eventually(partial(is_later, connections, connections.now + 20))
        connections.give_up()
        received = await reader.read()
        writer.close()
    return received


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (GRAPHQL + OF_PAGE + b"Content-Length: 9\r\n\r\n{", 503),
        (HEALTH + OF_PAGE + b"Host: other\r\n\r\n", 400),
        (HEALTH + OF_PAGE + b"X-Long: " + b"a" * 70_000, 431),
        (HEALTH + OF_PAGE + b"X-A: 1\r\n" * 100 + b"\r\n", 431),
        (GRAPHQL + OF_PAGE + b"Expect: nothing\r\n\r\n", 417),
    ],
)
async def test_a_page_reads_what_the_connection_refuses(request_bytes: bytes, status: int) -> None:
    head, _, body = (await refused(request_bytes)).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"\r\naccess-control-allow-origin: https://spa.example\r\n" in head
    assert b"\r\nvary: Accept-Language\r\n" in head
    assert b"\r\nvary: Origin\r\n" in head
    assert b"reiniciado" not in body


async def test_a_page_of_another_origin_reads_no_refusal() -> None:
    received = await refused(HEALTH + OF_PAGE.replace(b"spa", b"evil") + b"Host: other\r\n\r\n")

    assert received.startswith(b"HTTP/1.1 400 ")
    assert b"access-control" not in received


def test_the_setting_says_which_pages_read_refusals(tmp_path: Path) -> None:
    environment = data.migrated(tmp_path, CORS_ORIGINS=ORIGIN)
    with serving(environment, tmp_path / "log", measured=True) as (url, _):
        (answer,) = answers(int(url.rpartition(":")[2]), HEALTH + OF_PAGE + b"Host: other\r\n\r\n")

    assert (answer.status, answer.headers["access-control-allow-origin"]) == (400, ORIGIN)
