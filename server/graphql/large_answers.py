"""Answers of large operations, which are made and encoded in parts, with pauses in between."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple

from db.engine.deadline import Deadline
from domain.deadlines import CallerGone
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


async def unless_gone(until: Deadline | None, running: Coroutine[Any, Any, Answer]) -> Answer:
    """Return the answer of a large operation. Raises CallerGone if it is a query whose caller goes away.

    Otherwise each of its objects would get an error that says so, for longer than a slice.
    """
    if until is None or until.for_change:
        return await running
    task = asyncio.ensure_future(running)
    stay = until.on_gone(task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        own = asyncio.current_task()
        if until.gone and not (own and own.cancelling()):
            raise CallerGone from None
        raise
    finally:
        stay()


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
