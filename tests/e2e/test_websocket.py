"""WebSockets over real connections: handshake, frames, and the ends of connections."""

import json
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.frames import Opcode
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from server.http.transport_ws import SUBPROTOCOL, CloseCode
from tests import cnpjs, plain
from tests.api import Json
from tests.e2e import data
from tests.e2e.frames import KEY, VALID, VERSION, Framed, frame, framing, handshake, message
from tests.e2e.processes import portal, serving, token
from tests.e2e.sockets import PATIENCE_SECONDS, Caller, answers, calling, post

MAX_BYTES = 100_000
INIT = message("connection_init")
TYPENAME = message("subscribe", id="1", payload={"query": "{ __typename }"})
EVENTS = "subscription ($after: String) { events(after: $after) { number cursor } }"
REGISTER = """mutation ($cnpj: String!) {
    registerClient(input: {cnpj: $cnpj, name: "Padaria São João"}) { client { id } userErrors { code } } }"""


class Served(NamedTuple):
    """Server with short timeouts, its log, and a token of its demonstration."""

    port: int
    pid: int
    log: Path
    token: str


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("websocket")
    environment = data.demonstration(
        folder,
        LOG_FORMAT="json",
        MAX_BODY_BYTES=str(MAX_BYTES),
        PING_SECONDS="0.6",
        BODY_TIMEOUT_SECONDS="0.6",
        ANSWER_TIMEOUT_SECONDS="0.6",
        FORWARDED_ALLOW_IPS="127.0.0.1",
    )
    secret = portal(environment, "create-token", "--email", "gerente@alfa.example", "--permissions", "all").strip()
    with serving(environment, folder / "log", measured=True) as (url, process):
        yield Served(int(url.rpartition(":")[2]), process.pid, folder / "log", secret)


@pytest.fixture
def port(served: Served) -> int:
    return served.port


@contextmanager
def connected(port: int, secret: str) -> Iterator[ClientConnection]:
    """Yield a connection of an ordinary client, acknowledged."""
    with connect(f"ws://127.0.0.1:{port}/graphql", subprotocols=[Subprotocol(SUBPROTOCOL)]) as connection:
        connection.send(json.dumps({"type": "connection_init", "payload": {"Authorization": f"Bearer {secret}"}}))
        assert received(connection) == {"type": "connection_ack"}
        yield connection


def received(connection: ClientConnection) -> Json:
    """Return the next message that is no ping."""
    found: Json = json.loads(connection.recv(PATIENCE_SECONDS))
    return received(connection) if found["type"] == "ping" else found


def subscribe(connection: ClientConnection, id_: str, query: str, **variables: object) -> None:
    payload = {"query": query, "variables": variables}
    connection.send(json.dumps({"type": "subscribe", "id": id_, "payload": payload}))


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([KEY], HTTPStatus.UPGRADE_REQUIRED),
        ([KEY, b"Sec-WebSocket-Version: 8"], HTTPStatus.UPGRADE_REQUIRED),
        ([VERSION], HTTPStatus.BAD_REQUEST),
        ([VERSION, KEY, KEY], HTTPStatus.BAD_REQUEST),
        ([VERSION, b"Sec-WebSocket-Key: short"], HTTPStatus.BAD_REQUEST),
        ([VERSION, b"Sec-WebSocket-Key: \xff"], HTTPStatus.BAD_REQUEST),
        ([VERSION, KEY, b"Origin: https://evil.example"], HTTPStatus.FORBIDDEN),
        ([VERSION, KEY, b"Host: other"], HTTPStatus.BAD_REQUEST),
    ],
)
def test_a_handshake_that_is_invalid_is_refused_in_json(port: int, headers: list[bytes], status: HTTPStatus) -> None:
    (answer,) = answers(port, handshake(*headers))

    assert answer.status == status
    assert answer.message
    assert answer.headers["x-request-id"]


@pytest.mark.parametrize("path", [b"/healthz", b"/"])
def test_no_other_path_has_a_websocket(port: int, path: bytes) -> None:
    found = answers(port, VALID.replace(b"/graphql", path).replace(b"keep-alive", b"close"))

    assert [answer.status for answer in found] == [HTTPStatus.OK]


@pytest.mark.parametrize("size", [1, 7, 10**6])
def test_a_handshake_and_its_messages_may_come_in_any_pieces(port: int, size: int) -> None:
    begin = message("connection_init", payload={"a": "x" * 50_000}) if size > 1 else INIT
    written = post() + VALID + begin + TYPENAME

    with calling(port) as caller:
        caller.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        caller.send(post())
        assert caller.answer().status == HTTPStatus.OK
        caller.send(*(written[at : at + size] for at in range(len(post()), len(written), size)))
        head = caller.head()
        framed = Framed(caller)
        found = [framed.receive() for _ in range(3)]

    assert (head.status, head.headers["sec-websocket-accept"]) == (101, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    assert "sec-websocket-extensions" not in head.headers
    assert [each["type"] for each in found] == ["connection_ack", "next", "complete"]
    assert found[-2]["payload"] == {"data": {"__typename": "Query"}}


def test_a_message_in_fragments_with_a_ping_between_them_is_read(port: int) -> None:
    text = json.dumps({"type": "ping", "payload": {"name": "São João"}}).encode()
    parts = [
        frame(text[:1], fin=False),
        *(frame(text[at : at + 1], Opcode.CONT, fin=False) for at in range(1, len(text))),
    ]

    with framing(port, *parts, frame(b"hello", Opcode.PING), frame(b"", Opcode.CONT)) as framed:
        pong, found = framed.next(), framed.receive()

    assert (pong.opcode, bytes(pong.data)) == (Opcode.PONG, b"hello")
    assert found == {"type": "pong", "payload": {"name": "São João"}}


# Each process of a run has masks of its own, so a test is not named by its frames.
@pytest.mark.parametrize(
    ("frames", "code"),
    [
        pytest.param(frame(b"a" * (MAX_BYTES + 1)), CloseCode.TOO_BIG, id="too long"),
        pytest.param(
            b"\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff" + bytes(4), CloseCode.TOO_BIG, id="of a length beyond memory"
        ),
        pytest.param(
            frame(b"a" * MAX_BYTES, fin=False) + frame(b"a", Opcode.CONT), CloseCode.TOO_BIG, id="too long in parts"
        ),
        pytest.param(
            frame(b"", fin=False) + frame(b"", Opcode.CONT, fin=False) * 2_000, CloseCode.TOO_BIG, id="too many parts"
        ),
        pytest.param(frame(b"\xff"), CloseCode.INVALID_DATA, id="no UTF-8"),
        pytest.param(frame(b"{}", Opcode.BINARY), CloseCode.BAD_REQUEST, id="binary"),
        pytest.param(
            INIT + message("subscribe", id="\ud800", payload={"query": EVENTS}) * 2,
            CloseCode.BAD_REQUEST,
            id="no id",
        ),
        pytest.param(frame(b"{}", mask=False), 1002, id="not masked"),
        pytest.param(b"\xc1\x80" + bytes(4), 1002, id="a reserved bit"),
        pytest.param(b"\x83\x80" + bytes(4), 1002, id="an unknown opcode"),
        pytest.param(frame(b"", Opcode.CONT), 1002, id="a part of nothing"),
        pytest.param(frame(b"{", fin=False) + frame(b"}"), 1002, id="a message within another"),
        pytest.param(frame(b"\x00\x01", Opcode.CLOSE), 1002, id="a close with a bad code"),
        pytest.param(frame(b"\x03", Opcode.CLOSE), 1002, id="a close of one byte"),
        pytest.param(b"\x89\xfe\x00\x80" + bytes(132), 1002, id="a long ping"),
        pytest.param(frame(b"a", fin=False), CloseCode.POLICY, id="a message without end"),
    ],
)
def test_frames_that_are_wrong_close_the_connection(port: int, frames: bytes, code: int) -> None:
    with framing(port, frames) as framed:
        closed = framed.closed()

    assert closed.code == code


def test_a_caller_that_answers_no_ping_is_closed(served: Served) -> None:
    with framing(served.port, INIT) as framed:
        assert framed.receive() == {"type": "connection_ack"}
        assert framed.next().opcode is Opcode.PING
        with pytest.raises((EOFError, ConnectionResetError)):
            framed.next()

    assert "ping not answered" in served.log.read_text()


def test_a_caller_that_answers_pings_is_kept(served: Served) -> None:
    with connected(served.port, served.token) as connection:
        with pytest.raises(TimeoutError):
            connection.recv(2.5)
        subscribe(connection, "1", "{ __typename }")

        assert received(connection)["type"] == "next"


def test_a_caller_that_reads_nothing_is_closed(served: Served) -> None:
    codes = " ".join(f"a{number}: authorizationCode" for number in range(30))
    long = f"{{ activations(first: 100) {{ nodes {{ {codes} }} }} }}"
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(PATIENCE_SECONDS)
        connection.connect(("127.0.0.1", served.port))
        caller = Caller(connection)
        begin = message("connection_init", payload={"authorization": f"Bearer {served.token}"})
        asked = [message("subscribe", id=str(each), payload={"query": long}) for each in range(90)]
        caller.send(VALID, begin, *asked)
        wait_for(served.log, "answer not read")
        # What the kernel had sent is read, and the end is a close or a reset.
        with suppress(ConnectionResetError):
            while connection.recv(65536):
                pass


def wait_for(log: Path, event: str) -> None:
    for _ in range(400):
        if event in log.read_text():
            return
        threading.Event().wait(0.025)
    raise AssertionError(log.read_text())


def test_connections_that_end_in_any_way_leave_none_open(served: Served) -> None:
    def count() -> int:
        # One may be closed meanwhile.
        found = 0
        for each in Path(f"/proc/{served.pid}/fd").iterdir():
            with suppress(FileNotFoundError):
                found += str(each.readlink()).startswith("socket:")
        return found

    with connected(served.port, served.token):
        before = count()
    with ExitStack() as stack:
        for place in range(40):
            connection = stack.enter_context(connected(served.port, served.token))
            subscribe(connection, "1", EVENTS)
            if place % 4 == 0:
                connection.socket.shutdown(socket.SHUT_RDWR)
            elif place % 4 == 1:
                connection.send("nonsense")
            elif place % 4 == 2:
                connection.close()
        with pytest.raises(ConnectionClosed):
            stack.enter_context(connected(served.port, "unknown"))
    for _ in range(400):
        if count() <= before:
            break
        threading.Event().wait(0.025)

    assert count() <= before


def test_the_address_of_a_caller_is_the_one_that_the_proxy_says(served: Served) -> None:
    with calling(served.port) as caller:
        caller.send(handshake(KEY, VERSION, b"X-Forwarded-For: 203.0.113.9", b"X-Request-Id: forwarded"))
        caller.head()
        caller.send(frame(b"\x03\xe8", Opcode.CLOSE))
        assert Framed(caller).closed().code == CloseCode.NORMAL
    wait_for(served.log, '"request_id":"forwarded"')

    (line,) = [each for each in map(json.loads, lines(served.log)) if each.get("request_id") == "forwarded"]
    assert (line["client_address"], line["status"], line["close_code"]) == ("203.0.113.9", 101, 1000)


def lines(log: Path) -> list[str]:
    return [line for line in log.read_text().splitlines() if line.startswith("{")]


def test_a_subscription_continues_in_another_process_when_one_stops(
    environment: dict[str, str], tmp_path: Path
) -> None:
    logs = tmp_path / "one", tmp_path / "two"
    with serving(environment, logs[0]) as (one, _), serving(environment, logs[1]) as (two, process):
        secret = token(logs[0].read_text())

        def register() -> None:
            headers = {"Authorization": f"Bearer {secret}"}
            given = {"query": REGISTER, "variables": {"cnpj": cnpjs.another()}}
            plain.post(f"{one}/graphql", json=given, headers=headers).raise_for_status()

        with connected(int(two.rpartition(":")[2]), secret) as connection:
            last = "{ events(last: 1) { nodes { cursor } } }"
            subscribe(connection, "last", last)
            cursor = received(connection)["payload"]["data"]["events"]["nodes"][0]["cursor"]
            assert received(connection)["type"] == "complete"
            subscribe(connection, "events", EVENTS, after=cursor)
            register()
            first = received(connection)["payload"]["data"]["events"]
            process.send_signal(signal.SIGTERM)
            with pytest.raises(ConnectionClosed) as closed:
                received(connection)
        status = process.wait(20)
        register()
        with connected(int(one.rpartition(":")[2]), secret) as connection:
            subscribe(connection, "events", EVENTS, after=first["cursor"])
            second = received(connection)["payload"]["data"]["events"]

    assert status == 0
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, "resume" in closed.value.rcvd.reason) == (CloseCode.RESTART, True)
    assert second["number"] == first["number"] + 1
