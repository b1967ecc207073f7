"""Ends of batches before all is there: their objects are null already, and nothing else of them is needed."""

import asyncio
from collections.abc import Awaitable

from breadth.awaiting import ENDING, GRACE_SECONDS, Cancelling, wait
from breadth.completion.base import has_raised, leave
from breadth.paths import Paths, PropagatingError
from breadth.protocols import Run
from breadth.values import Column, Value


class AllRaisedError(Exception):
    """A field can't be had for any object of a batch, so that nothing else of them has to be waited for."""

    def __init__(self, column: Column) -> None:
        """Name the errors."""
        super().__init__()
        self.column = column


def all_raised(column: Value) -> bool:
    """Return whether there is a propagating error at every index."""
    return type(column) is list and bool(column) and all(type(value) is PropagatingError for value in column)


def is_over(column: Value, paths: Paths) -> bool:
    """Return whether the errors in a column make all objects of a batch null, which are at these paths."""
    return all_raised(column) or (paths.together and type(column) is list and has_raised(column))


async def soon(run: Run, waiting: Awaitable[Column], count: int) -> Column:
    """Return the column of objects that are null already, without what takes longer than their errors may."""
    ending = ENDING.get()
    ENDING.set(ending + 1)
    task = asyncio.ensure_future(waiting)
    ENDING.set(ending)
    tasks = [task]
    async with Cancelling(tasks):
        await wait(tasks, GRACE_SECONDS / 2**ending)
        tasks.clear()
    leave(run, [task])
    if task.done():
        return task.result()
    run.give_up()
    return [{} for _ in range(count)]


def loop_is_running() -> bool:
    """Return whether anything can be awaited."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
