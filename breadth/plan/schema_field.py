"""Fields of a schema, as they are for each document that selects them."""

from collections.abc import Callable
from operator import attrgetter
from typing import Protocol

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
)

from breadth.completion.base import Completion
from breadth.completion.leaf import Leaf, LeafCompletion
from breadth.completion.list import ListCompletion
from breadth.completion.object import AbstractCompletion, ObjectCompletion
from breadth.paths import Paths
from breadth.plan.resolver import Attribute, Resolution, read_on, read_past_stop
from breadth.protocols import PlannedField, Run
from breadth.row_batch import Sources
from breadth.values import Column, MaybeAwaitable, Value

_KEPT = "breadth-fields"

_KINDS: dict[type, type[LeafCompletion | ObjectCompletion | AbstractCompletion]] = {
    GraphQLScalarType: LeafCompletion,
    GraphQLEnumType: LeafCompletion,
    GraphQLObjectType: ObjectCompletion,
    GraphQLInterfaceType: AbstractCompletion,
    GraphQLUnionType: AbstractCompletion,
}


class ReadField(Protocol):
    """A field whose values are read of the objects."""

    def column(self, run: Run, objects: Sources, paths: Paths) -> MaybeAwaitable[Column]:
        """Return the completed values of the field for the objects of a batch, errors at their indices."""

    def read(self, run: Run, objects: Sources, values: Sources, paths: Paths) -> MaybeAwaitable[Column]:
        """Return the completed values of a scalar or enum that were read of the objects."""


Quick = Callable[..., MaybeAwaitable[Column]]
"""Called with the field and what its `column` is called with, for the same values."""


class SchemaField:
    """A field of a type: how it is resolved, and what becomes of its values."""

    __slots__ = (
        "_inner",
        "_kind",
        "_leaf",
        "_lists",
        "_nullable",
        "_type",
        "definition",
        "quick",
        "resolution",
        "resolve",
    )

    def __init__(self, schema: GraphQLSchema, parent_type: GraphQLObjectType, name: str, field: GraphQLField) -> None:
        """Look at the type of the field and at its resolver."""
        # The resolver is noted first: another one may come meanwhile.
        self.definition, self.resolve, self._type = field, field.resolve, field.type
        self.resolution = Resolution.of(field, name, parent_type, schema)
        inner: Value = field.type
        lists: list[bool] = []
        while True:
            nullable = not isinstance(inner, GraphQLNonNull)
            inner = inner if nullable else inner.of_type
            if not isinstance(inner, GraphQLList):
                break
            lists.append(nullable)
            inner = inner.of_type
        self._nullable, self._lists = nullable, tuple(reversed(lists))
        self._kind: Value = _KINDS.get(type(inner)) or next(
            kind for of_type, kind in _KINDS.items() if isinstance(inner, of_type)
        )
        self._leaf = Leaf(inner, nullable=nullable) if self._kind is LeafCompletion else None
        self._inner = self._leaf or inner
        self.quick = _quick(self.resolution, self._leaf) if self._leaf is not None and not lists else None
        """Reads the attribute and looks at its values in one call, if the field is a scalar or enum."""

    def is_of(self, field: GraphQLField) -> bool:
        """Return whether it is known of that field as it is now."""
        return (
            self.definition is field
            and self.resolve is field.resolve
            and self._type is field.type
            and (self._leaf is None or not self._leaf.is_outdated)
        )

    def completion(self, field: PlannedField) -> Completion:
        """Return the completion of the values of a field that a document selects."""
        completion: Completion = self._kind(field, self._inner, nullable=self._nullable)
        for nullable in self._lists:
            completion = ListCompletion(field, completion, nullable=nullable)
        return completion


class SchemaFields:
    """Fields of a type, by their names."""

    __slots__ = ("_fields", "_schema", "_type")

    def __init__(self, schema: GraphQLSchema, of_type: GraphQLObjectType) -> None:
        """Begin with none."""
        self._schema, self._type = schema, of_type
        self._fields: dict[str, SchemaField] = {}

    @staticmethod
    def of(schema: GraphQLSchema, of_type: GraphQLObjectType) -> "SchemaFields":
        """Return those of a type, which are kept with the schema, so that both are garbage together."""
        kept: _Kept | None = vars(schema).get(_KEPT)
        if kept is None:
            kept = vars(schema)[_KEPT] = _Kept()
        found = kept.get(of_type)
        if found is None:
            found = kept[of_type] = SchemaFields(schema, of_type)
        return found

    def get(self, name: str) -> SchemaField | None:
        """Return the field of that name as it is now; None if the type does not have it."""
        definition = self._schema.get_field(self._type, name)
        if definition is None:
            return None
        found = self._fields.get(name)
        if found is None or not found.is_of(definition):
            found = self._fields[name] = SchemaField(self._schema, self._type, name, definition)
        return found


class _Kept(dict[GraphQLObjectType, SchemaFields]):
    """Fields that are kept with a schema, and not with its pickles: they have functions that can't be pickled."""

    def __reduce__(self) -> tuple[type[None], tuple[()]]:
        """Be None in a pickle, which a process without this package may read."""
        return type(None), ()


def _quick(resolution: Resolution, leaf: Leaf) -> Quick | None:
    if not isinstance(resolution, Attribute):
        return None
    if resolution.name is not None:
        return _quick_attribute(resolution, leaf, resolution.name)
    read, classes, fit = resolution.read, leaf.built_in, leaf.fit

    def quick(field: ReadField, run: Run, objects: Sources, paths: Paths) -> MaybeAwaitable[Column]:
        values = read(objects)
        if type(values) is list and set(map(type, values)) <= classes and (fit is None or fit(values)):
            return values
        return field.read(run, objects, values, paths)

    return quick


def _quick_attribute(resolution: Attribute, leaf: Leaf, name: str) -> Quick:
    """Return the same with one call less for a plain attribute, as nearly every field is."""
    get, ready, classes = attrgetter(name), leaf.ready, leaf.as_they_are
    may_be_texts = str in classes

    def quick(field: ReadField, run: Run, objects: Sources, paths: Paths) -> MaybeAwaitable[Column]:
        values: Sources
        if isinstance(objects, list):
            values = []
            try:
                values += map(get, objects)
            except Exception as error:
                values = read_on(get, objects, values, error)
            if len(values) != len(objects):
                values = read_past_stop(get, objects, values)
        else:
            try:
                values = objects.column(name)
            except Exception:
                values = resolution.read(list(objects))
            if may_be_texts and type(values) is list and values and type(values[0]) is str:
                # A quarter of the time that a look at the class of each takes.
                try:
                    "".join(values)
                except TypeError:
                    pass
                else:
                    return values
        if classes and set(map(type, values)) <= classes and type(values) is list:
            return values
        completed = ready(values)
        return field.read(run, objects, values, paths) if completed is None else completed

    return quick
