"""Fields and selections: what is known of them before a request comes, and how they are resolved for a level."""

from collections.abc import Awaitable, Callable
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from graphql import (
    GraphQLField,
    GraphQLObjectType,
    GraphQLOutputType,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from graphql.execution.collect_fields import FieldDetailsList
from graphql.pyutils import Path

from breadth.awaiting import Column, then
from breadth.batch_resolvers import one_for_each
from breadth.coercion.arguments import Arguments
from breadth.column_batch import Sources, is_table
from breadth.completion.base import Completion
from breadth.completion.leaf import LeafCompletion
from breadth.completion.list import ListCompletion
from breadth.completion.object import AbstractCompletion, ObjectCompletion
from breadth.info import LevelInfo
from breadth.lookahead import Nodes
from breadth.paths import Place, Under
from breadth.plan.resolver import Attribute, Level, Resolution
from breadth.plan.selection import AllRaisedError, Selection, all_raised

if TYPE_CHECKING:
    from breadth.executor import LevelExecutor
    from breadth.plan.operation import Variant


class Field:
    """A field of a selection: the one for its response key, of all the nodes that ask for it."""

    __slots__ = (
        "_given",
        "_variant",
        "arguments",
        "completion",
        "definition",
        "details",
        "key",
        "name",
        "nodes",
        "parent_type",
        "path",
        "quick",
        "resolution",
    )

    def __init__(
        self,
        variant: "Variant",
        parent_type: GraphQLObjectType,
        key: str,
        details: FieldDetailsList,
        definition: GraphQLField,
    ) -> None:
        """Find out how the field is resolved, and what becomes of its values."""
        self._variant = variant
        self.parent_type, self.key, self.details, self.definition = parent_type, key, details, definition
        self.nodes = Nodes(each.node for each in details)
        self.name = self.nodes[0].name.value
        self.arguments = Arguments(definition, self.nodes[0])
        self.completion: Completion = _completion(self, definition.type)
        self.resolution = Resolution.of(definition, self.name, parent_type, variant.schema)
        self.path = Path(None, key, parent_type.name)
        """Where the field stands in an object of a level, whichever that is."""
        self._given = self.arguments.known
        self.quick = _quick(self.resolution, self.completion) if self.arguments.constant else _nothing
        """The completed values, where nothing stands between the objects and their attributes and a look says that the
        values fit; None where there is more to find out.
        """

    def selection(self, of_type: GraphQLObjectType) -> Selection:
        """What is asked of the field's objects of that type."""
        return self._variant.selection(of_type, self.details)

    @property
    def shareable(self) -> bool:
        """Whether the field gives equal objects equal values, all the way down, as an ordinary resolver need not."""
        if not self.resolution.shareable:
            return False
        inner: Any = self.completion
        while isinstance(inner, ListCompletion):
            inner = inner.item
        return isinstance(inner, LeafCompletion) or (isinstance(inner, ObjectCompletion) and inner.shareable)

    def column(self, run: "LevelExecutor", objects: Sources, place: Place) -> Any:  # noqa: ANN401 — a column, or awaited.
        """The completed values of the field for the objects of a level. Errors stand in their places."""
        here = Under(place, self.key, self.parent_type.name)
        try:
            values = self._values(run, objects, here)
            if type(values) is list or is_table(values):
                column = self.completion.complete(run, values, here)
            else:
                column = then(_listed(values, len(objects)), partial(self.completion.complete, run, place=here))
        except Exception as error:  # noqa: BLE001 — resolvers may raise anything, which is the error of each place.
            return self._failed(run, error, len(objects), here)
        return column if type(column) is list else self._awaited(run, column, len(objects), here)

    def _values(self, run: "LevelExecutor", objects: Sources, here: Place) -> Any:  # noqa: ANN401 — as above.
        resolution = self.resolution
        if not run.plain or type(resolution) is Resolution:
            return self._one_by_one(run, objects, here)
        if isinstance(resolution, Level):
            given = self._given
            if given is None:
                given = self.arguments.values(run.variable_values, hide_suggestions=run.hide_suggestions)
            info = LevelInfo(run, self) if resolution.needs_info else None
            # A table can't be changed, and a list is the resolver's own.
            values = resolution.resolver(list(objects) if type(objects) is list else objects, info, **given)
            if type(values) is list and len(values) == len(objects):
                return values
            return values if hasattr(type(values), "__await__") else one_for_each(values, len(objects))
        if not self.arguments.constant:
            # Nothing is made of the values, but one that does not fit is an error.
            self.arguments.values(run.variable_values, hide_suggestions=run.hide_suggestions)
        read = resolution.values(objects) if isinstance(resolution, Attribute) else None
        return self._one_by_one(run, objects, here) if read is None else read

    def _one_by_one(self, run: "LevelExecutor", objects: Sources, here: Place) -> Column:
        resolve = self.definition.resolve or run.field_resolver
        if run.middleware_manager is not None:
            resolve = run.middleware_manager.get_field_resolver(resolve)
        elif self.resolution.resolve is not None:
            resolve = self.resolution.resolve
        values: Column = []
        for index, source in enumerate(objects):
            try:
                info = run.info(self, next(here.paths(index)))
                given = self.arguments.values(run.variable_values, hide_suggestions=run.hide_suggestions)
                values.append(resolve(source, info, **given))
            except Exception as error:  # noqa: BLE001 — as above.
                values.append(error)
        return values

    async def _awaited(self, run: "LevelExecutor", waiting: Awaitable[Column], count: int, here: Place) -> Column:
        try:
            column = await waiting
        except Exception as error:  # noqa: BLE001 — as above.
            column = self._failed(run, error, count, here)
        if run.raised and all_raised(column):
            raise AllRaisedError(self.key, column)
        return column

    def _failed(self, run: "LevelExecutor", error: Exception, count: int, here: Place) -> Column:
        return [self.completion.fail(run, error, here, index) for index in range(count)]


def _quick(resolution: Resolution, completion: Completion) -> Callable[[Sources], Column | None]:
    """What reads the attribute and looks at its values in one call, for fields that are scalars or enums."""
    if not isinstance(resolution, Attribute) or not isinstance(completion, LeafCompletion):
        return _nothing
    read, ready, classes = resolution.read, completion.ready, completion.as_they_are
    if resolution.name is not None:
        return _quick_attribute(resolution.name, completion)

    def quick(objects: Sources) -> Column | None:
        try:
            values = read(objects)
        except Exception:  # noqa: BLE001 — told once it is known for which object.
            return None
        if type(values) is not list:
            return None
        return values if set(map(type, values)) <= classes else ready(values)

    return quick


def _quick_attribute(name: str, completion: LeafCompletion) -> Callable[[Sources], Column | None]:
    """The same with one call less for what is a plain attribute, as nearly every field is."""
    get, ready, classes = attrgetter(name), completion.ready, completion.as_they_are

    def quick(objects: Sources) -> Column | None:
        try:
            values = list(map(get, objects)) if isinstance(objects, list) else objects.column(name)
        except Exception:  # noqa: BLE001 — as above.
            return None
        return values if set(map(type, values)) <= classes and type(values) is list else ready(values)

    return quick


def _nothing(_objects: Sources) -> None:
    return None


async def _listed(values: Awaitable[Any], count: int) -> Any:  # noqa: ANN401 — a list, or a table.
    return one_for_each(await values, count)


def _completion(field: "Field", of_type: GraphQLOutputType) -> Completion:
    """The completion of a type, its wrappers from the outside in."""
    nullable = not is_non_null_type(of_type)
    inner: Any = of_type if nullable else of_type.of_type  # type: ignore[union-attr]
    if is_list_type(inner):
        return ListCompletion(field, _completion(field, inner.of_type), nullable=nullable)
    if is_leaf_type(inner):
        return LeafCompletion(field, inner, nullable=nullable)
    if is_abstract_type(inner):
        return AbstractCompletion(field, inner, nullable=nullable)
    return ObjectCompletion(field, inner, nullable=nullable)
