"""Completing columns: what resolvers gave becomes what the response holds, for all objects of a level together."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from breadth.awaiting import EASY, NOTHING, Column, gathered, learn, settled, then
from breadth.column_batch import Sources
from breadth.paths import Chosen, Items, Place, Raised

if TYPE_CHECKING:
    from breadth.executor import LevelExecutor
    from breadth.plan.field import Field

_NONE = type(None)


class Completion:
    """Completes the values of a field, or the items of its lists, of one type."""

    __slots__ = ("field", "nullable")

    def __init__(self, field: "Field", *, nullable: bool) -> None:
        """Name the field that is completed, and whether null may stand in the place of a value."""
        self.field, self.nullable = field, nullable

    def complete(self, run: "LevelExecutor", values: Sources, place: Place) -> Any:  # noqa: ANN401 — a column, or awaited.
        """The completed column, a `Raised` in the place of what can't be null; awaitable where a value is."""
        if not isinstance(values, list):
            values = list(values)
        kinds = set(map(type, values))
        if kinds <= EASY:
            return self._sift(run, values, place) if _NONE in kinds else self._settled(run, values, place)
        traits = learn(kinds)
        if traits.awaitable:
            awaitable = [index for index, value in enumerate(values) if run.is_awaitable(value)]
            if awaitable and not self.nullable and isinstance(place, Items) and place.of_one_list:
                return self._first_error(run, values, awaitable, place)
            if awaitable:
                return then(settled(values, awaitable), partial(self._sift, run, place=place))
        if traits.exception or _NONE in kinds:
            return self._sift(run, values, place)
        return self._settled(run, values, place)

    def plan_ahead(self) -> None:
        """Make what is made when objects are first completed. Raises GraphQLError where a directive does not fit."""

    def _settled(self, run: "LevelExecutor", values: Column, place: Place) -> Any:  # noqa: ANN401 — as above.
        """Complete values that are there, and no errors."""
        raise NotImplementedError

    async def _first_error(
        self, run: "LevelExecutor", values: Column, awaitable: Sequence[int], place: Place
    ) -> Column:
        """Complete the items of one list, which no other item has to be waited for once one of them can't be had."""

        async def awaited(index: int) -> Any:  # noqa: ANN401 — of any type.
            try:
                return await values[index]
            except Exception as error:
                raise _ItemFailedError(index, error) from error

        column = list(values)
        try:
            for index, value in zip(awaitable, await gathered(list(map(awaited, awaitable))), strict=True):
                column[index] = value
        except _ItemFailedError as failed:
            results: Column = [None] * len(values)
            results[failed.index] = self.fail(run, failed.error, place, failed.index)
            return results
        completed = self._sift(run, column, place)
        return completed if type(completed) is list else await completed

    def _sift(self, run: "LevelExecutor", values: Column, place: Place) -> Any:  # noqa: ANN401 — as above.
        """Complete the values that are there, and put null or an error in the place of the others."""
        results: Column = [None] * len(values)
        kept = []
        for index, value in enumerate(values):
            if type(value) in NOTHING:
                if not self.nullable:
                    results[index] = self.null(run, place, index)
            elif isinstance(value, Exception):
                results[index] = self.fail(run, value, place, index)
            else:
                kept.append(index)
        if not kept:
            return results
        if len(kept) == len(values):
            return self._settled(run, values, place)

        def scatter(completed: Column) -> Column:
            for index, value in zip(kept, completed, strict=True):
                results[index] = value
            return results

        return then(self._settled(run, [values[index] for index in kept], Chosen(place, kept)), scatter)

    def fail(self, run: "LevelExecutor", error: Exception, place: Place, index: int) -> Raised | None:
        """What stands in the place of a value that could not be had."""
        raised = run.raising(error, self.field.nodes)
        if not self.nullable:
            return raised
        run.stop(raised, place, index)
        return None

    def null(self, run: "LevelExecutor", place: Place, index: int) -> Raised | None:
        """What stands in the place of a null: itself, where it may."""
        if self.nullable:
            return None
        message = f"Cannot return null for non-nullable field {self.field.parent_type}.{self.field.name}."
        return self.fail(run, TypeError(message), place, index)

    def stop(self, run: "LevelExecutor", column: Column, place: Place) -> Column:
        """The column, its errors stopped where null may stand in their place."""
        if not (run.raised and self.nullable):
            return column
        stopped = list(column)
        for index, value in enumerate(column):
            if type(value) is Raised:
                run.stop(value, place, index)
                stopped[index] = None
        return stopped


class _ItemFailedError(Exception):
    def __init__(self, index: int, error: Exception) -> None:
        super().__init__()
        self.index, self.error = index, error


def first_raised(values: Sequence[Any]) -> int | None:
    """The place of the first error on its way up, for which whatever holds the values can't be had."""
    return next((place for place, value in enumerate(values) if type(value) is Raised), None)
