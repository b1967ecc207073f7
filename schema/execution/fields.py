"""Fields and selections: what is known of them before a request comes, and how they are resolved for a level."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from graphql import (
    GraphQLError,
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

from schema.execution.arguments import Arguments
from schema.execution.columns import Column, discard, then
from schema.execution.completions import Completion, first_raised
from schema.execution.leaves import LeafCompletion
from schema.execution.lists import ListCompletion
from schema.execution.lookahead import Nodes
from schema.execution.marks import one_for_each
from schema.execution.objects import AbstractCompletion, ObjectCompletion
from schema.execution.places import Place, Raised, Under
from schema.execution.resolution import Attribute, Level, Resolution

if TYPE_CHECKING:
    from schema.execution.executor import LevelExecutor
    from schema.execution.plans import Variant


class Field:
    """A field of a selection: the one for its response key, of all the nodes that ask for it."""

    __slots__ = (
        "_quick",
        "_variant",
        "arguments",
        "completion",
        "definition",
        "details",
        "key",
        "name",
        "nodes",
        "parent_type",
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
        self._quick = (
            self.completion.ready
            if isinstance(self.completion, LeafCompletion) and self.arguments.constant
            else _nothing_ready
        )

    def selection(self, of_type: GraphQLObjectType) -> "Selection":
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

    def column(self, run: "LevelExecutor", objects: Column, place: Place) -> Any:  # noqa: ANN401 — a column, or awaited.
        """The completed values of the field for the objects of a level. Errors stand in their places."""
        read = self.resolution.values(objects) if run.plain and type(self.resolution) is Attribute else None
        if read is not None:
            ready = self._quick(read)
            if ready is not None:
                return ready
        here, count = Under(place, self.key, self.parent_type.name), len(objects)
        try:
            values = self._values(run, objects, here, read)
            if type(values) is not list:
                values = _listed(values, count)
            column = then(values, partial(self.completion.complete, run, place=here))
        except Exception as error:  # noqa: BLE001 — resolvers may raise anything, which is the error of each place.
            return self._failed(run, error, count, here)
        return column if type(column) is list else self._awaited(run, column, count, here)

    def _values(self, run: "LevelExecutor", objects: Column, here: Place, read: Column | None) -> Any:  # noqa: ANN401 — as above.
        if read is not None:
            if not self.arguments.constant:
                # Nothing is made of the values, but one that does not fit is an error.
                self.arguments.values(run.variable_values, hide_suggestions=run.hide_suggestions)
            return read
        if run.plain and type(self.resolution) is Level:
            given = self.arguments.values(run.variable_values, hide_suggestions=run.hide_suggestions)
            path = Path(None, self.key, self.parent_type.name)
            info = run.info(self, path) if self.resolution.needs_info else None
            values = self.resolution.resolver(list(objects), info, **given)
            return values if hasattr(type(values), "__await__") else one_for_each(values, len(objects))
        return self._one_by_one(run, objects, here)

    def _one_by_one(self, run: "LevelExecutor", objects: Column, here: Place) -> Column:
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


def _nothing_ready(_values: Column) -> None:
    return None


class AllRaisedError(Exception):
    """A field can't be had for any object of a level, so that nothing else of them has to be waited for."""

    def __init__(self, key: str, column: Column) -> None:
        """Name the field's key and the errors."""
        super().__init__()
        self.key, self.column = key, column


def all_raised(column: Any) -> bool:  # noqa: ANN401 — a column, or what is awaited for one.
    """Whether there is an error on its way up in every place."""
    return type(column) is list and bool(column) and all(type(value) is Raised for value in column)


async def _listed(values: Awaitable[Any], count: int) -> Column:
    return one_for_each(await values, count)


class Selection:
    """The fields that are asked of the objects of one type."""

    def __init__(self, fields: Sequence[Field]) -> None:
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

    def given_up(self, columns: Sequence[Column]) -> Column:
        """What stands in the place of the objects, of which the last of these columns can't be had."""
        return [raised.under(self.fields[len(columns) - 1].key) for raised in columns[-1]]

    def columns(self, run: "LevelExecutor", objects: Column, place: Place) -> Column:
        """The column of each field, some of them to be awaited."""
        columns: Column = []
        try:
            for field in self.fields:
                columns.append(field.column(run, objects, place))
                if run.raised and all_raised(columns[-1]):
                    # No object is left to ask anything more of.
                    break
        except BaseException:
            discard(columns)
            raise
        return columns

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
