"""Fields: what is known of them before a request comes, and how they are resolved for a batch."""

from collections.abc import Awaitable
from functools import partial

from graphql import FieldNode, GraphQLObjectType
from graphql.execution.collect_fields import FieldDetailsList
from graphql.pyutils import Path

from breadth.awaiting import GRACE_SECONDS, shared, then
from breadth.batch_resolvers import one_for_each, waits_for_seconds
from breadth.coercion.arguments import NO_ARGUMENTS, Arguments
from breadth.completion.base import Completion
from breadth.completion.ending import AllRaisedError, is_over
from breadth.completion.leaf import LeafCompletion
from breadth.completion.list import ListCompletion
from breadth.completion.object import ObjectCompletion
from breadth.hooks import Hooked
from breadth.info import BatchInfo
from breadth.lookahead import Nodes
from breadth.paths import Paths, Under
from breadth.plan.resolver import Attribute, BatchFunction
from breadth.plan.schema_field import Quick, SchemaField
from breadth.protocols import PlannedSelection, PlannedVariant, Run
from breadth.row_batch import Sources, is_row_batch
from breadth.values import Column, MaybeAwaitable, Value

Completed = MaybeAwaitable[Column]


class Field:
    """A field of a selection: the one for its response key, of all the nodes that ask for it."""

    __slots__ = (
        "_given",
        "_known",
        "_nodes",
        "_variant",
        "arguments",
        "completion",
        "definition",
        "details",
        "grace",
        "key",
        "name",
        "parent_type",
        "quick",
        "resolution",
    )

    def __init__(
        self,
        variant: PlannedVariant,
        parent_type: GraphQLObjectType,
        key: str,
        details: FieldDetailsList,
        known: SchemaField,
    ) -> None:
        """Name the operation, the type, the response key, and the nodes that select the field."""
        node = details[0].node
        self._variant, self._known = variant, known
        self._nodes: list[FieldNode] | None = None
        self.parent_type, self.key, self.details, self.name = parent_type, key, details, node.name.value
        self.definition = definition = known.definition
        self.resolution = known.resolution
        self.grace = waits_for_seconds(definition) if definition.extensions else GRACE_SECONDS
        self.arguments = Arguments(definition, node) if definition.args or node.arguments else NO_ARGUMENTS
        self.completion: Completion = known.completion(self)
        self._given: dict[str, Value] | None = self.arguments.known
        self.quick: Quick = (known.quick if self._given is not None else None) or Field.column
        """As `column`, with less to find out for an attribute that is read as it is."""

    @property
    def nodes(self) -> list[FieldNode]:
        """Nodes of the document that select the field."""
        if self._nodes is None:
            self._nodes = Nodes([each.node for each in self.details])
        return self._nodes

    @property
    def path(self) -> Path:
        """Path of the field within an object of the batch."""
        return Path(None, self.key, self.parent_type.name)

    def prepare(self) -> None:
        """Make what an operation that is executed again is executed with."""
        if self._given is None:
            self.arguments.prepare()
            self._given = self.arguments.known
            if self._given is not None:
                self.quick = self._known.quick or Field.column

    def selection(self, of_type: GraphQLObjectType) -> PlannedSelection:
        """Return what is selected of the field's objects of that type."""
        return self._variant.selection(of_type, self.details)

    @property
    def is_of_parts(self) -> bool:
        """Whether the field is a scalar or enum that can be had of a part of a batch of rows after the other."""
        return self.resolution.of_each and isinstance(self.completion, LeafCompletion)

    @property
    def is_leaf(self) -> bool:
        """Whether the field is a scalar or enum."""
        return isinstance(self.completion, LeafCompletion)

    @property
    def shareable(self) -> bool:
        """Whether the field gives equal objects equal values, all the way down, as an ordinary resolver need not.

        It need not either if it calls a value.
        """
        if not self.resolution.shareable:
            return False
        inner = self.completion
        while isinstance(inner, ListCompletion):
            inner = inner.item
        if isinstance(inner, ObjectCompletion):
            return self._variant.shareable(inner.of_type, self.details)
        return isinstance(inner, LeafCompletion)

    def column(self, run: Run, objects: Sources, paths: Paths) -> Completed:
        """Return the completed values of the field for the objects of a batch, errors at their indices."""
        here = Under(paths, self.key, self.parent_type.name, nullable=self.completion.nullable)
        column: Completed
        try:
            values = self._values(run, objects, here)
            if type(values) is list or is_row_batch(values):
                column = self.completion.complete(run, values, here)
            else:
                column = then(_listed(values, len(objects)), partial(self.completion.complete, run, paths=here))
        except Exception as error:
            return self._failed(run, error, len(objects), here)
        return column if isinstance(column, list) else self._awaited(run, column, len(objects), here)

    @property
    def calls(self) -> bool:
        """Whether the field calls values that can be called."""
        return self.resolution.calls

    def uncalled(self, objects: Sources) -> Sources:
        """Return the values that the field reads of the objects, before any of them is called."""
        assert isinstance(self.resolution, Attribute)  # noqa: S101 — for the type checker: no other one calls.
        return self.resolution.read(objects)

    def read(self, run: Run, objects: Sources, values: Sources, paths: Paths) -> Completed:
        """Return the completed values of a field whose values were read of the objects."""
        here = Under(paths, self.key, self.parent_type.name, nullable=self.completion.nullable)
        try:
            if self._given is None:
                # Nothing is made of the values, but one that does not fit is an error.
                self._arguments(run)
            if self.resolution.calls and any(map(callable, values)):
                values = self.called(run, list(values), here)
            column = self.completion.complete(run, values, here)
        except Exception as error:
            return self._failed(run, error, len(objects), here)
        return column if isinstance(column, list) else self._awaited(run, column, len(objects), here)

    def called(self, run: Run, values: Column, here: Paths) -> Column:
        """Return the values with those called that can be, as graphql-core's default resolver does."""
        column: Column = []
        for index, value in enumerate(values):
            if not callable(value):
                column.append(value)
                continue
            try:
                info = run.info(self, next(here.paths(index)))
                column.append(value(info, **self._arguments(run)))
            except Exception as error:
                column.append(error)
        return column

    def _arguments(self, run: Run) -> dict[str, Value]:
        if self._given is not None:
            return self._given
        given = self.arguments.values(run.variable_values, hide_suggestions=run.hide_suggestions)
        self._given = self.arguments.known
        return given

    def _values(self, run: Run, objects: Sources, here: Paths) -> Value:
        resolution = self.resolution
        if isinstance(resolution, BatchFunction):
            info: Value = None
            if resolution.needs_info:
                info = run.info(self, self.path) if run.makes_infos else BatchInfo(run, self)
            if run.middleware_manager is not None:
                return Hooked(self, run, resolution.resolver, objects, info).values(here, self._arguments(run))
            given = self._arguments(run) if self._given is None else self._given
            # A row batch can't be changed, and a list is the resolver's own.
            values = resolution.resolver(list(objects) if type(objects) is list else objects, info, **given)
            if type(values) is list and len(values) == len(objects):
                # The resolver may change its own while something else is awaited.
                return values.copy()
            return values if hasattr(type(values), "__await__") else one_for_each(values, len(objects))
        if not isinstance(resolution, Attribute) or not self._reads_plainly(run):
            return self._one_by_one(run, objects, here)
        if self._given is None:
            # Nothing is made of the values, but one that does not fit is an error.
            self._arguments(run)
        read = resolution.read(objects)
        if resolution.calls and any(map(callable, read)):
            return self.called(run, list(read), here)
        return read

    def _reads_plainly(self, run: Run) -> bool:
        """Return whether there is nothing between the objects and their attributes."""
        return run.plain or (run.middleware_manager is None and self.definition.resolve is not None)

    def _one_by_one(self, run: Run, objects: Sources, here: Paths) -> Column:
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
            except Exception as error:
                values.append(error)
        return values

    async def _awaited(self, run: Run, waiting: Awaitable[Column], count: int, here: Paths) -> Column:
        try:
            column = await waiting
        except Exception as error:
            column = self._failed(run, error, count, here)
        if run.raised and is_over(column, here):
            raise AllRaisedError(column)
        return column

    def _failed(self, run: Run, error: Exception, count: int, here: Paths) -> Column:
        return [self.completion.fail(run, error, here, index) for index in range(count)]


async def _listed(values: Awaitable[Value], count: int) -> Value:
    found = one_for_each(await shared(values), count)
    return found.copy() if isinstance(found, list) else found
