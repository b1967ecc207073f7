"""Memory of operations whose callers read nothing, or have sent long requests: it is what the backlog counts."""

import asyncio
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack

import pytest

from server.app import create_app
from server.http.backlog import _COUNTED_SECONDS, BACKLOG_MAX_BYTES, Backlog
from server.settings import Settings
from tests import streams, websockets
from tests.api import Api
from tests.executors import DOCUMENTS
from tests.schema.following import Streaming
from tests.streams import EVENTS, PATIENCE_SECONDS

pytestmark = pytest.mark.stock

NOTES = " ".join(f"n{number}: note" for number in range(900))
LONG = f"query ($id: ID!) {{ activation(id: $id) {{ {NOTES} }} }}"
LONG_BYTES = 1_800_000
"""Bytes of the answer to this query."""

_FIELDS = "fields { name args { name type { kind } } }"
MANY = " ".join(f'n{number}: __type(name: "Query") {{ {_FIELDS} }}' for number in range(19))
"""Query whose objects take more memory than its answer."""


@pytest.fixture(autouse=True)
def _traced() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


@pytest.fixture
async def activation(api: Api, client: str, product: str) -> str:
    """Id of an activation with a long note."""
    await api.buy(product, 1)
    return await api.activation(client, product, note="n" * 2_000)


async def _until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not is_so():  # noqa: ASYNC110 — it polls anyway.
            await asyncio.sleep(0.005)


async def _kept_unread(socket: websockets.Socket, activation: str) -> int:
    """Return the memory that the long query takes while its caller does not read the answer."""
    before, waiting = tracemalloc.get_traced_memory()[0], socket.waiting
    socket.readable.clear()
    socket.subscribe("unread", LONG, id=activation)
    await _until(lambda: socket.waiting > waiting)
    kept = tracemalloc.get_traced_memory()[0] - before
    socket.readable.set()
    return kept


async def test_a_refused_answer_is_not_kept_until_its_error_is_read(api: Api, activation: str) -> None:
    held = [0]
    async with websockets.signed_in(api, state={"backlog": Backlog(lambda: held[0])}) as socket:
        for number in range(3):
            await socket.ask(f"{number}", LONG, id=activation)
        held[0] = BACKLOG_MAX_BYTES
        # What connections hold is not counted anew for as long, while there is room.
        await asyncio.sleep(2 * _COUNTED_SECONDS)
        kept = await _kept_unread(socket, activation)
        refused = await socket.next()

    assert refused["payload"][0]["extensions"]["code"] == "UNAVAILABLE"
    assert kept < LONG_BYTES / 4


async def test_an_unread_answer_is_in_memory_once(api: Api, activation: str) -> None:
    async with websockets.signed_in(api) as socket:
        for number in range(3):
            await socket.ask(f"{number}", LONG, id=activation)
        kept = await _kept_unread(socket, activation)
        await socket.next()

    assert LONG_BYTES <= kept < 1.25 * LONG_BYTES


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
@pytest.mark.parametrize("query", [LONG, f"{{ {MANY} }}"], ids=["long", "many"])
async def test_an_unread_answer_over_http_is_in_memory_once(api: Api, activation: str, accept: str, query: str) -> None:
    app = create_app(api.portal, Settings(), documents=DOCUMENTS)
    for reads in (True, True, True, False):
        before = tracemalloc.get_traced_memory()[0]
        async with streams.streaming(api, query, app=app, accept=accept, reads=reads, id=activation) as stream:
            if not reads:
                await asyncio.wait_for(stream.waiting.wait(), PATIENCE_SECONDS)
                kept = tracemalloc.get_traced_memory()[0] - before
                stream.readable.set()
            size = len(await stream.receive_body())

    # A request takes some memory too.
    assert kept < 1.25 * size + 100_000


async def test_a_subscription_keeps_no_variables_that_it_does_not_need(api: Api, streaming: Streaming) -> None:
    app = create_app(api.portal, Settings(), documents=DOCUMENTS)
    async with AsyncExitStack() as stack:
        for unused in ("", "v" * 1_000_000):
            before = tracemalloc.get_traced_memory()[0]
            stream = await stack.enter_async_context(streaming(api, EVENTS, app=app, unused=unused))
            await api.client()
            await stream.numbers(1)
            kept = tracemalloc.get_traced_memory()[0] - before

    # The test keeps the body that it has sent.
    assert kept < 1_400_000
