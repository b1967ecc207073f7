"""Connections beyond a cap are refused with an answer, and their places are free again when they end."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from http import HTTPStatus
from pathlib import Path

import pytest

from tests.e2e import data
from tests.e2e.forks import ROOT
from tests.e2e.processes import serving, wait_until
from tests.e2e.sockets import HEALTH, Answer, calling

PLACES = 3
REQUEST = HEALTH + b"\r\n"
UPGRADE = (
    b"GET /graphql HTTP/1.1\r\nHost: portal\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
)


@pytest.fixture(scope="module", params=["MAX_CONNECTIONS", "MAX_CONNECTIONS_OF_ADDRESS"])
def port(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("caps")
    given = {request.param: str(PLACES), "FORWARDED_ALLOW_IPS": "none", "KEEP_ALIVE_SECONDS": "60"}
    environment = data.migrated(folder, **given)
    with serving(environment, folder / "log", measured=True) as (url, _):
        yield int(url.rpartition(":")[2])


def answer(port: int) -> Answer:
    with calling(port) as caller:
        caller.send(REQUEST)
        return caller.answer()


def test_a_connection_too_many_is_answered_with_503(port: int) -> None:
    with ExitStack() as stack:
        _fill(stack, port)

        refused = answer(port)

    assert refused.status == HTTPStatus.SERVICE_UNAVAILABLE
    assert (refused.headers["retry-after"], refused.headers["connection"]) == ("1", "close")
    (error,) = refused.json["errors"]
    assert error["extensions"]["code"] == "UNAVAILABLE"
    assert "conexões demais" in error["message"]


def test_places_are_free_again_when_connections_end(port: int) -> None:
    for _ in range(3):
        with ExitStack() as stack:
            _fill(stack, port)
            assert answer(port).status == HTTPStatus.SERVICE_UNAVAILABLE


def test_a_websocket_keeps_its_place_until_it_ends(port: int) -> None:
    with ExitStack() as stack:
        _fill(stack, port, request=UPGRADE, status=HTTPStatus.SWITCHING_PROTOCOLS)
        assert answer(port).status == HTTPStatus.SERVICE_UNAVAILABLE

    with ExitStack() as stack:
        _fill(stack, port)


def test_a_silent_connection_too_many_is_closed(port: int) -> None:
    with ExitStack() as stack:
        _fill(stack, port)
        with calling(port) as silent:
            assert silent.answers() == []


def _fill(stack: ExitStack, port: int, request: bytes = REQUEST, status: HTTPStatus = HTTPStatus.OK) -> None:
    """Take all places, as soon as the connections before have ended."""
    taken = 0
    while taken < PLACES:
        caller = stack.enter_context(calling(port))
        caller.send(request)
        found = caller.head() if status is HTTPStatus.SWITCHING_PROTOCOLS else caller.answer()
        if found.status == status:
            taken += 1
        else:
            assert found.status == HTTPStatus.SERVICE_UNAVAILABLE
            caller.socket.close()


def test_a_limit_of_files_below_the_cap_is_logged(tmp_path: Path) -> None:
    log = tmp_path / "log"
    environment = data.migrated(tmp_path / "data", LOG_FORMAT="json", MAX_CONNECTIONS="1000")
    command = f"ulimit -n 300; exec {sys.executable} -m server serve --port 0"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [shutil.which("bash") or "bash", "-c", command], env=environment, cwd=ROOT, stderr=output
        ) as server,
    ):
        try:
            wait_until(lambda: "startup complete" in log.read_text() or server.poll() is not None)
        finally:
            server.terminate()

    lines = [json.loads(line) for line in log.read_text().splitlines()]
    (said,) = [line for line in lines if line["event"] == "fewer connections than MAX_CONNECTIONS"]
    assert (said["connections"], said["files"]) == (44, 300)
