"""Readers of async iterables, whose items are completed together if they arrive together."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import NamedTuple

from breadth.awaiting import GRACE_SECONDS, NOTHING, Cancelling, awaited, cancel, result_of, wait
from breadth.completion.base import has_raised, leave
from breadth.paths import Chosen, Items, Paths
from breadth.protocols import Run
from breadth.values import Column, MaybeAwaitable, Value

Complete = Callable[[Column, Paths], MaybeAwaitable[Column]]
"""Completes items, which are at these positions."""

_TURN_ITEMS = 100
"""Number of items after which other tasks have a turn, if the iterable awaits nothing."""


class Reader:
    """One list that is being read in a task: its items so far."""

    def __init__(self, iterable: Value, arrived: asyncio.Event, *, nullable: bool) -> None:
        """Begin to read."""
        self._iterable, self._arrived, self._nullable = iterable, arrived, nullable
        self.items: Column = []
        self.taken = 0
        """Number of items that are being completed."""
        self._ended = False
        self.task: asyncio.Task[None] = asyncio.ensure_future(self._read())

    @property
    def error(self) -> Exception | None:
        """Exception that the iterable raised."""
        found = None if self._ended or not self.task.done() else result_of(self.task)
        return found if isinstance(found, Exception) else None

    async def end(self) -> None:
        """Read no more."""
        if not self.task.done():
            self._ended = True
            await cancel([self.task])

    async def _read(self) -> None:
        """Read up to the end, or to the first item that is null and must not be."""
        iterator = None
        try:
            # As stock execution reads it, which does not ask the iterator for one of its own.
            iterator = self._iterable.__aiter__()
            while True:
                try:
                    item = await anext(iterator)
                except StopAsyncIteration:
                    return
                self.items.append(item)
                self._arrived.set()
                if not self._nullable and (type(item) in NOTHING or isinstance(item, Exception)):
                    await _close(iterator)
                    return
                if len(self.items) % _TURN_ITEMS == 0:
                    await asyncio.sleep(0)
        except GeneratorExit:
            # The task is garbage, and awaits nothing any more.
            raise
        except BaseException:
            await _close(iterator)
            raise


class _Segment(NamedTuple):
    """Items of one list in a part."""

    of_list: int
    start: int
    items: Column


class Part:
    """Items of several lists that are completed together."""

    def __init__(self, segments: Sequence[_Segment], completed: MaybeAwaitable[Column]) -> None:
        """Await the items, if they are not complete."""
        self.segments = segments
        self._column = completed if isinstance(completed, list) else None
        self.task = None if isinstance(completed, list) else asyncio.ensure_future(awaited(completed))

    @property
    def is_done(self) -> bool:
        """Whether the items are complete."""
        return self.task is None or self.task.done()

    def of_each(self) -> list[tuple[int, Column]]:
        """Return the index of each list, and its items in the response."""
        column = self._column if self.task is None else self.task.result()
        found, start = [], 0
        for segment in self.segments:
            end = start + len(segment.items)
            found.append((segment.of_list, (column or [])[start:end]))
            start = end
        return found


class Reading:
    """Lists of a column that are async iterables."""

    def __init__(self, iterables: dict[int, Value], *, nullable: bool, grace: float) -> None:
        """Begin to read them; `nullable` is whether an item may be null."""
        self._nullable, self._grace = nullable, grace
        self._arrived = asyncio.Event()
        self.readers = {
            index: Reader(iterable, self._arrived, nullable=nullable) for index, iterable in iterables.items()
        }
        self.tasks = [reader.task for reader in self.readers.values()]
        """Tasks in which the lists are read."""
        self._completing: list[asyncio.Future[Column]] = []

    async def is_done(self) -> bool:
        """Wait as for the values of a batch, and return whether all lists were read without an error."""
        pending = await wait(self.tasks, self._grace)
        return not pending and all(each.error is None for each in self.readers.values())

    @property
    def lists(self) -> dict[int, Column]:
        """Items of each list so far."""
        return {index: reader.items for index, reader in self.readers.items()}

    async def parts(self, run: Run, paths: Paths, complete: Complete) -> dict[int, Column]:
        """Complete items while others are read, and return the items of each list.

        An item that makes the list null ends its reading.
        """
        parts: list[Part] = []
        unfinished: list[Part] = []
        ended: set[int] = set()
        async with Cancelling(self._completing), Cancelling(self.tasks):
            while True:
                self._arrived.clear()
                new = self._take(ended, paths, complete)
                parts += new
                # Each is looked at once it is done, and then no more: there may be one for each item.
                finished = [part for part in (*unfinished, *new) if part.is_done]
                unfinished = [part for part in (*unfinished, *new) if not part.is_done]
                for index in self._failed(finished) - ended:
                    # Errors that come soon are in the response too.
                    await wait([self.readers[index].task], GRACE_SECONDS)
                    await self.readers[index].end()
                    new = self._take(ended, paths, complete)
                    parts += new
                    unfinished += new
                    ended.add(index)
                    last = [part.task for part in unfinished if part.task is not None and not part.is_done]
                    if last:
                        await wait(last, GRACE_SECONDS)
                reading = [task for task in self.tasks if not task.done()]
                tasks = [part.task for part in unfinished if any(each.of_list not in ended for each in part.segments)]
                pending = [*reading, *(task for task in tasks if task is not None and not task.done())]
                if not pending:
                    break
                await self._next(pending, reading)
            if not all(part.is_done for part in parts):
                run.give_up()
            results = self._results(parts)
            leave(run, self._completing)
            self._completing.clear()
            return results

    async def _next(self, pending: Sequence[asyncio.Future[Value]], reading: Sequence[asyncio.Future[None]]) -> None:
        """Wait for something to happen, and then for what comes together with it."""
        arrival = asyncio.ensure_future(self._arrived.wait())
        async with Cancelling([arrival]):
            await asyncio.wait([arrival, *pending], return_when=asyncio.FIRST_COMPLETED)
            if arrival.done() and reading:
                await wait(reading, self._grace)

    def _take(self, ended: Collection[int], paths: Paths, complete: Complete) -> list[Part]:
        """Begin to complete the items that arrived, all together."""
        segments: list[_Segment] = []
        starts: list[int] = []
        items: Column = []
        for index, reader in self.readers.items():
            if index not in ended and len(reader.items) > reader.taken:
                segments.append(_Segment(index, reader.taken, reader.items[reader.taken :]))
                reader.taken = len(reader.items)
                starts.append(len(items))
                items += segments[-1].items
        if not segments:
            return []
        lists = Chosen(paths, [segment.of_list for segment in segments])
        items_place = Items(lists, starts, [segment.start for segment in segments], nullable=self._nullable)
        part = Part(segments, complete(items, items_place))
        if part.task is not None:
            self._completing.append(part.task)
        return [part]

    def _failed(self, finished: Sequence[Part]) -> set[int]:
        """Return the lists that are null: the iterable raised, or one of these items can't be had."""
        failed = {index for index, reader in self.readers.items() if reader.error is not None}
        if not self._nullable:
            for part in finished:
                failed.update(index for index, items in part.of_each() if has_raised(items))
        return failed

    def _results(self, parts: Sequence[Part]) -> dict[int, Column]:
        found: dict[int, Column] = {index: [] for index in self.readers}
        for part in parts:
            if part.is_done:
                for index, items in part.of_each():
                    found[index] += items
        return found


async def _close(iterator: Value) -> None:
    close = getattr(iterator, "aclose", None)
    if close is not None:
        with suppress(Exception):
            await close()
