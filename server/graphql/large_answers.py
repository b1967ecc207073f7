"""Answers of large operations, which are made and encoded in parts, with pauses in between."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple

from db.engine.deadline import Deadline
from resolvers.context import Context
from server.graphql.answer_json import PartEncoder
from server.graphql.answers import Answer
from server.graphql.pauses import Pauses
from server.rates.limiter import stopped


class Parts(NamedTuple):
    """Functions by which an operation is executed in parts; None for one that is not large."""

    pause: Pauses | None = None
    encode: Callable[[Any], Any] | None = None


WHOLE = Parts()


async def unless_stopped(until: Deadline | None, running: Coroutine[Any, Any, Answer]) -> Answer:
    """Return the answer of a large operation. Raises CallerGone or ReadTimedOut if it is a query that is stopped.

    Otherwise an error would be made for each of its objects, which takes longer than a slice.
    """
    if until is None or until.for_change:
        return await running
    task = asyncio.ensure_future(running)
    is_stopped = False

    def stop() -> None:
        nonlocal is_stopped
        is_stopped = True
        task.cancel()

    stay, until.on_late = until.on_gone(stop), stop
    try:
        return await task
    except asyncio.CancelledError:
        own = asyncio.current_task()
        if is_stopped and not (own and own.cancelling()):
            raise stopped(until) from None
        raise
    finally:
        stay()
        until.on_late = None


async def written(context: Context, answer: Answer, pause: Pauses, encoder: PartEncoder) -> Answer:
    """Return the answer of a large operation as JSON, and free what it is made of. Raises ApiError at its deadline."""
    until = context.deadline

    async def paused() -> None:
        await pause()
        if until is not None and until.is_over and not until.for_change:
            raise stopped(until)

    whole = await encoder.whole(answer.body, paused)
    answer.body.pop("data", None)
    # Freeing the rows takes as long as a slice.
    await asyncio.sleep(0)
    context.forget()
    await asyncio.sleep(0)
    return answer._replace(json=whole, braces=encoder.braces)
