"""Followers behind a proxy whose server restarts: they go on trying, whatever the proxy answers meanwhile."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import Thread

import pytest

from tests import cnpjs
from tests.docs.conftest import Demo
from tests.docs.pages import the_file
from tests.e2e.processes import wait_until

PAGE = b"<html>Restarting</html>"
BROKEN = [
    # The server has stopped after it took the connection.
    b"",
    *(
        b"HTTP/1.1 %d Restarting\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%b" % (status, len(PAGE), PAGE)
        for status in (500, 502, 503, 504)
    ),
    b"no HTTP\r\n\r\n",
    # Upgraded, or a stream of events, and nothing else.
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\nConnection: Upgrade\r\n\r\n",
    b'HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n\r\nevent: next\ndata: {"data": {"ev',
]
"""What the proxy answers to one connection after the other."""

REGISTER = """mutation ($cnpj: String!) { registerClient(input: { cnpj: $cnpj, name: "Padaria" }) { client { id } } }"""


class Proxy:
    """Proxy that answers the first connections by itself, and then passes all bytes on."""

    def __init__(self, listening: socket.socket, target: int) -> None:
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        self.broken: list[bytes] = []
        self._listening, self._target = listening, target
        Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                caller, _ = self._listening.accept()
                if self.broken:
                    with caller, suppress(OSError):
                        caller.recv(65_536)
                        caller.sendall(self.broken.pop(0))
                    continue
                server = socket.create_connection(("127.0.0.1", self._target))
                for source, sink in ((caller, server), (server, caller)):
                    Thread(target=_passed_on, args=(source, sink), daemon=True).start()


def _passed_on(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError), source, sink:
        while given := source.recv(65_536):
            sink.sendall(given)


@pytest.fixture
def proxy(demo: Demo) -> Iterator[Proxy]:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        yield Proxy(listening, int(demo.url.rpartition(":")[2]))
        # It wakes the thread that accepts, whose call a debugger would let go on with the next socket of that number.
        listening.shutdown(socket.SHUT_RDWR)


@contextmanager
def running(command: Sequence[str | Path], folder: Path, environment: dict[str, str]) -> Iterator[Iterator[str]]:
    """Yield the lines of events that a follower prints; it is killed at the end."""
    with subprocess.Popen(
        command, cwd=folder, env=os.environ | environment, stdout=subprocess.PIPE, encoding="utf-8"
    ) as process:
        assert process.stdout is not None
        try:
            yield iter(process.stdout)
        finally:
            process.kill()


@pytest.mark.parametrize("name", ["follow.py", "follow_by_websocket.py", "portal events follow"])
def test_a_follower_goes_on_whatever_a_proxy_answers_meanwhile(
    demo: Demo, proxy: Proxy, program: Path, tmp_path: Path, name: str
) -> None:
    kept_at = tmp_path / "events.cursor"
    if name.endswith(".py"):
        # As in the documentation, but without waiting for a second each time.
        script = the_file(name, "docs/guides/subscriptions.md").replace("time.sleep(1)", "time.sleep(0.05)")
        (tmp_path / name).write_text(script, encoding="utf-8")
        command: list[str | Path] = [sys.executable, name]
    else:
        command = [program, "events", "follow", "--state", kept_at]
    # The command waits longer each time.
    proxy.broken = list(BROKEN) if name.endswith(".py") else [*BROKEN[:3], BROKEN[-1]]
    environment = {"PORTAL": proxy.url, "TOKEN": demo.token, "PYTHONIOENCODING": "utf-8"}
    with running(command, tmp_path, environment) as lines:
        wait_until(kept_at.exists)

        demo.ask(REGISTER, {"cnpj": cnpjs.another()})
        line = next(lines)

    assert proxy.broken == []
    (last,) = demo.ask("{ events(last: 1) { nodes { number } } }")["data"]["events"]["nodes"]
    assert last["number"] == (json.loads(line)["number"] if line.startswith("{") else int(line.split()[0]))
