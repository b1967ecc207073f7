"""Objects loaded by a request are freed with its answer, not by a later garbage collection."""

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from uvicorn import Config

from server.app import create_app
from server.graphql.answers import Answer
from server.http.deadlines import Connections, Limits
from server.http.protocol import Protocol
from server.settings import Settings
from tests import plain
from tests.api import Api
from tests.executors import DOCUMENTS
from tests.factories import new_product

QUERIES = [
    "{ clients { nodes { id name activations(first: 2) { totalCount nodes { id product { name } } } } } }",
    "{ activations { nodes { id product { id } client { name cnpj } activatedBy { name } } pageInfo { endCursor } } }",
    '{ activations(filter: { clientName: "a" }) { edges { cursor node { client { name } } } } }',
    "{ orders { nodes { number items { product { name } } createdBy { name } } } events { nodes { message } } }",
]
OURS = ("breadth.", "db.", "demo.", "domain.", "resolvers.", "schema.", "server.", "graphql.", "strawberry.")


@contextmanager
def garbage() -> Iterator[list[object]]:
    """Yield the objects that only a garbage collection would free."""
    found: list[object] = []
    gc.collect()
    # What earlier tests made is not looked through again.
    gc.freeze()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        yield found
        gc.collect()
        found += gc.garbage
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


@pytest.fixture
async def connected(level: Api) -> AsyncIterator[Api]:
    """Caller on a connection of the server, which keeps the scope of its last request."""
    config = Config(create_app(level.portal, Settings(), documents=DOCUMENTS), log_config=None, lifespan="off")
    config.load()
    connections = Connections(Limits(header=60, body=60, answer=60, keep_alive=60, ping=60))
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Protocol(config, connections, {}, loop), "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    async with plain.AsyncClient(base_url=f"http://{host}:{port}") as http:
        yield replace(level, http=http)
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize("query", QUERIES)
async def test_nothing_of_a_request_is_left_to_the_garbage_collector(connected: Api, query: str) -> None:
    product = await new_product(connected.portal, connected.partner_id)
    await connected.approve(await connected.order((product, 9)))
    for _ in range(2):
        await connected.activation(await connected.client(), product)
    for _ in range(2):
        await connected.data(query)

    with garbage() as found:
        await connected.data(query)

    assert [each for each in found if type(each).__module__.startswith(OURS)] == []


async def test_an_idle_connection_does_not_keep_its_last_answer(connected: Api) -> None:
    gc.freeze()
    await connected.data(QUERIES[0])
    gc.collect()

    assert [each for each in gc.get_objects() if issubclass(type(each), Answer)] == []
