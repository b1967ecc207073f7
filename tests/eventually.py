"""Waiting for what another process does in its own time."""

import asyncio
from collections.abc import Awaitable, Callable

_PATIENCE_SECONDS = 10


async def eventually(is_so: Callable[[], Awaitable[bool]]) -> None:
    """Return as soon as it is so; TimeoutError if it never is."""
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while not await is_so():  # noqa: ASYNC110 — another process has no event to wait for.
            await asyncio.sleep(0.01)
