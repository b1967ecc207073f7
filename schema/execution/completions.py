"""Completing columns: what resolvers gave becomes what the response holds, for all objects of a level together."""

from collections.abc import Callable, Sequence
from enum import Enum
from functools import partial
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

from graphql import (
    GraphQLBoolean,
    GraphQLError,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLLeafType,
    GraphQLOutputType,
    GraphQLString,
    Undefined,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from graphql.pyutils import inspect, is_iterable

from schema.execution.columns import EASY, NOTHING, Column, learn, settled, then
from schema.execution.places import Chosen, Items, Place, Raised

if TYPE_CHECKING:
    from schema.execution.executor import LevelExecutor
    from schema.execution.fields import Field

_NONE = type(None)
_INT_MIN, _INT_MAX = -(2**31), 2**31 - 1


class Completion:
    """Completes the values of a field, or the items of its lists, of one type."""

    def __init__(self, field: "Field", *, nullable: bool) -> None:
        """Name the field that is completed, and whether null may stand in the place of a value."""
        self.field, self.nullable = field, nullable

    def complete(self, run: "LevelExecutor", values: Column, place: Place) -> Any:  # noqa: ANN401 — a column, or awaited.
        """The completed column, a `Raised` in the place of what can't be null; awaitable where a value is."""
        kinds = set(map(type, values))
        if kinds <= EASY:
            return self._sift(run, values, place) if _NONE in kinds else self._settled(run, values, place)
        traits = learn(kinds)
        if traits.awaitable:
            awaitable = [index for index, value in enumerate(values) if run.is_awaitable(value)]
            if awaitable:
                return then(settled(values, awaitable), partial(self._sift, run, place=place))
        if traits.exception or _NONE in kinds:
            return self._sift(run, values, place)
        return self._settled(run, values, place)

    def _settled(self, run: "LevelExecutor", values: Column, place: Place) -> Any:  # noqa: ANN401 — as above.
        """Complete values that are there, and no errors."""
        raise NotImplementedError

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


class _Ready(NamedTuple):
    """The classes whose values are in their JSON form already, where they fit."""

    classes: frozenset[type]
    fit: Callable[[Column], bool] | None = None


class LeafCompletion(Completion):
    """Completes scalars and enums; values that are in their JSON form are left as they are."""

    def __init__(self, field: "Field", leaf: GraphQLLeafType, *, nullable: bool) -> None:
        """Find out which classes are ready for the response."""
        super().__init__(field, nullable=nullable)
        self._leaf, self._coerce = leaf, leaf.coerce_output_value
        self._names: dict[Any, str | None] = {}
        self._named: set[type] = set()
        self._ready, self._fit = _READY[leaf.name] if leaf in _BUILT_IN else _Ready(frozenset())
        if nullable:
            self._ready |= {_NONE}
            self._names[None] = None
            self._named.add(_NONE)

    def complete(self, run: "LevelExecutor", values: Column, place: Place) -> Any:  # noqa: ANN401 — as above.
        """As any completion, with one look at the classes for values that are ready."""
        kinds = set(map(type, values))
        if kinds <= self._ready and (self._fit is None or self._fit(values)):
            return values
        if kinds <= self._named:
            try:
                return list(map(self._names.__getitem__, values))
            except KeyError:
                pass
        return super().complete(run, values, place)

    def _settled(self, run: "LevelExecutor", values: Column, place: Place) -> Column:
        try:
            column = list(map(self._coerce, values))
        except Exception:  # noqa: BLE001 — told once it is known in which place.
            return self._one_by_one(run, values, place)
        if any(value is None or value is Undefined for value in column):
            return self._one_by_one(run, values, place)
        self._remember(values, column)
        return column

    def _one_by_one(self, run: "LevelExecutor", values: Column, place: Place) -> Column:
        column: Column = []
        for index, value in enumerate(values):
            try:
                coerced = self._coerce(value)
                if coerced is None or coerced is Undefined:
                    call = f"`{inspect(self._leaf)}.coerce_output_value({inspect(value)})`"
                    message = f"Expected {call} to return non-nullable value, returned: {inspect(coerced)}"
                    raise TypeError(message)  # noqa: TRY301 — it is the error of this place.
                column.append(coerced)
            except Exception as error:  # noqa: BLE001 — a scalar may raise anything.
                column.append(self.fail(run, error, place, index))
        return column

    def _remember(self, values: Sequence[Any], names: Sequence[Any]) -> None:
        """Know the names of an enum's members, whose number is small; any other value may be equal to another one."""
        for value, name in zip(values, names, strict=True):
            kind = type(value)
            if not _is_plain_enum(kind):
                return
            self._names[value] = name
            self._named.add(kind)


class ListCompletion(Completion):
    """Completes lists: the items of all the lists of a column are one column."""

    def __init__(self, field: "Field", item: Completion, *, nullable: bool) -> None:
        """Name the completion of the items."""
        super().__init__(field, nullable=nullable)
        self.item = item

    def _settled(self, run: "LevelExecutor", values: Column, place: Place) -> Any:  # noqa: ANN401 — as above.
        if learn(set(map(type, values))).iterates_async and any(map(run.is_async_iterable, values)):
            return then(self._collected(run, values), partial(self._lists, run, place=place))
        return self._lists(run, values, place)

    async def _collected(self, run: "LevelExecutor", values: Column) -> Column:
        async_ones = [index for index, value in enumerate(values) if run.is_async_iterable(value)]
        column = list(values)
        for index in async_ones:
            column[index] = _items(values[index])
        return await settled(column, async_ones)

    def _lists(self, run: "LevelExecutor", values: Column, place: Place) -> Any:  # noqa: ANN401 — as above.
        results: Column = [None] * len(values)
        kept: list[int] = []
        starts: list[int] = []
        flat: Column = []
        for index, value in enumerate(values):
            try:
                items = value if type(value) is list else self._listed(value)
            except Exception as error:  # noqa: BLE001 — an iterator may raise anything.
                results[index] = self.fail(run, error, place, index)
                continue
            kept.append(index)
            starts.append(len(flat))
            flat += items
        items_place = Items(place if len(kept) == len(values) else Chosen(place, kept), starts)
        ends = [*starts[1:], len(flat)]

        def split(column: Column) -> Column:
            for index, start, end in zip(kept, starts, ends, strict=True):
                items = column[start:end]
                failed = first_raised(items) if run.raised else None
                results[index] = items if failed is None else items[failed].under(failed)
            return self.stop(run, results, place)

        return then(self.item.complete(run, flat, items_place), split)

    def _listed(self, value: Any) -> Sequence[Any]:  # noqa: ANN401 — a resolver may give anything.
        if isinstance(value, Exception):
            raise value
        if not is_iterable(value):
            field = self.field
            message = f"Expected Iterable, but did not find one for field '{field.parent_type}.{field.name}'."
            raise GraphQLError(message)
        return list(value)


def _is_plain_enum(kind: type) -> bool:
    """Whether the class has members that equal nothing but themselves, as those of a `str` and `Enum` do not."""
    return issubclass(kind, Enum) and vars(object)["__eq__"] is kind.__eq__ and vars(Enum)["__hash__"] is kind.__hash__


def first_raised(values: Sequence[Any]) -> int | None:
    """The place of the first error on its way up, for which whatever holds the values can't be had."""
    return next((place for place, value in enumerate(values) if type(value) is Raised), None)


async def _items(iterable: Any) -> list[Any]:  # noqa: ANN401 — anything that iterates asynchronously.
    return [item async for item in iterable]


def completion(field: "Field", of_type: GraphQLOutputType) -> Completion:
    """The completion of a type, its wrappers from the outside in."""
    from schema.execution.objects import AbstractCompletion, ObjectCompletion  # noqa: PLC0415 — they are completions.

    nullable = not is_non_null_type(of_type)
    inner: Any = of_type if nullable else of_type.of_type  # type: ignore[union-attr]
    if is_list_type(inner):
        return ListCompletion(field, completion(field, inner.of_type), nullable=nullable)
    if is_leaf_type(inner):
        return LeafCompletion(field, inner, nullable=nullable)
    if is_abstract_type(inner):
        return AbstractCompletion(field, inner, nullable=nullable)
    return ObjectCompletion(field, inner, nullable=nullable)


def _fit_int(values: Column) -> bool:
    numbers = [value for value in values if value is not None]
    return not numbers or (min(numbers) >= _INT_MIN and max(numbers) <= _INT_MAX)


def _fit_float(values: Column) -> bool:
    return all(value is None or isfinite(value) for value in values)


_BUILT_IN = (GraphQLString, GraphQLID, GraphQLBoolean, GraphQLInt, GraphQLFloat)
_READY = {
    "String": _Ready(frozenset({str})),
    "ID": _Ready(frozenset({str})),
    "Boolean": _Ready(frozenset({bool})),
    "Int": _Ready(frozenset({int}), _fit_int),
    "Float": _Ready(frozenset({float}), _fit_float),
}
