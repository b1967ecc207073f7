"""Results of subscriptions that have no room in the backlog: they are freed, and executed again once they have room."""

import asyncio
import json
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, NamedTuple

import pytest

from server.app import create_app
from server.http.backlog import BACKLOG_MAX_BYTES, Backlog
from server.settings import Settings
from tests import websockets
from tests.api import Api
from tests.executors import DOCUMENTS
from tests.schema.following import Streaming, cursor_of, last_number
from tests.streams import PATIENCE_SECONDS

pytestmark = pytest.mark.stock

FULL = BACKLOG_MAX_BYTES
NOTES = " ".join(f"n{number}: note" for number in range(1_000))
LONG = f"subscription {{ events {{ number activation {{ {NOTES} }} }} }}"
LONG_BYTES = 2_000_000
"""Bytes of a result of this subscription for an activation."""

Activate = Callable[[], Awaitable[None]]

CLIENTS = "subscription ($after: String) { events(after: $after) { number client { name } } }"


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again soon."""
    monkeypatch.setattr("server.http.backlog._COUNTED_SECONDS", 0)
    monkeypatch.setattr("server.http.event_stream._RETRY_SECONDS", 0.01)
    monkeypatch.setattr("server.http.websocket_operation._RETRY_SECONDS", 0.01)


@pytest.fixture
def traced(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Trace memory, and keep shared results as long as a slow machine may take."""
    monkeypatch.setattr("server.graphql.shared_results.KEPT_SECONDS", 60)
    tracemalloc.start()
    yield
    tracemalloc.stop()


@pytest.fixture
async def activate(api: Api, client: str, product: str) -> Activate:
    """Activate a license with a long note."""
    await api.buy(product, 10)

    async def call() -> None:
        await api.activation(client, product, note="n" * 2_000)

    return call


class Unread:
    """Bytes that connections hold, and how often they were counted."""

    def __init__(self) -> None:
        self.size = self.looks = 0

    def __call__(self) -> int:
        """Count them."""
        self.looks += 1
        return self.size

    async def counted_again(self, times: int) -> None:
        """Wait until they were counted so many times more."""
        until = self.looks + times
        await _until(lambda: self.looks >= until)


async def _until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not is_so():  # noqa: ASYNC110 — it polls anyway.
            await asyncio.sleep(0.005)


async def _number(stream: Any) -> int:  # noqa: ANN401 — of either transport.
    (number,) = await stream.numbers(1)
    return int(number)


@asynccontextmanager
async def _executed(level: Api, call: Callable[[], None] = lambda: None) -> AsyncIterator[list[str]]:
    """Yield the statements by which events are executed meanwhile; `call` is called with each."""
    executed: list[str] = []

    def note(statement: str) -> None:
        if "FROM clients" in statement:
            executed.append(statement)
            call()

    observers = level.portal.database.observers
    observers.append(note)
    yield executed
    observers.remove(note)


class Opened(NamedTuple):
    """Subscriptions that had some long results already, and at last a short one, and what is unread of others."""

    streams: list[Any]
    unread: Unread

    async def numbers(self) -> list[int]:
        """Return the number of the next event of each."""
        return [await _number(each) for each in self.streams]


@asynccontextmanager
async def _following(api: Api, activate: Activate, streaming: Streaming, count: int) -> AsyncIterator[Opened]:
    unread, app = Unread(), create_app(api.portal, Settings(), documents=DOCUMENTS)
    backlog = Backlog(unread)
    async with AsyncExitStack() as stack:
        opened = Opened(
            [
                await stack.enter_async_context(streaming(api, LONG, app=app, state={"backlog": backlog}))
                for _ in range(count)
            ],
            unread,
        )
        # What is kept for the operation is made meanwhile.
        for _ in range(3):
            await activate()
            await opened.numbers()
        await api.client()
        await opened.numbers()
        yield opened


@pytest.mark.parametrize("count", [1, 2], ids=["alone", "shared"])
@pytest.mark.usefixtures("traced")
async def test_a_refused_result_is_not_kept_in_memory(
    api: Api, activate: Activate, streaming: Streaming, count: int
) -> None:
    async with _following(api, activate, streaming, count) as opened:
        before, opened.unread.size = tracemalloc.get_traced_memory()[0], FULL

        await activate()
        await opened.unread.counted_again(5 * count)
        kept = tracemalloc.get_traced_memory()[0] - before
        opened.unread.size = 0
        await opened.numbers()

    assert kept < LONG_BYTES / 4


@pytest.mark.usefixtures("traced")
async def test_a_subscription_keeps_no_result_after_it_was_sent(
    api: Api, activate: Activate, streaming: Streaming
) -> None:
    async with _following(api, activate, streaming, 1) as opened:
        before = tracemalloc.get_traced_memory()[0]

        await activate()
        await opened.numbers()
        kept = tracemalloc.get_traced_memory()[0] - before

    assert kept < LONG_BYTES / 4


async def test_a_refused_event_is_executed_again_once_it_has_room(
    level: Api, streaming: Streaming, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.http.room.FREE_BYTES", 0)
    await level.client()
    start = await cursor_of(level, await last_number(level))
    await level.client()
    unread = Unread()
    unread.size = FULL

    async with (
        _executed(level) as executed,
        streaming(level, CLIENTS, after=start, state={"backlog": Backlog(unread)}) as stream,
    ):
        await unread.counted_again(10)
        in_vain = len(executed)
        unread.size = 0
        await _number(stream)

    assert (in_vain, len(executed)) == (1, 2)


async def test_room_for_one_result_lets_one_subscription_execute(
    level: Api, streaming: Streaming, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.http.room.FREE_BYTES", 0)
    monkeypatch.setattr("server.http.backlog.FREE_BYTES", 0)
    monkeypatch.setattr("server.graphql.shared_results.KEPT_SECONDS", 0)
    await level.client()
    start = await cursor_of(level, await last_number(level))
    await level.client()
    unread, at_once = Unread(), list[int]()
    unread.size = FULL
    backlog, app = Backlog(unread), create_app(level.portal, Settings(), documents=DOCUMENTS)

    def count() -> None:
        at_once.append(backlog._coming)  # noqa: SLF001 — how much is counted shows nowhere else.

    async with _executed(level, count) as executed, AsyncExitStack() as stack:
        opened = []
        for number in range(4):
            query = CLIENTS.replace("name", f"n{number}: name")
            opened.append(
                await stack.enter_async_context(
                    streaming(level, query, app=app, after=start, state={"backlog": backlog})
                )
            )
        await unread.counted_again(20)
        first = len(executed)
        at_once.clear()
        # Room for one of the results, which have all the same length.
        unread.size = FULL - 100
        for each in opened:
            await _number(each)

    assert (first, len(executed)) == (4, 8)
    assert all(0 < size < 100 for size in at_once)


async def test_after_a_refusal_events_are_executed_in_small_batches(
    level: Api, streaming: Streaming, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.http.room.FREE_BYTES", 0)
    await level.client()
    start = await cursor_of(level, await last_number(level))
    for _ in range(12):
        await level.client()
    unread = Unread()
    unread.size = FULL

    async with (
        _executed(level) as executed,
        streaming(level, CLIENTS, after=start, state={"backlog": Backlog(unread)}) as stream,
    ):
        await unread.counted_again(3)
        in_vain = len(executed)
        unread.size = 0
        found = await stream.numbers(12)

    assert found == [*range(found[0], found[0] + 12)]
    # Of 1, 2, 4 and 5 events.
    assert len(executed) - in_vain == 4


async def test_a_batch_that_waits_for_its_caller_is_counted(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.http.room.FREE_BYTES", 0)
    await api.client()
    start = await cursor_of(api, await last_number(api))
    for _ in range(10):
        await api.client(name="Padaria")
    backlog = Backlog()

    async with websockets.signed_in(api, state={"backlog": backlog}) as socket:

        def is_counted() -> bool:
            # The first message is a ping, which passes.
            if not backlog._coming:  # noqa: SLF001 — how much is counted shows nowhere else.
                socket.readable.set()
                socket.readable.clear()
            return backlog._coming > 0  # noqa: SLF001

        socket.readable.clear()
        socket.subscribe("1", CLIENTS, after=start)
        await _until(is_counted)
        counted = backlog._coming  # noqa: SLF001
        socket.readable.set()
        sent = [len(json.dumps((await socket.next())["payload"], separators=(",", ":"))) for _ in range(10)]

    assert (counted, backlog._coming) == (sum(sent), 0)  # noqa: SLF001
