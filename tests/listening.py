"""Servers on this process's loop."""

import asyncio


async def close(server: asyncio.Server) -> None:
    """Close the server after each connection that it has accepted is made: before Python 3.12, others stay open."""
    loop = asyncio.get_running_loop()
    for each in server.sockets:
        loop.remove_reader(each)
    for _ in range(2):
        await asyncio.sleep(0)
    server.close()
