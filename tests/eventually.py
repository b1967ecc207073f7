"""Waiting for another process."""

import asyncio
from collections.abc import Awaitable, Callable

_PATIENCE_SECONDS = 60
"""Seconds that a machine at full load never needs."""


async def eventually(is_so: Callable[[], Awaitable[bool]]) -> None:
    """Return as soon as the condition holds; raise TimeoutError if it never does."""
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while not await is_so():  # noqa: ASYNC110 — another process has no event to wait for.
            await asyncio.sleep(0.01)


async def settled() -> None:
    """Run the loop until nothing is ready that needs no thread and no server."""
    for _ in range(100):
        await asyncio.sleep(0)
