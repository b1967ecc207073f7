"""WebSockets and streams of events, attacked as POST is, take little from others and never fail."""

import json
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from http import HTTPStatus

import httpx
import pytest
from websockets.frames import Opcode

from server.http.transport_ws import CloseCode
from tests.api import Json
from tests.e2e.frames import KEY, VERSION, Framed, frame, framing, handshake, message
from tests.e2e.sockets import PATIENCE_SECONDS, Caller, answers, post
from tests.security.harness import MEMORY_MAX, NEIGHBOUR, Attack, CountedTarget, Target
from tests.security.test_limits import ATTACKS

SWITCHING = 101
EVENTS = "subscription { events { number } }"
MESSAGES = " ".join(f"a{number}: message" for number in range(300))
LONG_EVENTS = f"subscription ($after: String) {{ events(after: $after) {{ {MESSAGES} }} }}"
"""Events of 20 kB each."""


def init(victim: Target) -> bytes:
    return message("connection_init", payload={"authorization": f"Bearer {victim.attacker}"})


def subscribe(id_: str, query: str, **variables: object) -> bytes:
    return message("subscribe", id=id_, payload={"query": query, "variables": variables})


@pytest.fixture(autouse=True)
def _nothing_fails(victim: Target) -> Iterator[None]:
    before = len(victim.log.read_text())
    yield
    logged = victim.log.read_text()[before:]
    assert not [event for event in ("failed", "unexpected", "Traceback", "1011") if event in logged], logged


@contextmanager
def begun(victim: Target) -> Iterator[Framed]:
    """Yield the attacker's connection, acknowledged."""
    with framing(victim.port, init(victim)) as framed:
        assert framed.receive() == {"type": "connection_ack"}
        yield framed


@contextmanager
def reading_nothing(victim: Target, *written: bytes) -> Iterator[Caller]:
    """Yield a connection that buffers hardly anything, to which these bytes are written."""
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(PATIENCE_SECONDS)
        connection.connect(("127.0.0.1", victim.port))
        caller = Caller(connection)
        caller.send(*written)
        yield caller


def sent_by(victim: Target, *frames: bytes) -> Callable[[], Json]:
    """Return an attack that sends these frames, and returns the code of the close frame, None for a reset."""

    def attack() -> Json:
        with ThreadPoolExecutor(1) as threads, framing(victim.port, init(victim)) as framed:
            sent = threads.submit(framed.send, *frames)
            code = None
            with suppress(ConnectionError, EOFError):
                code = framed.closed().code
            sent.result()
            return code

    return attack


@pytest.mark.parametrize("attack", ATTACKS, ids=[attack.name for attack in ATTACKS])
def test_documents_over_a_websocket_are_refused_for_next_to_nothing(counted: CountedTarget, attack: Attack) -> None:
    with begun(counted) as framed, counted.takes_little():
        framed.send(message("subscribe", id=attack.name, payload=json.loads(attack.body(1_000_000))))
        refused = framed.receive()

    assert refused["type"] == "error"
    assert refused["payload"][0]["extensions"]["code"] == attack.code


FLOODS = {
    "subscribes": b"".join(subscribe(str(number), f"{{ unknown{number} }}") for number in range(200)),
    "one id": b"".join(subscribe("1", EVENTS) for _ in range(3_000)),
    "unknown types": b"".join(message("start", id=str(number)) for number in range(3_000)),
    "inits": message("connection_init") * 3_000,
    "pings": frame(b"a" * 100, Opcode.PING) * 5_000,
    "pings of the protocol": message("ping", payload={"a": "x" * 1_000}) * 3_000,
    "empty fragments": frame(b"", fin=False) + frame(b"", Opcode.CONT, fin=False) * 30_000,
    "empty messages": frame(b"") * 30_000,
    "binary messages": frame(b"a" * 1_000, Opcode.BINARY) * 3_000,
    "long messages": frame(b"[" * 2_000_000) * 5,
    "a frame of 8 EB": b"\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff" + bytes(2_000_000),
    "noise": bytes(range(256)) * 10_000,
}


@pytest.mark.parametrize("flood", FLOODS)
def test_others_are_answered_during_a_flood(victim: Target, flood: str) -> None:
    ending = sent_by(victim, FLOODS[flood], frame(b"\x03\xe8", Opcode.CLOSE))
    codes = []

    victim.answers_others_meanwhile(lambda: codes.append(ending()))

    assert CloseCode.INTERNAL not in codes


@pytest.mark.parametrize("flood", FLOODS)
def test_a_flood_never_holds_the_event_loop(counted: CountedTarget, flood: str) -> None:
    with counted.takes_little(in_all=False):
        sent_by(counted, FLOODS[flood], frame(b"\x03\xe8", Opcode.CLOSE))()


def test_callers_that_read_nothing_take_little_memory(victim: Target, http: httpx.Client) -> None:
    (found,) = answers(
        victim.port,
        post(
            json.dumps({"query": "{ events(first: 1) { nodes { cursor } } }"}).encode(),
            b"Authorization: Bearer " + victim.attacker.encode(),
            b"Connection: close",
        ),
    )
    cursor = found.json["data"]["events"]["nodes"][0]["cursor"]
    body = json.dumps({"query": LONG_EVENTS, "variables": {"after": cursor}}).encode()
    by_sse = post(body, b"Authorization: Bearer " + victim.attacker.encode(), b"Accept: text/event-stream")
    operations = [subscribe(str(number), LONG_EVENTS, after=cursor) for number in range(3)]
    with ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(reading_nothing(victim, handshake(KEY, VERSION), init(victim), *operations))
        slow = [stack.enter_context(reading_nothing(victim, by_sse)) for _ in range(10)]
        assert {caller.head().status for caller in slow} == {HTTPStatus.OK}

        headers = {"Authorization": f"Bearer {victim.neighbour}"}
        answer = http.post(f"{victim.url}/graphql", json={"query": NEIGHBOUR}, headers=headers)

        assert "errors" not in answer.json()

    assert victim.peak_memory() < MEMORY_MAX


def test_connections_that_are_never_completed_keep_none_waiting(victim: Target) -> None:
    half = handshake(KEY, VERSION)
    with ExitStack() as stack:
        for number in range(200):
            written = (half[:-2], half, half + frame(b"{" * 1_000)[: 4 + number], half + frame(b"", fin=False))[
                number % 4
            ]
            stack.enter_context(reading_nothing(victim, written))

        victim.answers_others_meanwhile(lambda: None)
