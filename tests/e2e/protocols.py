"""Protocol of connections in the process of the test, with applications that only a test has."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.types import ASGIApp, Receive
from uvicorn import Config

from server.http.deadlines import Connections, Limits
from server.http.protocol import Protocol


@asynccontextmanager
async def protocol(app: ASGIApp) -> AsyncIterator[tuple[int, Connections]]:
    """Port at which the protocol serves an application, and its connections, which are checked often."""
    config = Config(app, log_config=None, lifespan="off")
    config.load()
    connections = Connections(Limits(header=60, body=60, answer=60, keep_alive=60, ping=60))
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Protocol(config, connections, {}, loop), "127.0.0.1", 0)

    async def check() -> None:
        # As the server does, with its own clock.
        for moment in range(1_000):
            connections.check_all(float(moment))
            await asyncio.sleep(0.01)

    checking = asyncio.create_task(check())
    try:
        yield server.sockets[0].getsockname()[1], connections
    finally:
        checking.cancel()
        server.close()


async def until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
