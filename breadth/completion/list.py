"""Completing lists: the items of all the lists of a column are one column."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import accumulate, count

from graphql import GraphQLError
from graphql.pyutils import is_iterable

from breadth.awaiting import EASY, NOTHING, learn, settled, then
from breadth.column_batch import Table, is_table
from breadth.completion.base import Completion
from breadth.paths import Chosen, Items, Place, propagated
from breadth.protocols import PlannedField, Run
from breadth.values import Column, MaybeAwaitable, Value


class ListCompletion(Completion):
    """Completes lists: the items of all the lists of a column are one column."""

    __slots__ = ("item",)

    def __init__(self, field: PlannedField, item: Completion, *, nullable: bool) -> None:
        """Name the completion of the items."""
        super().__init__(field, nullable=nullable)
        self.item = item

    def plan_ahead(self) -> None:
        """Plan what is asked of the items."""
        self.item.plan_ahead()

    def _settled(self, run: Run, values: Column, place: Place) -> MaybeAwaitable[Column]:
        kinds = set(map(type, values))
        if not kinds <= EASY and learn(kinds).iterates_async and any(map(run.is_async_iterable, values)):
            return then(self._collected(run, values), partial(self._lists, run, place=place))
        return self._lists(run, values, place)

    async def _collected(self, run: Run, values: Column) -> Column:
        async_ones = [index for index, value in enumerate(values) if run.is_async_iterable(value)]
        column = list(values)
        for index in async_ones:
            column[index] = _items(values[index], nullable=self.item.nullable)
        return await settled(column, async_ones)

    def _lists(self, run: Run, values: Column, place: Place) -> MaybeAwaitable[Column]:
        if any(map(is_table, values)):
            table = _joined(values)
            if table is not None:
                return self._split(run, table, list(map(len, values)), place)
        results: Column = [None] * len(values)
        kept: list[int] = []
        starts: list[int] = []
        flat: Column = []
        for index, value in enumerate(values):
            try:
                items = value if type(value) is list else self._listed(run, value)
            except Exception as error:
                results[index] = self.fail(run, error, place, index)
                continue
            kept.append(index)
            starts.append(len(flat))
            flat += items
        if not kept:
            return self.stop(run, results, place)
        items_place = Items(place if len(kept) == len(values) else Chosen(place, kept), starts)
        ends = [*starts[1:], len(flat)]

        def split(column: Column) -> Column:
            for index, start, end in zip(kept, starts, ends, strict=True):
                items = column[start:end]
                results[index] = (run.raised and propagated(items, count())) or items
            return self.stop(run, results, place)

        return then(self.item.complete(run, flat, items_place), split)

    def _split(self, run: Run, items: Table, lengths: Sequence[int], place: Place) -> MaybeAwaitable[Column]:
        """Complete the items of tables, which are all there, as many in each as it is long."""
        ends = list(accumulate(lengths))
        starts = [0, *ends[:-1]]

        def split(column: Column) -> Column:
            results: Column = [column[start:end] for start, end in zip(starts, ends, strict=True)]
            if run.raised:
                results = [propagated(row, count()) or row for row in results]
            return self.stop(run, results, place)

        return then(self.item.complete(run, items, Items(place, starts)), split)

    def _listed(self, run: Run, value: Value) -> Sequence[Value]:
        if isinstance(value, Exception):
            raise value
        if not is_iterable(value):
            field = self.field
            message = f"Expected Iterable, but did not find one for field '{field.parent_type}.{field.name}'."
            raise GraphQLError(message)
        items: Column = []
        iterator = iter(value)
        try:
            items.extend(iterator)
        except Exception:
            # What was read before, and can be read still, may be under way and must not be left behind.
            run.track_async_work([*items, *_rest(iterator)])
            raise
        return items


def _joined(values: Sequence[Value]) -> Table | None:
    """One table of all of them; None where they are not all tables of one kind, or lists of nothing."""
    tables = [value for value in values if type(value) is not list or value]
    if len(tables) == 1:
        table: Table = tables[0]
        return table
    if len(set(map(type, tables))) > 1:
        return None
    joined: Table | None = tables[0].joined(tables[1:])
    return joined


def _rest(iterator: Iterator[Value]) -> Column:
    items: Column = []
    with suppress(Exception):
        items.extend(iterator)
    return items


async def _items(iterable: Value, *, nullable: bool) -> Column:
    """The items up to the first one that makes the list null; no later one is read."""
    items: Column = []
    iterator = aiter(iterable)
    try:
        async for item in iterator:
            items.append(item)
            if not nullable and (type(item) in NOTHING or isinstance(item, Exception)):
                break
        else:
            return items
    except Exception:
        await _close(iterator)
        raise
    await _close(iterator)
    return items


async def _close(iterator: Value) -> None:
    close = getattr(iterator, "aclose", None)
    if close is not None:
        with suppress(Exception):
            await close()
