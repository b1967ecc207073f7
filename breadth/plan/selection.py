"""Selections: the fields that are asked of objects of one type, resolved for all the objects of a level."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError

from breadth.awaiting import Column, discard, gathered
from breadth.column_batch import Sources
from breadth.completion.base import first_raised
from breadth.paths import Place, Raised

if TYPE_CHECKING:
    from breadth.executor import LevelExecutor
    from breadth.plan.field import Field


class AllRaisedError(Exception):
    """A field can't be had for any object of a level, so that nothing else of them has to be waited for."""

    def __init__(self, key: str, column: Column) -> None:
        """Name the field's key and the errors."""
        super().__init__()
        self.key, self.column = key, column


def all_raised(column: Any) -> bool:  # noqa: ANN401 — a column, or what is awaited for one.
    """Whether there is an error on its way up in every place."""
    return type(column) is list and bool(column) and all(type(value) is Raised for value in column)


class Selection:
    """The fields that are asked of the objects of one type."""

    def __init__(self, fields: Sequence["Field"]) -> None:
        """Make what makes the objects of the response."""
        self.fields = tuple(fields)
        self._make = _maker([field.key for field in fields])
        self._shareable: bool | None = None

    @property
    def shareable(self) -> bool:
        """Whether an object that stands in several places may be made once for all of them."""
        if self._shareable is None:
            try:
                self._shareable = all(field.shareable for field in self.fields)
            except GraphQLError:
                # What does not fit further down is told there, in the place of each object.
                self._shareable = False
        return self._shareable

    def plan_ahead(self) -> None:
        """Plan what is below, but for objects of interfaces and unions, whose types only a request can tell."""
        for field in self.fields:
            field.completion.plan_ahead()

    def level(self, run: "LevelExecutor", objects: Sources, place: Place) -> Any:  # noqa: ANN401 — rows, or awaited.
        """What the response holds of the objects of a level, a `Raised` in the place of one that can't be had."""
        columns: Column = []
        waiting: list[int] = []
        plain = run.plain
        try:
            for field in self.fields:
                column = field.quick(objects) if plain else None
                if column is None:
                    column = field.column(run, objects, place)
                    if type(column) is not list:
                        waiting.append(len(columns))
                    elif run.raised and all_raised(column):
                        # No object is left to ask anything more of.
                        run.settle_in_background([columns[index] for index in waiting])
                        return [raised.under(field.key) for raised in column]
                columns.append(column)
        except BaseException:
            discard(columns)
            raise
        return self._later(run, columns, waiting, len(objects)) if waiting else self.rows(run, columns, len(objects))

    async def _later(self, run: "LevelExecutor", columns: Column, waiting: list[int], count: int) -> Column:
        try:
            if len(waiting) == 1:
                columns[waiting[0]] = await columns[waiting[0]]
            else:
                for index, column in zip(waiting, await gathered([columns[index] for index in waiting]), strict=True):
                    columns[index] = column
        except AllRaisedError as all_of:
            return [raised.under(all_of.key) for raised in all_of.column]
        return self.rows(run, columns, count)

    def rows(self, run: "LevelExecutor", columns: Sequence[Column], count: int) -> Column:
        """The objects of the response, a `Raised` in the place of one for which a field can't be had."""
        if not columns:
            return [{} for _ in range(count)]
        rows = self._make(*columns)
        if run.raised:
            for place, values in enumerate(zip(*columns, strict=True)):
                failed = first_raised(values)
                if failed is not None:
                    rows[place] = values[failed].under(self.fields[failed].key)
        return rows


def _maker(keys: Sequence[str]) -> Callable[..., Column]:
    """A function that makes objects of these keys from their columns.

    It is written and compiled for the keys, as dataclasses write their methods: a dict display of constant keys takes
    a third of the time of `dict(zip(keys, values))`.
    """
    names = [f"v{place}" for place in range(len(keys))]
    columns = [f"c{place}" for place in range(len(keys))]
    display = ", ".join(f"{key!r}: {name}" for key, name in zip(keys, names, strict=True))
    many = f"for {', '.join(names)} in zip({', '.join(columns)})"
    loop = f"for {names[0]} in {columns[0]}" if len(keys) == 1 else many
    source = f"lambda {', '.join(columns)}: [{{{display}}} {loop}]" if keys else "lambda: []"
    made: Callable[..., Column] = eval(source, {})  # noqa: S307 — keys are GraphQL names, and are quoted.
    return made
