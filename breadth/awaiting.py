"""Columns: one value for each object of a level, and what is found out about them by looking at their classes."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from types import GeneratorType
from typing import Any, NamedTuple

from graphql import Undefined
from graphql.pyutils import is_awaitable

Column = list[Any]
"""Always a list, so that what is no list is a column to be awaited."""

NOTHING = (type(None), type(Undefined))

_KNOWN_MAX = 2_000


class Traits(NamedTuple):
    """What a class of values needs besides being completed."""

    awaitable: bool
    iterates_async: bool
    exception: bool


_TRAITS: dict[type, Traits] = {}

EASY: set[type] = {type(None)}
"""Classes whose values are neither awaited nor errors; they are learnt as values come."""


def learn(kinds: Iterable[type]) -> Traits:
    """What any of these classes needs."""
    found = [_TRAITS.get(kind) or _learnt(kind) for kind in kinds]
    return Traits(*map(any, zip(*found, strict=True))) if found else Traits(False, False, False)  # noqa: FBT003


def _learnt(kind: type) -> Traits:
    traits = Traits(
        awaitable=hasattr(kind, "__await__") or kind is GeneratorType,
        iterates_async=hasattr(kind, "__aiter__"),
        exception=issubclass(kind, Exception) or kind is type(Undefined),
    )
    # A program that makes classes as it runs must not fill the memory with them.
    if len(_TRAITS) < _KNOWN_MAX:
        _TRAITS[kind] = traits
        if not any(traits):
            EASY.add(kind)
    return traits


def then(column: Any, proceed: Callable[[Column], Any]) -> Any:  # noqa: ANN401 — a column, or what is awaited for one.
    """What `proceed` makes of the column, awaitable where either of them has to be waited for."""
    return proceed(column) if type(column) is list else _after(column, proceed)


async def _after(column: Awaitable[Column], proceed: Callable[[Column], Any]) -> Column:
    result: Any = proceed(await column)
    return result if type(result) is list else await result


async def settled(values: Sequence[Any], awaitable: Sequence[int]) -> Column:
    """The values with those at these places awaited, all at once; what one of them raises stands in its place."""
    column = list(values)
    if len(awaitable) == 1:
        place = awaitable[0]
        try:
            column[place] = await column[place]
        except Exception as error:  # noqa: BLE001 — a resolver may raise anything, which is the error of its place.
            column[place] = error
        return column
    results = await asyncio.gather(*(column[place] for place in awaitable), return_exceptions=True)
    for place, result in zip(awaitable, results, strict=True):
        if isinstance(result, BaseException) and not isinstance(result, Exception):
            raise result
        column[place] = result
    return column


async def gathered(waiting: Sequence[Awaitable[Any]]) -> list[Any]:
    """What all of these are awaited for, at once; where one raises, the others are cancelled."""
    tasks = [asyncio.ensure_future(each) for each in waiting]
    try:
        return await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise


def discard(columns: Iterable[Any]) -> None:
    """Give up columns that nobody will await any more."""
    for column in columns:
        close = getattr(column, "close", None)
        if type(column) is not list and is_awaitable(column) and close is not None:
            close()
