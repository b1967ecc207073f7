"""Answers of large operations, which are made and encoded in parts, with pauses in between."""

from collections.abc import Callable
from typing import Any, NamedTuple

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


async def written(context: Context, answer: Answer, pause: Pauses, encoder: PartEncoder) -> Answer:
    """Return the answer of a large operation as JSON, and free what it is made of. Raises ApiError at its deadline."""
    until = context.deadline

    async def paused() -> None:
        await pause()
        if until is not None and until.is_over and not until.for_change:
            raise stopped(until)

    whole = await encoder.whole(answer.body, paused)
    answer.body.pop("data", None)
    await pause()
    context.forget()
    return answer._replace(json=whole, braces=encoder.braces)
