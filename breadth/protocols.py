"""Protocols by which the parts of the executor know each other, so that no module imports another in a cycle."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Protocol

from graphql import (
    FieldNode,
    GraphQLAbstractType,
    GraphQLField,
    GraphQLFieldResolver,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    GraphQLTypeResolver,
    Node,
)
from graphql.execution import MiddlewareManager
from graphql.execution.collect_fields import FieldDetailsList
from graphql.execution.values import VariableValues
from graphql.pyutils import Path

from breadth.paths import Paths, PropagatingError
from breadth.row_batch import Sources
from breadth.values import Column, MaybeAwaitable, Value


class PlannedSelection(Protocol):
    """Fields that are selected of the objects of one type."""

    @property
    def shareable(self) -> bool:
        """Whether an object that has several paths may be completed once for all of them, unless a value is called."""

    def uncalled(self, objects: Sources) -> dict[int, Sources]:
        """Return the values that fields call if they can be called, by the indices of the fields."""

    def leaves(self, known: Mapping[int, Sources]) -> dict[int, Sources]:
        """Return the values of scalars and enums among these."""

    def knowing(self, known: Mapping[int, Sources]) -> "PlannedSelection":
        """Return the same selection for objects of which these values were read, by the indices of the fields."""

    def prepare(self) -> None:
        """Make what an operation that is executed again is executed with."""

    def below(self) -> "Iterator[PlannedSelection]":
        """Yield the selections of its fields, each planned when it is asked for. Raises GraphQLError while it does."""

    def batch(self, run: "Run", objects: Sources, paths: Paths) -> MaybeAwaitable[Column]:
        """Return the response objects of a batch, with a `PropagatingError` for each object that is null."""


class PlannedArguments(Protocol):
    """Arguments of a field of a selection."""

    def values(self, variables: VariableValues, *, hide_suggestions: bool) -> dict[str, Value]:
        """Return the values for a request. Raises GraphQLError if one does not fit."""


class PlannedField(Protocol):
    """A field of a selection."""

    key: str
    name: str
    details: FieldDetailsList
    parent_type: GraphQLObjectType
    definition: GraphQLField
    grace: float

    @property
    def arguments(self) -> PlannedArguments:
        """Arguments that the document gives to the field."""

    @property
    def nodes(self) -> list[FieldNode]:
        """Nodes of the document that select the field."""

    @property
    def path(self) -> Path:
        """Path of the field within an object of the batch."""

    def selection(self, of_type: GraphQLObjectType) -> PlannedSelection:
        """Return what is selected of the field's objects of that type."""


class PlannedVariant(Protocol):
    """An operation for certain values of the variables of its @skip and @include."""

    schema: GraphQLSchema

    def selection(self, of_type: GraphQLObjectType, details: FieldDetailsList) -> PlannedSelection:
        """Return what a field selects of the objects of that type."""

    def shareable(self, of_type: GraphQLObjectType, details: FieldDetailsList) -> bool:
        """Return whether nothing that a field selects of the objects, or below, may be resolved for one at a time."""


class Run(Protocol):
    """One execution of an operation."""

    schema: GraphQLSchema
    context_value: Value
    variable_values: VariableValues
    hide_suggestions: bool
    middleware_manager: MiddlewareManager | None
    field_resolver: GraphQLFieldResolver
    type_resolver: GraphQLTypeResolver
    plain: bool
    raised: bool
    makes_infos: bool
    pause: Callable[[], Awaitable[None]] | None
    encode: Callable[[Column], Value] | None

    @property
    def is_awaitable(self) -> Callable[[Value], bool]:
        """Predicate of values that are awaited."""

    @property
    def is_async_iterable(self) -> Callable[[Value], bool]:
        """Predicate of lists that are iterated asynchronously."""

    def info(self, field: PlannedField, path: Path | None) -> GraphQLResolveInfo[Value]:
        """Return graphql-core's info of a field."""

    def raising(self, error: Exception, nodes: Sequence[Node], paths: Paths, index: int) -> PropagatingError:
        """Return the propagating error of a value."""

    def give_up(self) -> None:
        """Note that something is not waited for any more."""

    def stop(self, raised: PropagatingError, paths: Paths, index: int) -> None:
        """Record that the value of this index is null because of the error."""

    def settle_in_background(self, awaitables: list[Value], /) -> None:
        """Await what the response does not need any more."""

    def track_async_work(self, values: Sequence[Value], /) -> None:
        """Await those of the values that are awaitable, in the background."""

    def ensure_valid_runtime_type(
        self,
        runtime_type_name: Value,
        return_type: GraphQLAbstractType,
        field_details_list: FieldDetailsList,
        info: GraphQLResolveInfo[Value],
        result: Value,
        /,
    ) -> GraphQLObjectType:
        """Return the object type of that name. Raises GraphQLError if the abstract type does not have it."""
