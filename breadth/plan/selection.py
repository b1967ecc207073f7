"""Selections: the fields that are selected of objects of one type, resolved for all the objects of a batch."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

from breadth.awaiting import ENDING, GRACE_SECONDS, Cancelling, discard, first_to_fail
from breadth.completion.base import leave
from breadth.completion.ending import AllRaisedError, all_raised, is_over, loop_is_running, soon
from breadth.parts import OBJECTS_AT_ONCE, VALUES_AT_ONCE
from breadth.paths import Chosen, Paths, both, propagated
from breadth.plan.groups import grouped
from breadth.plan.object_maker import maker
from breadth.plan.selected_field import KnownField, SelectedField
from breadth.protocols import PlannedSelection, Run
from breadth.row_batch import RowBatch, Sources, has_parts
from breadth.values import Column, MaybeAwaitable, Value


class Selection:
    """Fields that are selected of the objects of one type."""

    _shareable: bool | None = None
    _calling: Sequence[tuple[int, SelectedField]] | None = None
    """Fields that call values, with their indices."""
    _groups: "Sequence[Selection] | None" = None
    """Selections of some of the fields each, if there are many with a selection of their own."""

    def __init__(self, fields: Sequence[SelectedField]) -> None:
        """Name the fields."""
        self.fields = tuple(fields)
        self._keys = [field.key for field in fields]
        self._make: Callable[..., Column] = self._made_once

    @property
    def _at_once(self) -> int:
        """Number of objects for which there are no pauses."""
        return min(OBJECTS_AT_ONCE, max(1, VALUES_AT_ONCE // max(1, len(self.fields))))

    @property
    def shareable(self) -> bool:
        """Whether an object that has several paths may be completed once for all of them, unless a value is called."""
        if self._shareable is None:
            self._shareable = all(field.shareable for field in self.fields)
        return self._shareable

    def leaves(self, known: Mapping[int, Sources]) -> dict[int, Sources]:
        """Return the values of scalars and enums among these."""
        return {index: values for index, values in known.items() if self.fields[index].is_leaf}

    def uncalled(self, objects: Sources) -> dict[int, Sources]:
        """Return the values that fields call if they can be called, by the indices of the fields."""
        if self._calling is None:
            self._calling = [(index, field) for index, field in enumerate(self.fields) if field.calls]
        if not self._calling:
            return {}
        return {index: field.uncalled(objects) for index, field in self._calling}

    def knowing(self, known: Mapping[int, Sources]) -> "Selection":
        """Return the same selection for objects of which these values were read, by the indices of the fields."""
        if not known:
            return self
        fields = [*self.fields]
        for index, values in known.items():
            fields[index] = KnownField(fields[index], values)
        selection = Selection(fields)
        selection._make = self._make
        return selection

    def prepare(self) -> None:
        """Make what an operation that is executed again is executed with."""
        for field in self.fields:
            field.prepare()
        if self.fields:
            self._make = maker(self._keys)

    def below(self) -> Iterator[PlannedSelection]:
        """Yield the selections of the fields, but of interfaces and unions, whose types an execution finds out."""
        for field in self.fields:
            selection = field.completion.selection
            if selection is not None:
                yield selection

    def batch(self, run: Run, objects: Sources, paths: Paths) -> MaybeAwaitable[Column]:
        """Return the response objects of a batch, with a `PropagatingError` for each object that is null."""
        if run.pause is not None:
            if len(objects) > self._at_once:
                return self._with_pauses(run, run.pause, objects, paths)
            if self._groups is None:
                self._groups = [Selection(group) for group in grouped(self.fields)]
            if len(self._groups) > 1:
                return self._by_groups(run, run.pause, self._groups, objects, paths)
        columns: list[MaybeAwaitable[Column]] = []
        waiting: list[int] = []
        plain = run.plain
        try:
            for field in self.fields:
                column = field.quick(field, run, objects, paths) if plain else field.column(run, objects, paths)
                if type(column) is not list:
                    waiting.append(len(columns))
                elif run.raised and all_raised(column):
                    # No object is left to ask anything more of.
                    columns.append(column)
                    return self._ended(run, columns, waiting, len(objects))
                columns.append(column)
        except BaseException:
            discard(columns)
            raise
        return (
            self._waiting(run, columns, waiting, objects, paths) if waiting else self.rows(run, columns, len(objects))
        )

    async def _by_groups(
        self,
        run: Run,
        pause: Callable[[], Awaitable[None]],
        groups: "Sequence[Selection]",
        objects: Sources,
        paths: Paths,
    ) -> Column:
        """Do as `batch`, with some of the fields after others, and a pause before each group of them."""
        rows: Column = []
        for group in groups:
            await pause()
            found = group.batch(run, objects, paths)
            if isinstance(found, list):
                part = found
            elif run.raised and is_over(rows, paths):
                # Fields that are not awaited may fail too, whatever group they are in.
                part = await soon(run, found, len(objects))
            else:
                part = await found
            rows = [both(*each) for each in zip(rows, part, strict=True)] if rows else part
        return rows

    async def _with_pauses(
        self, run: Run, pause: Callable[[], Awaitable[None]], objects: Sources, paths: Paths
    ) -> Column:
        """Do as `batch`, with pauses, but none between fields that are awaited, so that loaders get whole batches."""
        columns: list[MaybeAwaitable[Column]] = []
        waiting: list[int] = []
        later: list[int] = []
        column: MaybeAwaitable[Column]
        count = len(objects)
        parts = objects.parts(self._at_once) if run.plain and has_parts(objects) else None
        try:
            for field in self.fields:
                if parts is not None and field.is_of_parts:
                    later += [len(columns)] if waiting else []
                    column = [] if waiting else await self._by_parts(run, pause, field, parts, paths)
                else:
                    if not waiting:
                        await pause()
                    column = field.quick(field, run, objects, paths) if run.plain else field.column(run, objects, paths)
                if type(column) is not list:
                    waiting.append(len(columns))
                columns.append(column)
                if run.raised and all_raised(column):
                    for index in later:
                        columns[index] = [None] * count
                    ended = self._ended(run, columns, waiting, count)
                    return ended if isinstance(ended, list) else await ended
            for index in later:
                columns[index] = await self._by_parts(run, pause, self.fields[index], parts or (), paths)
        except BaseException:
            discard(columns)
            raise
        if not waiting:
            return await self._paused_rows(run, columns, count)
        rows = self._waiting(run, columns, waiting, objects, paths)
        return rows if isinstance(rows, list) else await rows

    async def _by_parts(
        self,
        run: Run,
        pause: Callable[[], Awaitable[None]],
        field: SelectedField,
        parts: Sequence[RowBatch],
        paths: Paths,
    ) -> Column:
        """Return the values of a scalar or enum, with a pause before each part of the rows."""
        values: Column = []
        for part in parts:
            await pause()
            indices = range(len(values), len(values) + len(part))
            column = field.quick(field, run, part, Chosen(paths, indices))
            if not isinstance(column, list):
                try:
                    column = await column
                except AllRaisedError as all_of:
                    column = all_of.column
            values += column
        return values

    def _waiting(
        self, run: Run, columns: list[MaybeAwaitable[Column]], waiting: Sequence[int], objects: Sources, paths: Paths
    ) -> MaybeAwaitable[Column]:
        """Return the response objects when what is awaited is there, or soon if all of them are null already."""
        if run.raised and any(is_over(column, paths) for column in columns):
            return self._ended(run, columns, waiting, len(objects))
        return self._later(run, columns, waiting, len(objects))

    def _ended(
        self, run: Run, columns: list[MaybeAwaitable[Column]], waiting: Sequence[int], count: int
    ) -> MaybeAwaitable[Column]:
        """Return the errors of the fields up to one that makes all objects null."""
        columns += [[None] * count for _ in self.fields[len(columns) :]]
        if waiting and loop_is_running():
            return self._later(run, columns, waiting, count, for_seconds=GRACE_SECONDS)
        run.give_up()
        run.settle_in_background([columns[index] for index in waiting])
        for index in waiting:
            columns[index] = [None] * count
        return self.rows(run, columns, count)

    async def _later(
        self,
        run: Run,
        columns: list[MaybeAwaitable[Column]],
        waiting: Sequence[int],
        count: int,
        for_seconds: float | None = None,
    ) -> Column:
        if len(waiting) == 1 and for_seconds is None:
            (index,) = waiting
            try:
                columns[index] = await _awaitable(columns[index])
            except AllRaisedError as all_of:
                columns[index] = all_of.column
            return await self._paused_rows(run, columns, count)
        ending = ENDING.get()
        if for_seconds is not None:
            # What waits likewise below has to be done before, or its errors would be lost.
            for_seconds /= 2**ending
            ENDING.set(ending + 1)
        tasks = [asyncio.ensure_future(_awaitable(columns[index])) for index in waiting]
        ENDING.set(ending)
        async with Cancelling(tasks):
            if await first_to_fail(tasks, for_seconds):
                run.give_up()
            for index, task in zip(waiting, tasks, strict=True):
                try:
                    # What is not there will not be needed: no object is left to be part of.
                    columns[index] = task.result() if task.done() else [None] * count
                except AllRaisedError as all_of:
                    columns[index] = all_of.column
            if for_seconds is not None:
                leave(run, tasks)
                tasks[:] = [task for task in tasks if task.done()]
        return await self._paused_rows(run, columns, count)

    async def _paused_rows(self, run: Run, columns: Sequence[Value], count: int) -> Column:
        """Do as `rows`, with pauses if there are many objects."""
        if run.pause is None or count <= self._at_once:
            return self.rows(run, columns, count)
        rows: Column = []
        for start in range(0, count, self._at_once):
            await run.pause()
            end = min(count, start + self._at_once)
            rows += self.rows(run, [column[start:end] for column in columns], end - start)
        return rows

    def rows(self, run: Run, columns: Sequence[Value], count: int) -> Column:
        """Return the response objects, with a `PropagatingError` for each object of which a field can't be had."""
        if not columns:
            return [{} for _ in range(count)]
        rows = self._make(*columns)
        if run.raised:
            for index, values in enumerate(zip(*columns, strict=True)):
                raised = propagated(values, self._keys)
                if raised is not None:
                    rows[index] = raised
        return rows

    def _made_once(self, *columns: Column) -> Column:
        """Make the objects without the function that is worth making for an operation that is executed again."""
        keys = self._keys
        self._make = self._made_again
        return [dict(zip(keys, values, strict=True)) for values in zip(*columns, strict=True)]

    def _made_again(self, *columns: Column) -> Column:
        self.prepare()
        return self._make(*columns)


def _awaitable(column: MaybeAwaitable[Column]) -> Awaitable[Column]:
    assert not isinstance(column, list)  # noqa: S101 — for the type checker.
    return column
