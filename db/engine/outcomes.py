"""Finding out what a commit has done whose answer was lost."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from math import inf
from typing import TypeVar

from db.engine.deadline import Deadline
from domain.errors import KeyedOutcomeUnknown, OutcomeUnknown, Unavailable

Result = TypeVar("Result")

_AGAIN_SECONDS = 0.05
_AGAIN_SECONDS_MAX = 0.5
"""Pauses between tries: the first, and the longest, as each is twice the last."""


async def settled(
    write: Callable[[], Awaitable[Result]], unknown: OutcomeUnknown, until: Deadline, *, tries: float = inf
) -> Result:
    """Return the result of a write that does its work once, however often it is called.

    Raises KeyedOutcomeUnknown from the error of the write before it if none of so many succeeds until the deadline.
    """
    pause = _AGAIN_SECONDS
    while until.left > pause and tries > 0:
        await asyncio.sleep(pause)
        # What is true of this try need not be true of the one before, such as that nothing was changed.
        with contextlib.suppress(Unavailable):
            return await write()
        pause, tries = min(2 * pause, _AGAIN_SECONDS_MAX), tries - 1
    raise KeyedOutcomeUnknown from unknown
