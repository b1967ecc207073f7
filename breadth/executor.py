"""Executor of graphql-core with batches in place of objects."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import cached_property
from itertools import islice
from operator import call
from typing import ClassVar

from graphql import ExecutionResult, GraphQLError, GraphQLResolveInfo, Node, OperationType, located_error
from graphql.execution import default_field_resolver
from graphql.execution.executor import CollectedErrors
from graphql.execution.incremental import IncrementalExecutor
from graphql.execution.values import VariableValues
from graphql.pyutils import Path, RefMap
from graphql.type.definition import GraphQLResolveInfoHelpers

from breadth.completion.ending import AllRaisedError
from breadth.hooks import chains_plainly
from breadth.paths import CAUSES_MAX, Cause, Failure, Paths, PropagatingError, Raised, Root, lost
from breadth.plan.operation import Plan, Plans
from breadth.plan.selection import Selection
from breadth.protocols import PlannedField
from breadth.values import Column, Key, MaybeAwaitable, Value

Response = MaybeAwaitable[ExecutionResult]

_ROOT = Root()
_plans = Plans()


_NOT_CALLED = frozenset(
    "execute_collected_root_fields execute_root_grouped_field_set execute_fields_serially execute_fields execute_field "
    "handle_field_error complete_value complete_awaitable_value complete_list_value complete_iterable_value "
    "complete_async_iterator_value complete_list_item_value complete_awaitable_list_item_value complete_leaf_value "
    "complete_abstract_value complete_object_value collect_and_execute_subfields execute_collected_subfields "
    "collect_subfields".split()
)
"""Methods of graphql-core's executor that are called for stock execution only."""


class _MadeLater:
    """Attribute for a map of graphql-core's executor that a batch has no use for, made at its first use."""

    def __set_name__(self, _owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: object, _owner: type) -> Value:
        made = vars(instance)[self._name] = RefMap()
        return made


class BatchExecutor(IncrementalExecutor):
    """Executes an operation by batch; what it can't do so, stock execution does.

    That is: @defer and @stream, an abort signal, fragments with variables, and errors that are not propagated.
    """

    plan: Plan | None = None
    """The plan of the operation, where the caller keeps it."""

    pause: Callable[[], Awaitable[None]] | None = None
    """Awaited between parts of the work for a batch of many objects, so that the loop runs others in between."""

    encode: Callable[[Column], Value] | None = None
    """Called with parts of long lists of objects, between pauses: what it returns is in the response in their place."""

    _stream_usages: Value = _MadeLater()
    _initial_execution_plans: Value = _MadeLater()
    _deferred_execution_plans: Value = _MadeLater()

    overrides_nothing: ClassVar[bool]
    """Whether the class, of which it is an attribute, was found to override nothing that would not be called."""

    makes_infos: bool = False
    """Whether the class has a `build_resolve_info` of its own, which is called for batch resolvers too."""

    def __init__(self, *arguments: Value, **named: Value) -> None:
        """Begin an execution. Raises TypeError if the class overrides what would not be called."""
        super().__init__(*arguments, **named)
        if "overrides_nothing" not in type(self).__dict__:
            _refuse_overrides(type(self))
            type(self).overrides_nothing = True
            type(self).makes_infos = type(self).build_resolve_info is not BatchExecutor.build_resolve_info
        self.failures: list[Failure] = []
        self.errors_on_their_way: list[Raised] = []
        self.given_up = 0
        """Number of these before something was given up, with which some may be lost."""
        self.raised = False
        """Whether any error is, or was, on its way up."""
        manager: Value = self.middleware_manager
        # One that is false, as a class with a length may be, is not asked by graphql-core either.
        if manager is not None and (not manager or (chains_plainly(manager) and not manager.middlewares)):
            self.middleware_manager = None
        self.plain = self.middleware_manager is None and self.field_resolver is default_field_resolver
        """Whether no middleware and no field resolver of the caller's wraps the resolvers of the schema."""

    def again(self, *, root_value: Value, context_value: Value, variable_values: VariableValues) -> "BatchExecutor":
        """An executor of the same operation for another request, without making again what does not change.

        It is for one that has not begun: what it would collect meanwhile is empty.
        """
        names, kinds = self._collecting
        other: BatchExecutor = object.__new__(type(self))
        own = other.__dict__
        own.update(self.__dict__, root_value=root_value, context_value=context_value, variable_values=variable_values)
        own.update(zip(names, map(call, kinds), strict=True))
        return other

    @property
    def async_helpers(self) -> GraphQLResolveInfoHelpers:
        """Functions by which resolvers wait."""
        return GraphQLResolveInfoHelpers(self.gather_async_work, self.track_async_work)

    @async_helpers.setter
    def async_helpers(self, _helpers: GraphQLResolveInfoHelpers) -> None:
        # They hold the executor. If it held them, all that an operation has loaded would be garbage that only a search
        # for cycles finds, and nothing that is let go of when the answer is made.
        pass

    @cached_property
    def _collecting(self) -> tuple[Sequence[str], Sequence[type]]:
        """Names and types of the attributes in which an execution collects things, without those made later."""
        own = vars(self)
        for name in _LATER:
            # Of another class, it is what a version of graphql-core makes that these are not known of.
            if type(own.get(name)) is RefMap:
                del own[name]
        given = {id(self.fragments), id(self.fragment_definitions)}
        kinds = {list, set, dict, RefMap, CollectedErrors}
        found = {
            name: type(value) for name, value in vars(self).items() if type(value) in kinds and id(value) not in given
        }
        return tuple(found), tuple(found.values())

    def build_per_event_executor(self, payload: Value) -> "BatchExecutor":
        """Return an executor for one event of a subscription."""
        executor = super().build_per_event_executor(payload)
        assert isinstance(executor, BatchExecutor)  # noqa: S101 — it is a copy of this one.
        executor.failures, executor.errors_on_their_way, executor.given_up, executor.raised = [], [], 0, False
        return executor

    def execute_operation(self, serially: bool | None = None) -> Value:  # noqa: FBT001 — graphql-core's own.
        """Execute the operation."""
        plan = self.plan or _plans.get(self.schema, self.operation, self.fragment_definitions)
        if self.abort_signal is not None or not plan.by_batch:
            return super().execute_operation(serially)
        try:
            selection = plan.variant(self.variable_values).root
        except GraphQLError as error:
            self.collected_errors.add(error, None)
            return self.build_response(None)
        except RecursionError:
            selection = None
        if selection is None:
            # The block above is left first: its error would hold all the frames of the recursion.
            return super().execute_operation(serially)
        if serially is None:
            serially = self.operation.operation is OperationType.MUTATION
        rows = self._serially(selection, []) if serially else selection.batch(self, [self.root_value], _ROOT)
        return self._result(rows) if isinstance(rows, list) else self._later_result(rows)

    def build_response(self, data: dict[str, Value] | None) -> Value:
        """Return the response with all errors, of nulls in what became null itself too."""
        if self.given_up:
            found = lost(self.errors_on_their_way[: self.given_up], self.failures)
            self.collected_errors.errors.extend(_located(cause, path) for cause, path in islice(found, CAUSES_MAX))
            self.given_up = 0
        if self.failures:
            self.collected_errors.errors.extend(failure.error for failure in self.failures)
            self.failures = []
        if self.tasks or self.streams or self.hooks is not None:
            return super().build_response(data)
        return ExecutionResult(data, self.collected_errors.errors or None)

    def info(self, field: PlannedField, path: Path | None) -> GraphQLResolveInfo[Value]:
        """Return the info of a field. That of a batch has no path but the field's own key."""
        return self.build_resolve_info(field.definition, field.nodes, field.parent_type, path)  # type: ignore[arg-type]

    def raising(self, error: Exception, nodes: Sequence[Node], paths: Paths, index: int) -> PropagatingError:
        """Send the error of a value on its way up."""
        self.raised = True
        cause = Cause(error, nodes)
        self.errors_on_their_way.append(Raised(cause, paths, index))
        return PropagatingError(cause)

    def give_up(self) -> None:
        """Note that something is not waited for any more: the errors in it are kept for the response."""
        self.given_up = len(self.errors_on_their_way)

    def stop(self, raised: PropagatingError, paths: Paths, index: int) -> None:
        """Record the errors of a value that is null because of them."""
        for path in paths.paths(index):
            above = path.as_list() if path else []
            for cause in raised.causes:
                keys = [*above, *cause.suffix]
                self.failures.append(Failure(_located(cause, keys), cause.error, keys))

    def _serially(self, selection: Selection, columns: Column) -> MaybeAwaitable[Column]:
        """Return the root object; each of its fields runs after the previous one and all below it."""
        for field in selection.fields[len(columns) :]:
            column = field.column(self, [self.root_value], _ROOT)
            if not isinstance(column, list):
                return self._later_serially(selection, columns, column)
            columns.append(column)
            if type(column[0]) is PropagatingError:
                return [column[0].under(field.key)]
        return selection.rows(self, columns, 1)

    async def _later_serially(self, selection: Selection, columns: Column, waiting: Awaitable[Column]) -> Column:
        try:
            column = await waiting
        except AllRaisedError as all_of:
            column = all_of.column
        if type(column[0]) is PropagatingError:
            return [column[0].under(selection.fields[len(columns)].key)]
        rows = self._serially(selection, [*columns, column])
        return rows if isinstance(rows, list) else await rows

    def _result(self, rows: Column) -> Response:
        (data,) = rows
        if type(data) is PropagatingError:
            self.stop(data, _ROOT, 0)
            data = None
        response: Response = self.build_response(data)
        return response

    async def _later_result(self, rows: Awaitable[Column]) -> ExecutionResult:
        response = self._result(await rows)
        return response if isinstance(response, ExecutionResult) else await response


def _located(cause: Cause, path: list[Key]) -> GraphQLError:
    try:
        return located_error(cause.error, cause.nodes, path)
    except Exception as another:
        # It has no text. The error of that is located, and no other value of the batch is affected.
        message = f"{type(cause.error).__name__} without a text."
        with suppress(Exception):
            message = str(another)
        return GraphQLError(message, cause.nodes, path=path, original_error=another)


_LATER = [name for name, value in vars(BatchExecutor).items() if isinstance(value, _MadeLater)]


def _refuse_overrides(kind: type[BatchExecutor]) -> None:
    for name in sorted(_NOT_CALLED):
        owner = next(each for each in kind.__mro__ if name in vars(each))
        if not owner.__module__.startswith("graphql."):
            message = (
                f"{owner.__name__}.{name} would not be called: {kind.__name__} executes the objects of a batch "
                "together. Use a middleware, a field's resolver or a type's own methods instead."
            )
            raise TypeError(message)
