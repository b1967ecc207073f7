"""Completion of columns: resolved values become response values for all objects of a batch together."""

import asyncio
from collections.abc import Iterable, Sequence
from functools import partial
from typing import ClassVar

from breadth.awaiting import EASY, NOTHING, Cancelling, learn, result_of, shared, task_of, then, wait
from breadth.paths import Chosen, Paths, PropagatingError
from breadth.protocols import PlannedField, PlannedSelection, Run
from breadth.row_batch import Sources
from breadth.values import Column, MaybeAwaitable, Value

_NONE = type(None)


class Completion:
    """Completes the values of a field, or the items of its lists, of one type."""

    __slots__ = ("field", "nullable")

    of_objects: ClassVar[bool] = False
    """Whether the values are objects, whose completed column is always a new list."""

    def __init__(self, field: PlannedField, *, nullable: bool) -> None:
        """Name the field that is completed, and whether its values may be null."""
        self.field, self.nullable = field, nullable

    def complete(self, run: Run, values: Sources, paths: Paths) -> MaybeAwaitable[Column]:
        """Return the completed column, with a `PropagatingError` for what can't be null; awaitable if a value is."""
        if not isinstance(values, list):
            values = list(values)
        kinds = set(map(type, values))
        if kinds <= EASY:
            return self._sift(run, values, paths) if _NONE in kinds else self._settled(run, values, paths)
        traits = learn(kinds)
        if traits.awaitable:
            awaitable = [index for index, value in enumerate(values) if run.is_awaitable(value)]
            if awaitable:
                return self._awaited(run, values, awaitable, paths)
        if traits.exception or _NONE in kinds:
            return self._sift(run, values, paths)
        return self._settled(run, values, paths)

    @property
    def selection(self) -> PlannedSelection | None:
        """The fields of the objects, if all are of one type. Raises GraphQLError for an invalid directive."""
        return None

    def _settled(self, run: Run, values: Column, paths: Paths) -> MaybeAwaitable[Column]:
        """Complete values that are there, and no errors."""
        raise NotImplementedError

    async def _awaited(self, run: Run, values: Column, awaitable: Sequence[int], paths: Paths) -> Column:
        """Await values and complete them, all together if they arrive together."""
        column = list(values)
        if len(values) == 1:
            try:
                column[0] = await shared(values[0])
            except Exception as error:
                column[0] = error
            completed = self._sift(run, column, paths)
            return completed if isinstance(completed, list) else await completed
        # One awaitable may be the value of several objects.
        futures = {id(values[index]): values[index] for index in awaitable}
        tasks: dict[int, asyncio.Future[Value]] = {key: task_of(each) for key, each in futures.items()}
        waiting = {index: tasks[id(values[index])] for index in awaitable}
        async with Cancelling(waiting.values()):
            await wait(tasks.values(), self.field.grace, self._until(paths))
            if any(not task.done() for task in tasks.values()):
                return await self._parts(run, column, waiting, paths)
            for index, task in waiting.items():
                column[index] = result_of(task)
            completed = self._sift(run, column, paths)
            return completed if isinstance(completed, list) else await completed

    @staticmethod
    def _until(paths: Paths) -> str:
        """Return when to end waiting: a value that can't be had ends it where nothing of the others is left."""
        return asyncio.FIRST_EXCEPTION if paths.together else asyncio.ALL_COMPLETED

    async def _parts(self, run: Run, column: Column, waiting: dict[int, asyncio.Future[Value]], paths: Paths) -> Column:
        """Complete values as they arrive: those that are there may be what the others wait for.

        What is left to await is removed from `waiting` if it is to end in the background.
        """
        parts: list[asyncio.Task[Column]] = []
        there = [index for index in range(len(column)) if index not in waiting]
        begins_with_there = bool(there)
        async with Cancelling(parts):
            while True:
                for index, task in [*waiting.items()]:
                    if task.done():
                        column[index] = result_of(waiting.pop(index))
                        there.append(index)
                if there:
                    parts.append(asyncio.ensure_future(self._part(run, column, sorted(there), paths)))
                    there = []
                pending = [*waiting.values(), *(part for part in parts if not part.done())]
                if not pending:
                    break
                await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
                await wait(pending, self.field.grace)
                if paths.together and any(part.done() and has_raised(part.result()) for part in parts):
                    break
            if not all(part.done() for part in parts):
                run.give_up()
            merged = _merged([part.result() for part in parts if part.done()], len(column))
            if begins_with_there and parts[0].done() and has_raised(parts[0].result()):
                leave(run, [*waiting.values(), *parts])
                waiting.clear()
                parts.clear()
            return merged

    async def _part(self, run: Run, column: Column, indices: Sequence[int], paths: Paths) -> Column:
        """Complete the values of these indices; the others are null."""
        results: Column = [None] * len(column)
        completed = self._sift(run, [column[index] for index in indices], Chosen(paths, indices))
        scatter(results, indices, completed if isinstance(completed, list) else await completed)
        return results

    def _sift(self, run: Run, values: Column, paths: Paths) -> MaybeAwaitable[Column]:
        """Complete the values that are there, and put null or an error in place of the others."""
        results: Column = [None] * len(values)
        kept = []
        for index, value in enumerate(values):
            if type(value) in NOTHING:
                if not self.nullable:
                    results[index] = self.null(run, paths, index)
            elif isinstance(value, Exception):
                results[index] = self.fail(run, value, paths, index)
            else:
                kept.append(index)
        if not kept:
            return results
        if len(kept) == len(values):
            return self._settled(run, values, paths)
        chosen = [values[index] for index in kept]
        return then(self._settled(run, chosen, Chosen(paths, kept)), partial(scatter, results, kept))

    def fail(self, run: Run, error: Exception, paths: Paths, index: int) -> PropagatingError | None:
        """Return what is in place of a value that could not be had."""
        raised = run.raising(error, self.field.nodes, paths, index)
        if not self.nullable:
            return raised
        run.stop(raised, paths, index)
        return None

    def null(self, run: Run, paths: Paths, index: int) -> PropagatingError | None:
        """Return what is in place of a null: null if the type allows it."""
        if self.nullable:
            return None
        message = f"Cannot return null for non-nullable field {self.field.parent_type}.{self.field.name}."
        return self.fail(run, TypeError(message), paths, index)

    def stop(self, run: Run, column: Column, paths: Paths) -> Column:
        """Return the column, with null in place of its errors if the type allows it."""
        if not (run.raised and self.nullable):
            return column
        stopped = list(column)
        for index, value in enumerate(column):
            if type(value) is PropagatingError:
                run.stop(value, paths, index)
                stopped[index] = None
        return stopped


def leave(run: Run, tasks: Iterable[asyncio.Future[Value]]) -> None:
    """Let what is pending end in the background, as stock execution does after an error of what is not awaited.

    What the tasks await may be shared with others, such as the batch of a dataloader, and must not be cancelled.
    """
    pending = {task for task in tasks if not task.done()}
    if pending:
        run.settle_in_background([*pending])


def has_raised(column: Column) -> bool:
    """Return whether there is a propagating error among the values."""
    return any(type(value) is PropagatingError for value in column)


def _merged(parts: Sequence[Column], count: int) -> Column:
    """Return the column of parts, of which each has null for the values of the others."""
    results: Column = [None] * count
    for part in parts:
        for index, value in enumerate(part):
            if value is not None:
                results[index] = value
    return results


def scatter(results: Column, indices: Sequence[int], column: Column) -> Column:
    """Put the values of a column at these indices of the results."""
    for index, value in zip(indices, column, strict=True):
        results[index] = value
    return results
