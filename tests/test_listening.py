"""Servers of tests leave no connection open."""

import asyncio
import gc
import socket
import warnings
from contextlib import closing

from tests import listening


async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def test_a_connection_that_comes_at_the_end_is_closed() -> None:
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        # It is accepted in one of the iterations of the loop around the end.
        for iterations in range(6):
            server = await asyncio.start_server(answer, "127.0.0.1", 0)
            with closing(socket.create_connection(server.sockets[0].getsockname())):
                for _ in range(iterations):
                    await asyncio.sleep(0)
                await listening.close(server)
                for _ in range(6):
                    await asyncio.sleep(0)
        gc.collect()

    assert [str(each.message) for each in found] == []
