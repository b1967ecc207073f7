"""Functions that await columns, and the traits of classes of values."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from contextvars import ContextVar
from functools import partial
from types import GeneratorType
from typing import NamedTuple

from graphql import Undefined
from graphql.pyutils import is_awaitable

from breadth.values import Column, MaybeAwaitable, Value

NOTHING = (type(None), type(Undefined))

GRACE_SECONDS = 0.05
"""How long the values of a batch wait for those that are not there yet, before the others are completed first."""

_ITERATIONS_MIN = 50
"""How many iterations of the loop a wait lasts at least: on a busy machine, its time is over before ready tasks ran."""

ENDING: ContextVar[int] = ContextVar("breadth.ending", default=0)
"""How many objects around the current one are null already, and wait for errors that come with that of theirs."""

_NOT_NEEDED = "Nothing of it is needed any more."
"""Message of a cancellation that ends a part of an execution, in distinction to one of the whole request."""

_KNOWN_MAX = 2_000


class Traits(NamedTuple):
    """Needs of a class of values besides completion."""

    awaitable: bool = False
    iterates_async: bool = False
    exception: bool = False


_TRAITS: dict[type, Traits] = {}

EASY: set[type] = {type(None)}
"""Classes whose values are neither awaited nor errors; they are learnt as values come."""


def learn(kinds: Iterable[type]) -> Traits:
    """Return what any of these classes needs."""
    found = [_TRAITS.get(kind) or _learnt(kind) for kind in kinds]
    return Traits(*map(any, zip(*found, strict=True))) if found else Traits()


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


def then(column: MaybeAwaitable[Column], proceed: Callable[[Column], MaybeAwaitable[Column]]) -> MaybeAwaitable[Column]:
    """Return what `proceed` makes of the column, awaitable if either of them is."""
    return proceed(column) if isinstance(column, list) else _after(column, proceed)


async def awaited(column: MaybeAwaitable[Column]) -> Column:
    """Return the column, awaited if it is awaitable."""
    return column if isinstance(column, list) else await column


async def _after(column: Awaitable[Column], proceed: Callable[[Column], MaybeAwaitable[Column]]) -> Column:
    result = proceed(await column)
    return result if isinstance(result, list) else await result


def shared(awaitable: Awaitable[Value]) -> Awaitable[Value]:
    """Return what to await in place of a resolver's awaitable: others may await a future too.

    If what awaits it is not needed any more, the future is not cancelled. If the whole request is, it is.
    """
    if not asyncio.isfuture(awaitable) or awaitable.done():
        return awaitable
    shield = asyncio.shield(awaitable)
    shield.add_done_callback(partial(_pass_on, awaitable))
    return shield


def _pass_on(future: asyncio.Future[Value], shield: asyncio.Future[Value]) -> None:
    """Cancel the future if the request that awaits it was cancelled."""
    if shield.cancelled() and not future.done():
        try:
            shield.result()
        except asyncio.CancelledError as cancelled:
            if _NOT_NEEDED not in cancelled.args:
                future.cancel(*cancelled.args)
                future.add_done_callback(_forget)


def task_of(awaitable: Awaitable[Value]) -> asyncio.Future[Value]:
    """Return a task, or the like, of a resolver's awaitable; what `await` refuses is its error."""
    begun = shared(awaitable)
    # Before Python 3.12, `ensure_future` takes any iterable from `__await__`, and it may raise itself.
    is_known = asyncio.isfuture(begun) or asyncio.iscoroutine(begun)
    return asyncio.ensure_future(begun if is_known else _value_of(begun))


async def _value_of(awaitable: Awaitable[Value]) -> Value:
    return await awaitable


class Raised(NamedTuple):
    """Exception that was raised, in distinction to one that was returned."""

    error: Exception


async def settled(values: Sequence[Value], awaitable: Sequence[int]) -> Column:
    """Return the values with those of these indices awaited, at once; what one raises is a value."""
    column = list(values)
    if len(awaitable) == 1:
        try:
            column[awaitable[0]] = await shared(column[awaitable[0]])
        except Exception as error:
            column[awaitable[0]] = Raised(error)
        return column
    tasks = [task_of(column[index]) for index in awaitable]
    await asyncio.gather(*tasks, return_exceptions=True)
    for index, task in zip(awaitable, tasks, strict=True):
        failure = task.exception()
        # A cancellation and the like end the whole execution.
        column[index] = Raised(failure) if isinstance(failure, Exception) else task.result()
    return column


def result_of(task: asyncio.Future[Value]) -> Value:
    """Return what a task that is done returned, or the exception that it raised. Raises what is no error of a field."""
    error = task.exception()
    # A cancellation and the like end the whole execution, unless they are what a resolver returned.
    return error if isinstance(error, Exception) else task.result()


async def first_to_fail(
    tasks: Sequence[asyncio.Future[Value]], seconds: float | None = None
) -> set[asyncio.Future[Value]]:
    """Await all of these, but the others only for a moment after the first that raises, and return what is pending.

    In that moment they may raise too, so that the response has all errors that come together. If something else has
    raised before, the moment begins with this call, and `seconds` is its length.
    """
    if seconds is not None:
        return await wait(tasks, seconds)
    pending = await wait(tasks, None, asyncio.FIRST_EXCEPTION)
    return await wait(pending, GRACE_SECONDS) if pending else pending


async def wait(
    tasks: Iterable[asyncio.Future[Value]], seconds: float | None, until: str = asyncio.ALL_COMPLETED
) -> set[asyncio.Future[Value]]:
    """Wait as `asyncio.wait` does, and return the tasks that are pending.

    The seconds, unless they are 0, are extended to a number of iterations of the loop, fewer for fewer seconds.
    """
    tasks = [*tasks]
    done, pending = await asyncio.wait(tasks, timeout=seconds, return_when=until)
    left = round(_ITERATIONS_MIN * min(1.0, seconds / GRACE_SECONDS)) if seconds else 0
    while pending and left and not (until == asyncio.FIRST_EXCEPTION and any(map(_has_failed, done))):
        done, pending = await asyncio.wait(tasks, timeout=0, return_when=until)
        left -= 1
    return pending


def _has_failed(task: asyncio.Future[Value]) -> bool:
    return not task.cancelled() and task.exception() is not None


async def cancel(tasks: Iterable[asyncio.Future[Value]], reason: str | None = _NOT_NEEDED) -> None:
    """Cancel those of the tasks that are not done, and wait for their end; errors of the others are not logged."""
    pending = []
    for task in tasks:
        if not task.done():
            task.cancel(reason)
            pending.append(task)
        elif not task.cancelled():
            task.exception()
    if pending:
        await asyncio.gather(*pending, return_exceptions=True)


class Cancelling:
    """Context that cancels tasks at its end, those that are in the collection then."""

    __slots__ = ("_tasks",)

    def __init__(self, tasks: Collection[asyncio.Future[Value]]) -> None:
        """Name the collection."""
        self._tasks = tasks

    async def __aenter__(self) -> None:
        """Begin."""

    async def __aexit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        """Cancel those of the tasks that are not done, and wait for their end."""
        if isinstance(error, GeneratorExit):
            # The coroutine is closed, as garbage mostly, and so are its tasks: nothing can be awaited any more.
            for task in self._tasks:
                task.add_done_callback(_forget)
        elif self._tasks:
            this = asyncio.current_task()
            is_cancelled = isinstance(error, asyncio.CancelledError) and this is not None and this.cancelling()
            await cancel(self._tasks, next(iter(error.args), None) if error and is_cancelled else _NOT_NEEDED)


def _forget(task: asyncio.Future[Value]) -> None:
    if not task.cancelled():
        task.exception()


def discard(columns: Iterable[Value]) -> None:
    """Close coroutines that are not going to be awaited."""
    for column in columns:
        close = getattr(column, "close", None)
        if not isinstance(column, list) and is_awaitable(column) and close is not None:
            close()
