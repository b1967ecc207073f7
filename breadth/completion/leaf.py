"""Completion of scalars and enums."""

from collections.abc import Callable, Sequence
from enum import Enum
from math import isfinite
from typing import NamedTuple

from graphql import GraphQLEnumType, GraphQLLeafType, Undefined
from graphql.pyutils import inspect

from breadth.awaiting import EASY, learn
from breadth.batch_resolvers import column_serialization
from breadth.built_in import is_built_in
from breadth.completion.base import Completion
from breadth.paths import Paths
from breadth.protocols import PlannedField, Run
from breadth.row_batch import Sources
from breadth.values import Column, MaybeAwaitable, Value

_NONE = type(None)
_NO_CLASSES: frozenset[type] = frozenset()
_NO_NAMES: dict[int, str | None] = {}
_INT_MIN, _INT_MAX = -(2**31), 2**31 - 1


class _Ready(NamedTuple):
    """Classes whose valid values are in their JSON form already."""

    classes: frozenset[type]
    fit: Callable[[Column], bool] | None = None


class Leaf:
    """Traits of the values of a scalar or enum, for all documents that select a field of it."""

    __slots__ = (
        "_named",
        "_names",
        "_of_column",
        "_together",
        "as_they_are",
        "built_in",
        "coerce",
        "fit",
        "of_type",
    )

    def __init__(self, of_type: GraphQLLeafType, *, nullable: bool) -> None:
        """Find out which classes are ready for the response."""
        self.of_type, self.coerce = of_type, of_type.coerce_output_value
        # By the identity of the members, which live as long as their class: a hash of an Enum is a call of Python.
        self._names: dict[int, str | None] = _NO_NAMES
        self._named = self._together = _NO_CLASSES
        known = is_built_in(of_type, self.coerce)
        self.built_in, self.fit = (_READY_OR_NULL if nullable else _READY)[of_type.name if known else ""]
        """Classes of Python whose values are in their JSON form, if they fit: none of them is called or awaited."""
        self.as_they_are = self.built_in if self.fit is None else _NO_CLASSES
        """The classes whose values are in their JSON form, whatever they are."""
        of_column = None if known else column_serialization(self.coerce)
        if of_column is not None:
            self._together, self._of_column = frozenset({of_column.kind}), of_column.serialize
            if nullable:
                self._together |= {_NONE}

    @property
    def is_outdated(self) -> bool:
        """Whether the type serializes by another function now."""
        return self.coerce != self.of_type.coerce_output_value

    def ready(self, values: Sources) -> Column | None:
        """Return the values in their JSON form, if one look at their classes finds it; None if not."""
        if not isinstance(values, list):
            # Objects are no scalars; completing them one by one raises the error.
            return None
        kinds = set(map(type, values))
        if kinds <= self.built_in and (self.fit is None or self.fit(values)):
            return values
        if kinds <= self._named:
            try:
                return list(map(self._names.__getitem__, map(id, values)))
            except KeyError:
                pass
        if kinds <= self._together:
            try:
                column = self._of_column(values)
            except Exception:
                return None
            if type(column) is list and len(column) == len(values):
                return column
        return None

    def null_error(self, value: Value, coerced: Value) -> TypeError:
        """Return the error of a value whose JSON form is null."""
        call = f"`{inspect(self.of_type)}.coerce_output_value({inspect(value)})`"
        return TypeError(f"Expected {call} to return non-nullable value, returned: {inspect(coerced)}")

    def remember(self, values: Sequence[Value], names: Sequence[Value], *, nullable: bool) -> None:
        """Keep the names of an enum's members, whose number is small; any other value may be equal to another one."""
        # A scalar may give another form each time, or one that its caller changes.
        if not isinstance(self.of_type, GraphQLEnumType):
            return
        for value, name in zip(values, names, strict=True):
            kind = type(value)
            if not _is_plain_enum(kind):
                return
            if not self._named:
                self._names = {id(None): None}
                self._named = frozenset({_NONE}) if nullable else self._named
            self._names[id(value)] = name
            self._named |= {kind}


class LeafCompletion(Completion):
    """Completes scalars and enums; values that are in their JSON form are left as they are."""

    __slots__ = ("_leaf",)

    def __init__(self, field: PlannedField, leaf: Leaf, *, nullable: bool) -> None:
        """Name the scalar or enum."""
        self.field, self.nullable, self._leaf = field, nullable, leaf

    def complete(self, run: Run, values: Sources, paths: Paths) -> MaybeAwaitable[Column]:
        """Complete as any completion does, after one look for values that are ready."""
        ready = self._leaf.ready(values)
        return super().complete(run, values, paths) if ready is None else ready

    def _settled(self, run: Run, values: Column, paths: Paths) -> MaybeAwaitable[Column]:
        column: Column = []
        try:
            column += map(self._leaf.coerce, values)
        except Exception as error:
            return self._with_awaited(run, self._one_by_one(run, values, paths, column, error), paths)
        if len(column) < len(values):
            # A StopIteration of the scalar looks like the end of the values.
            return self._with_awaited(run, self._one_by_one(run, values, paths, column), paths)
        kinds = set(map(type, column))
        if _NONE in kinds or (not kinds <= EASY and any(learn(kinds))):
            column = [self._checked(run, value, values[index], paths, index) for index, value in enumerate(column)]
            return self._with_awaited(run, column, paths)
        self._leaf.remember(values, column, nullable=self.nullable)
        return column

    def _with_awaited(self, run: Run, column: Column, paths: Paths) -> MaybeAwaitable[Column]:
        """Return the column of JSON forms, some of which a scalar may give later."""
        kinds = set(map(type, column))
        if kinds <= EASY or not learn(kinds).awaitable or not any(map(run.is_awaitable, column)):
            return column
        return _GivenLater(self.field, nullable=self.nullable).complete(run, column, paths)

    def _one_by_one(
        self, run: Run, values: Column, paths: Paths, column: Column, error: Exception | None = None
    ) -> Column:
        """Return the column, of which the values before the one that failed are serialized already."""
        column = [self._checked(run, value, values[index], paths, index) for index, value in enumerate(column)]
        if error is not None:
            column.append(self.fail(run, error, paths, len(column)))
        for index in range(len(column), len(values)):
            try:
                coerced = self._leaf.coerce(values[index])
            except Exception as another:
                column.append(self.fail(run, another, paths, index))
            else:
                column.append(self._checked(run, coerced, values[index], paths, index))
        return column

    def _checked(self, run: Run, coerced: Value, value: Value, paths: Paths, index: int) -> Value:
        """Return the JSON form of a value, or what is in its place if the form is null."""
        if coerced is None or coerced is Undefined:
            return self.fail(run, self._leaf.null_error(value, coerced), paths, index)
        return coerced


class _GivenLater(Completion):
    """Awaits JSON forms that a scalar gives later: an error of one is an error of the value, and null stays null."""

    __slots__ = ()

    def _sift(self, run: Run, values: Column, paths: Paths) -> Column:
        return [
            self.fail(run, value, paths, index) if isinstance(value, Exception) else value
            for index, value in enumerate(values)
        ]


def _is_plain_enum(kind: type) -> bool:
    """Return whether the class has members that equal nothing but themselves, as those of a `str` and `Enum` do not."""
    return issubclass(kind, Enum) and vars(object)["__eq__"] is kind.__eq__ and vars(Enum)["__hash__"] is kind.__hash__


def _fit_int(values: Column) -> bool:
    try:
        return bool(min(values) >= _INT_MIN and max(values) <= _INT_MAX)
    except (TypeError, ValueError):
        # There are nulls among them, or nothing.
        numbers = [value for value in values if value is not None]
    return not numbers or (min(numbers) >= _INT_MIN and max(numbers) <= _INT_MAX)


def _fit_float(values: Column) -> bool:
    return all(value is None or isfinite(value) for value in values)


_READY = {
    "String": _Ready(frozenset({str})),
    "ID": _Ready(frozenset({str})),
    "Boolean": _Ready(frozenset({bool})),
    "Int": _Ready(frozenset({int}), _fit_int),
    "Float": _Ready(frozenset({float}), _fit_float),
    "": _Ready(_NO_CLASSES),
}
_READY_OR_NULL = {name: _Ready(ready.classes | {_NONE}, ready.fit) for name, ready in _READY.items()}
