"""Long answers of PostgreSQL are decoded in pieces, between which the event loop runs others."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
import uvloop
from hypothesis import given
from hypothesis import strategies as st

from db.engine import Connection, Database, deadline, pieces
from db.engine.deadline import Deadline
from db.engine.pieces import PIECE_BYTES, Pieces
from db.engine.place_queue import is_large
from db.engine.pool_sizes import PoolSizes
from db.engine.statement import Statement
from domain.errors import Unavailable
from tests.databases import Databases
from tests.units import fetch_value

ROWS = 20_000
LONG: Statement[Any] = Statement(
    sa.text("SELECT number, repeat('x', 20) FROM generate_series(1, :rows) AS number").columns(
        sa.column("number", sa.Integer), sa.column("text", sa.Text)
    ),
    lambda number, text: (number, text),
)
ENDLESS: Statement[Any] = Statement(
    sa.text(
        "SELECT repeat('x', 20) AS text FROM generate_series(1, :rows) AS number UNION ALL "
        "SELECT 'end' FROM pg_sleep(600)"
    ).columns(sa.column("text", sa.Text)),
    str,
)
NewLoop = Callable[[], asyncio.AbstractEventLoop]
LOOPS: list[NewLoop] = [asyncio.new_event_loop, uvloop.new_event_loop]


class Recorder(asyncio.Protocol):
    """Protocol that keeps what it gets, and in which iteration of the loop; `inner` gets it too."""

    def __init__(self, inner: Any = None) -> None:  # noqa: ANN401 — the driver has no types.
        self.inner = inner
        self.received: list[bytes] = []
        self.iterations: list[int] = []
        self.iteration = 0
        self.has_begun, self.has_ended = asyncio.Event(), asyncio.Event()
        asyncio.get_running_loop().call_soon(self._count)

    def _count(self) -> None:
        self.iteration += 1
        if not self.has_ended.is_set():
            asyncio.get_running_loop().call_soon(self._count)

    def data_received(self, data: bytes) -> None:
        """Keep what came."""
        self.received.append(data)
        self.iterations.append(self.iteration)
        self.has_begun.set()
        if self.inner is not None:
            self.inner.data_received(data)

    def eof_received(self) -> bool | None:
        """Pass it to the inner protocol."""
        return None if self.inner is None else self.inner.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """Count no more."""
        self.has_ended.set()
        if self.inner is not None:
            self.inner.connection_lost(exc)


@contextmanager
def large() -> Iterator[None]:
    before = is_large.set(True)
    try:
        yield
    finally:
        is_large.reset(before)


@pytest.fixture
async def database(databases: Databases) -> AsyncIterator[Database]:
    """Database whose reads share one connection."""
    found = Database(databases.migrated("postgresql"))
    yield found
    await found.close()


def recorded(connection: Connection) -> Recorder:
    """Return a recorder of what the driver of the connection gets."""
    transport = connection._driver._transport  # type: ignore[attr-defined]  # noqa: SLF001 — nothing else has it.
    recorder = Recorder(transport.get_protocol())
    transport.set_protocol(recorder)
    return recorder


async def sent_and_received(data: bytes, size: int) -> Recorder:
    """Return what was received by a protocol, of data that the other end of its connection sends and then ends."""
    ours, theirs = socket.socketpair()
    recorder = Recorder()
    transport, _ = await asyncio.get_running_loop().connect_accepted_socket(lambda: recorder, ours)
    Pieces(transport, recorder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pieces, "PIECE_BYTES", size)
        theirs.setblocking(False)  # noqa: FBT003 — its only argument.
        await asyncio.get_running_loop().sock_sendall(theirs, data)
        theirs.close()
        await recorder.has_ended.wait()
    return recorder


@pytest.mark.parametrize("new_loop", LOOPS)
def test_each_iteration_gives_one_piece_at_most(new_loop: NewLoop) -> None:
    data = bytes(range(256)) * 8_000

    with asyncio.Runner(loop_factory=new_loop) as runner:
        recorder = runner.run(sent_and_received(data, PIECE_BYTES))

    assert b"".join(recorder.received) == data
    assert max(map(len, recorder.received)) <= PIECE_BYTES
    assert len(set(recorder.iterations)) == len(recorder.iterations)


@pytest.mark.parametrize("new_loop", LOOPS)
@given(data=st.binary(max_size=2_000), size=st.integers(1, 300))
def test_pieces_of_any_size_are_what_was_sent(new_loop: NewLoop, data: bytes, size: int) -> None:
    with asyncio.Runner(loop_factory=new_loop) as runner:
        recorder = runner.run(sent_and_received(data, size))

    assert b"".join(recorder.received) == data


async def test_what_comes_between_pieces_follows_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "PIECE_BYTES", 2)
    ours, theirs = socket.socketpair()
    recorder = Recorder()
    transport, _ = await asyncio.get_running_loop().connect_accepted_socket(lambda: recorder, ours)
    protocol = Pieces(transport, recorder)
    protocol.data_received(b"1234")

    # As a connection with TLS does, which has decrypted it before.
    protocol.data_received(b"56")
    protocol.eof_received()

    assert recorder.received == [b"12", b"34", b"56"]
    transport.close()
    theirs.close()
    await recorder.has_ended.wait()


async def test_a_closed_connection_gives_no_more_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "PIECE_BYTES", 2)
    ours, theirs = socket.socketpair()
    recorder = Recorder()
    transport, _ = await asyncio.get_running_loop().connect_accepted_socket(lambda: recorder, ours)
    Pieces(transport, recorder).data_received(b"1234")

    transport.abort()
    await recorder.has_ended.wait()
    await asyncio.sleep(0)

    assert recorder.received == [b"12"]
    theirs.close()


async def received_before_loss() -> list[bytes]:
    """Return what a protocol received whose connection was lost between two pieces."""
    ours, theirs = socket.socketpair()
    recorder = Recorder()
    transport, _ = await asyncio.get_running_loop().connect_accepted_socket(lambda: recorder, ours)
    theirs.close()
    Pieces(transport, recorder).data_received(b"1234")
    # The other end is closed, so that this is an error of the connection.
    transport.write(b"?")
    await recorder.has_ended.wait()
    return recorder.received


@pytest.mark.parametrize("new_loop", LOOPS)
def test_what_arrived_before_a_connection_was_lost_is_given(monkeypatch: pytest.MonkeyPatch, new_loop: NewLoop) -> None:
    monkeypatch.setattr(pieces, "PIECE_BYTES", 2)

    with asyncio.Runner(loop_factory=new_loop) as runner:
        received = runner.run(received_before_loss())

    assert received == [b"12", b"34"]


async def read_after_loss(url: str, *, alone: bool) -> None:
    """Read twice in a large operation that loses its connection in between."""
    database = Database(url)

    async def read(connection: Connection) -> None:
        await connection.fetch(LONG, {"rows": 1})
        recorder = recorded(connection)
        connection._driver._transport.abort()  # type: ignore[attr-defined]  # noqa: SLF001 — nothing else has it.
        await recorder.has_ended.wait()
        await connection.fetch(LONG, {"rows": 1})

    try:
        with large():
            await database.read(read, alone=alone)
    finally:
        await database.close()


@pytest.mark.parametrize("new_loop", LOOPS)
@pytest.mark.parametrize("alone", [True, False])
def test_a_read_after_its_connection_was_lost_is_unavailable(
    databases: Databases, *, alone: bool, new_loop: NewLoop
) -> None:
    url = databases.migrated("postgresql")

    with asyncio.Runner(loop_factory=new_loop) as runner, pytest.raises(Unavailable):
        runner.run(read_after_loss(url, alone=alone))


@pytest.mark.parametrize("query", ["", "&pooler=transaction"])
@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize("size", [1_001, PIECE_BYTES])
async def test_rows_of_a_large_operation_are_decoded_in_pieces(
    databases: Databases, monkeypatch: pytest.MonkeyPatch, *, query: str, alone: bool, size: int
) -> None:
    monkeypatch.setattr(pieces, "PIECE_BYTES", size)
    database = Database(databases.migrated("postgresql") + query)

    async def read(connection: Connection) -> tuple[Recorder, list[Any]]:
        recorder = recorded(connection)
        found = list(await connection.fetch(LONG, {"rows": ROWS}))
        recorder.has_ended.set()
        return recorder, found

    with large():
        recorder, found = await database.read(read, alone=alone)

    assert found == [(number, "x" * 20) for number in range(1, ROWS + 1)]
    assert max(map(len, recorder.received)) <= size
    # The last piece may come with the end of the transaction.
    assert len(set(recorder.iterations)) >= len(recorder.iterations) - 1
    await database.close()


async def test_other_reads_are_decoded_as_they_arrive(database: Database) -> None:
    async def read(connection: Connection) -> tuple[bool, Any]:
        driver = connection._driver  # type: ignore[attr-defined]  # noqa: SLF001 — nothing else has it.
        before = driver._transport.get_protocol()  # noqa: SLF001 — nothing else has it.
        with large():
            await connection.fetch(LONG, {"rows": ROWS})
        await connection.fetch(LONG, {"rows": ROWS})
        return before is driver._transport.get_protocol(), before  # noqa: SLF001 — nothing else has it.

    is_same, protocol = await database.read(read)

    assert is_same
    assert not isinstance(protocol, Pieces)


@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize("end", ["cancelled", "gone", "late"])
async def test_a_read_that_ends_between_pieces_frees_its_connection(
    databases: Databases, monkeypatch: pytest.MonkeyPatch, *, alone: bool, end: str
) -> None:
    monkeypatch.setattr(pieces, "PIECE_BYTES", 1_000)
    database = Database(databases.migrated("postgresql"), sizes=PoolSizes(reading=1))
    until = Deadline(2 if end == "late" else 600)
    begun: asyncio.Future[Recorder] = asyncio.get_running_loop().create_future()

    async def read(connection: Connection) -> None:
        begun.set_result(recorded(connection))
        await connection.fetch(ENDLESS, {"rows": ROWS})

    before = deadline.current.set(until)
    with large():
        reading = asyncio.create_task(database.read(read, alone=alone))
    deadline.current.reset(before)
    if end != "late":
        await (await begun).has_begun.wait()
    if end == "cancelled":
        reading.cancel()
    elif end == "gone":
        until.abandon()

    with pytest.raises((asyncio.CancelledError, Unavailable)):
        await reading
    assert await database.read(lambda connection: fetch_value(connection, sa.text("SELECT 1"))) == 1
    if begun.done():
        begun.result().has_ended.set()
    await database.close()
