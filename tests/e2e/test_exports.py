"""Files of exports over real connections: whole, or noticeably cut."""

import re
import signal
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests import plain
from tests.e2e.processes import Server, portal, serving, wait_until
from tests.e2e.sockets import PATIENCE_SECONDS

ROWS = 100_000
"""Too many for what a connection holds unread."""

_FILL = """INSERT INTO clients
        (partner_id, cnpj, name, name_folded, trade_name_folded, city_folded, status, registered_at)
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
    SELECT 2, CAST(10000000000000 + i AS TEXT), 'Padaria do Bairro ' || i, 'padaria ' || i, '', '', 'ACTIVE',
        '2026-07-01T12:00:00.000000Z' FROM n"""
_EXPORT = """mutation {
    createExport(input: { list: { clients: { filter: { name: "padaria" } } }, csvStyle: PLAIN }) { export { url } } }"""


@pytest.fixture
def served(environment: dict[str, str], tmp_path: Path) -> Iterator[tuple[str, Server, str]]:
    """Address and process of a server, and the URL of an export of many clients."""
    with closing(sqlite3.connect(tmp_path / "portal.db")) as database, database:
        database.execute(_FILL, [ROWS])
    made = portal(environment, "create-token", "--email", "gerente@beta.example", "--permissions", "all", "--name", "x")
    (token,) = re.findall(r"ppt_\S+", made)
    with serving(environment, tmp_path / "log") as (url, process):
        headers = {"Authorization": f"Bearer {token}"}
        created = plain.post(f"{url}/graphql", json={"query": _EXPORT}, headers=headers).json()
        yield url, process, created["data"]["createExport"]["export"]["url"]


def test_a_file_is_whole_or_has_no_end(served: tuple[str, Server, str], tmp_path: Path) -> None:
    url, process, path = served

    whole = plain.get(url + path, timeout=PATIENCE_SECONDS)
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(PATIENCE_SECONDS)
        connection.connect(("127.0.0.1", urlsplit(url).port))
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: portal.test\r\n\r\n".encode())
        read = connection.recv(4096)
        process.send_signal(signal.SIGINT)
        wait_until(lambda: '"stopping"' in (tmp_path / "log").read_text())
        # The second one ends it at once.
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE_SECONDS)
        cut = read + _rest(connection)

    lines = whole.text.splitlines()
    assert lines[-1] == f"rowCount,{len(lines) - 2}"
    assert len(lines) > ROWS
    assert cut.startswith(b"HTTP/1.1 200")
    assert b"transfer-encoding: chunked" in cut
    assert b"rowCount" not in cut
    assert not cut.endswith(b"0\r\n\r\n")
    assert path.removeprefix("/exports/")[:20] not in (tmp_path / "log").read_text()


def _rest(connection: socket.socket) -> bytes:
    found = b""
    try:
        while part := connection.recv(65536):
            found += part
    except ConnectionResetError:
        pass
    return found
