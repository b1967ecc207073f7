"""Completion of lists: the items of all lists of a column are one column."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import accumulate, count
from typing import NamedTuple

from graphql import GraphQLError
from graphql.pyutils import is_iterable

from breadth.awaiting import EASY, NOTHING, Cancelling, awaited, learn, then
from breadth.completion.async_list import Reading
from breadth.completion.base import Completion, scatter
from breadth.completion.ending import loop_is_running, soon
from breadth.parts import VALUES_AT_ONCE
from breadth.paths import Cause, Chosen, Items, Paths, PropagatingError, propagated
from breadth.protocols import PlannedField, PlannedSelection, Run
from breadth.row_batch import RowBatch, is_row_batch
from breadth.values import Column, MaybeAwaitable, Value


class _BrokenOffError(Exception):
    """An iterable raised, after some items."""

    def __init__(self, error: Exception, items: Column, iterator: Iterator[Value]) -> None:
        """Name what it raised."""
        super().__init__()
        self.error, self.items, self.iterator = error, items, iterator


class _Encoder(NamedTuple):
    """Function that encodes a list of objects, and one that is awaited before each."""

    encode: Callable[[Column], Value]
    pause: Callable[[], Awaitable[None]]


class _Lists(NamedTuple):
    """Results of a column of lists, the indices of those to complete, and the bounds of their items."""

    results: Column
    indices: Sequence[int]
    bounds: Sequence[tuple[int, int]]


class ListCompletion(Completion):
    """Completes lists: the items of all the lists of a column are one column."""

    __slots__ = ("item",)

    def __init__(self, field: PlannedField, item: Completion, *, nullable: bool) -> None:
        """Name the completion of the items."""
        super().__init__(field, nullable=nullable)
        self.item = item

    @property
    def selection(self) -> PlannedSelection | None:
        """The fields of the items."""
        return self.item.selection

    def _settled(self, run: Run, values: Column, paths: Paths) -> MaybeAwaitable[Column]:
        kinds = set(map(type, values))
        if not kinds <= EASY and learn(kinds).iterates_async and any(map(run.is_async_iterable, values)):
            return self._read(run, values, paths)
        return self._lists(run, values, paths)

    async def _read(self, run: Run, values: Column, paths: Paths) -> Column:
        """Complete lists some of which are async iterables, all together if these end soon."""
        iterables = {index: value for index, value in enumerate(values) if run.is_async_iterable(value)}
        reading = Reading(iterables, nullable=self.item.nullable, grace=self.field.grace)
        async with Cancelling(reading.tasks):
            if await reading.is_done():
                read = reading.lists
                return await awaited(
                    self._lists(run, [read.get(index, each) for index, each in enumerate(values)], paths)
                )
            others = [index for index in range(len(values)) if index not in iterables]
            completed, read = await asyncio.gather(
                awaited(self._lists(run, [values[index] for index in others], Chosen(paths, others))),
                reading.parts(run, paths, partial(self.item.complete, run)),
            )
        results = scatter([None] * len(values), others, completed)
        for index, items in read.items():
            raised, error = propagated(items, count()), reading.readers[index].error
            if error is not None:
                causes = () if raised is None else raised.causes
                raised = PropagatingError(*causes, *run.raising(error, self.field.nodes, paths, index).causes)
            results[index] = raised or items
        return self.stop(run, results, paths)

    def _lists(self, run: Run, values: Column, paths: Paths) -> MaybeAwaitable[Column]:
        if any(map(is_row_batch, values)):
            batch = _joined(values)
            if batch is not None:
                return self._split(run, batch, list(map(len, values)), paths)
        results: Column = [None] * len(values)
        kept: list[int] = []
        starts: list[int] = []
        flat: Column = []
        unfinished: list[Awaitable[Column]] = []
        for index, value in enumerate(values):
            try:
                items = value if type(value) is list else self._listed(value)
            except _BrokenOffError as broken:
                results[index] = self._broken_off(run, broken, paths, index, unfinished)
                continue
            except Exception as error:
                results[index] = self.fail(run, error, paths, index)
                continue
            kept.append(index)
            starts.append(len(flat))
            flat += items
        if not kept:
            return self._after(run, unfinished, self.stop(run, results, paths))
        lists_place = paths if len(kept) == len(values) else Chosen(paths, kept)
        items_place = Items(lists_place, starts, nullable=self.item.nullable)
        ends = [*starts[1:], len(flat)]

        def split(column: Column) -> MaybeAwaitable[Column]:
            by = None if run.encode is None else self._encoder(run, column)
            if by is not None:
                lists = _Lists(results, kept, list(zip(starts, ends, strict=True)))
                return self._encoded(run, by, column, lists, paths)
            for index, start, end in zip(kept, starts, ends, strict=True):
                items = column[start:end]
                results[index] = (run.raised and propagated(items, count())) or items
            return self.stop(run, results, paths)

        return self._after(run, unfinished, then(self.item.complete(run, flat, items_place), split))

    def _split(self, run: Run, items: RowBatch, lengths: Sequence[int], paths: Paths) -> MaybeAwaitable[Column]:
        """Complete the items of row batches, as many in each as it is long."""
        ends = list(accumulate(lengths))
        starts = [0, *ends[:-1]]

        def split(column: Column) -> MaybeAwaitable[Column]:
            by = None if run.encode is None else self._encoder(run, column)
            if by is not None:
                number = len(lengths)
                lists = _Lists([None] * number, range(number), list(zip(starts, ends, strict=True)))
                return self._encoded(run, by, column, lists, paths)
            results: Column = [column[start:end] for start, end in zip(starts, ends, strict=True)]
            if run.raised:
                results = [propagated(row, count()) or row for row in results]
            return self.stop(run, results, paths)

        return then(self.item.complete(run, items, Items(paths, starts, nullable=self.item.nullable)), split)

    def _encoder(self, run: Run, items: Column) -> "_Encoder | None":
        """Return the functions of an executor that encodes lists of so many values."""
        if run.encode is None or run.pause is None or not self.item.of_objects or _values(items) <= VALUES_AT_ONCE:
            return None
        return _Encoder(run.encode, run.pause)

    async def _encoded(self, run: Run, by: "_Encoder", column: Column, lists: "_Lists", paths: Paths) -> Column:
        """Return the lists of a column's items, encoded between pauses."""
        encode, pause = by
        results, indices, bounds = lists
        for index, (start, end) in zip(indices, bounds, strict=True):
            items: Value = column[start:end]
            # Each object is freed once it is encoded, unless it repeats.
            column[start:end] = [None] * (end - start)
            await pause()
            raised = propagated(items, count()) if run.raised else None
            results[index] = raised or (encode(items) if _values(items) <= 2 * VALUES_AT_ONCE else items)
        return self.stop(run, results, paths)

    @staticmethod
    def _after(run: Run, unfinished: list[Awaitable[Column]], lists: MaybeAwaitable[Column]) -> MaybeAwaitable[Column]:
        """Return the lists, once the errors of items of those that raised are there, unless they take long."""
        if not unfinished:
            return lists
        if not loop_is_running():
            run.give_up()
            run.settle_in_background(unfinished)
            return lists

        async def both() -> Column:
            completed, _ = await asyncio.gather(awaited(lists), soon(run, _all(unfinished), 0))
            run.give_up()
            return completed

        return both()

    def _broken_off(
        self, run: Run, broken: "_BrokenOffError", paths: Paths, index: int, unfinished: list[Awaitable[Column]]
    ) -> PropagatingError | None:
        """Return what is in place of a list that raised; errors of items that came before are in the response too.

        Items that are to be awaited are added to the unfinished ones.
        """
        causes: Sequence[Cause] = ()
        there = [at for at, item in enumerate(broken.items) if not run.is_awaitable(item)]
        items_place = Items(Chosen(paths, [index]), [0], nullable=self.item.nullable)
        completed = self.item.complete(run, [broken.items[at] for at in there], Chosen(items_place, there))
        if isinstance(completed, list):
            before = propagated(completed, there)
            causes = () if before is None else before.causes
        else:
            unfinished.append(completed)
        # What was read, and can be read still, may be under way and must not be left behind.
        run.track_async_work([*broken.items, *_rest(broken.iterator)])
        raised = PropagatingError(*causes, *run.raising(broken.error, self.field.nodes, paths, index).causes)
        if not self.nullable:
            return raised
        run.stop(raised, paths, index)
        return None

    def _listed(self, value: Value) -> Sequence[Value]:
        if isinstance(value, Exception):
            raise value
        if not is_iterable(value):
            field = self.field
            message = f"Expected Iterable, but did not find one for field '{field.parent_type}.{field.name}'."
            raise GraphQLError(message)
        items: Column = []
        iterator = iter(value)
        try:
            if self.item.nullable or iterator is not value:
                items.extend(iterator)
            else:
                _read(iterator, items)
        except Exception as error:
            raise _BrokenOffError(error, items, iterator) from error
        return items


async def _all(unfinished: Iterable[Awaitable[Column]]) -> Column:
    await asyncio.gather(*unfinished)
    return []


def _joined(values: Sequence[Value]) -> RowBatch | None:
    """Return one row batch of all of them; None if they are not of one class, apart from empty lists."""
    batches = [value for value in values if type(value) is not list or value]
    if len(batches) == 1:
        batch: RowBatch = batches[0]
        return batch
    if len(set(map(type, batches))) > 1:
        return None
    joined: RowBatch | None = batches[0].joined(batches[1:])
    return joined


def _values(items: Column) -> int:
    """Return about how many values the objects have: those of one list mostly have the same fields."""
    return len(items) * next((len(item) for item in items if type(item) is dict), 0)


def _read(iterator: Iterator[Value], items: Column) -> None:
    """Read up to the end, which there need not be, or to the first item that is null and must not be."""
    for item in iterator:
        items.append(item)
        if type(item) in NOTHING or isinstance(item, Exception):
            return


def _rest(iterator: Iterator[Value]) -> Column:
    items: Column = []
    with suppress(Exception):
        items.extend(iterator)
    return items
