"""The executor: graphql-core's, with levels in the place of objects."""

from collections.abc import Awaitable, Sequence
from functools import cached_property
from typing import Any

from graphql import ExecutionResult, GraphQLError, GraphQLResolveInfo, Node, OperationType, located_error
from graphql.execution import default_field_resolver
from graphql.execution.executor import CollectedErrors
from graphql.execution.incremental import IncrementalExecutor
from graphql.execution.values import VariableValues
from graphql.pyutils import Path, RefMap
from graphql.type.definition import GraphQLResolveInfoHelpers

from breadth.awaiting import Column
from breadth.paths import Failure, Place, Raised, Root
from breadth.plan.field import Field
from breadth.plan.operation import Plan, Plans
from breadth.plan.selection import AllRaisedError, Selection

_ROOT = Root()
_plans = Plans()


class LevelExecutor(IncrementalExecutor):
    """Executes an operation level by level; what it can't do so, stock execution does.

    That is: @defer and @stream, an abort signal, fragments with variables, and errors that are not propagated.
    """

    plan: Plan | None = None
    """The plan of the operation, where the caller keeps it."""

    def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 — graphql-core's own.
        """Begin an execution."""
        super().__init__(*arguments, **named)
        self.failures: list[Failure] = []
        self.raised = False
        """Whether any error is, or was, on its way up."""
        if self.middleware_manager is not None and not self.middleware_manager.middlewares:
            self.middleware_manager = None
        self.plain = self.middleware_manager is None and self.field_resolver is default_field_resolver
        """Whether nothing stands between the resolvers of the schema and their fields."""

    def again(self, *, root_value: Any, context_value: Any, variable_values: VariableValues) -> "LevelExecutor":  # noqa: ANN401 — of any type.
        """An executor of the same operation for another request, without making again what does not change.

        It is for one that has not begun: what it would collect meanwhile is empty.
        """
        other: LevelExecutor = object.__new__(type(self))
        own = other.__dict__
        own.update(self.__dict__, root_value=root_value, context_value=context_value, variable_values=variable_values)
        for name, kind in self._collecting:
            own[name] = kind()
        return other

    @property
    def async_helpers(self) -> GraphQLResolveInfoHelpers:
        """What resolvers can wait with."""
        return GraphQLResolveInfoHelpers(self.gather_async_work, self.track_async_work)

    @async_helpers.setter
    def async_helpers(self, _helpers: GraphQLResolveInfoHelpers) -> None:
        # They hold the executor. If it held them, all that an operation has loaded would be garbage that only a search
        # for cycles finds, and nothing that is let go of when the answer is made.
        pass

    @cached_property
    def _collecting(self) -> list[tuple[str, type]]:
        """What an execution collects things in, by the names of the attributes."""
        given = {id(self.fragments), id(self.fragment_definitions)}
        kinds = {list, set, dict, RefMap, CollectedErrors}
        return [
            (name, type(value)) for name, value in vars(self).items() if type(value) in kinds and id(value) not in given
        ]

    def build_per_event_executor(self, payload: Any) -> "LevelExecutor":  # noqa: ANN401 — an event of any kind.
        """An executor for one event of a subscription."""
        executor: Any = super().build_per_event_executor(payload)
        executor.failures, executor.raised = [], False
        return executor  # type: ignore[no-any-return]  # It is a copy of this one.

    def execute_operation(self, serially: bool | None = None) -> Any:  # noqa: ANN401, FBT001 — graphql-core's own.
        """Execute the operation."""
        plan = self.plan or _plans.get(self.schema, self.operation, self.fragment_definitions)
        if self.abort_signal is not None or not plan.by_level:
            return super().execute_operation(serially)
        if self.schema.get_root_type(self.operation.operation) is None:
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
        rows = self._serially(selection, []) if serially else selection.level(self, [self.root_value], _ROOT)
        return self._result(rows) if type(rows) is list else self._later_result(rows)

    def build_response(self, data: dict[str, Any] | None) -> Any:  # noqa: ANN401 — graphql-core's own.
        """The response, with the errors of each place that is still there to be null."""
        if self.failures:
            nulled = {failure.position for failure in self.failures}
            for failure in self.failures:
                if not _is_below(failure.position, nulled):
                    self.collected_errors.add(failure.error, failure.position)
            self.failures = []
        if self.tasks or self.streams or self.hooks is not None:
            return super().build_response(data)
        return ExecutionResult(data, self.collected_errors.errors or None)

    def info(self, field: Field, path: Path | None) -> GraphQLResolveInfo[Any]:
        """The info of a field. That of a level has no path but the field's own key."""
        return self.build_resolve_info(field.definition, field.nodes, field.parent_type, path)  # type: ignore[arg-type]

    def raising(self, error: Exception, nodes: Sequence[Node]) -> Raised:
        """Send an error on its way up."""
        self.raised = True
        return Raised(error, nodes)

    def stop(self, raised: Raised, place: Place, index: int) -> None:
        """Let null stand in this place because of the error."""
        for path in place.paths(index):
            keys = [*(path.as_list() if path else ()), *raised.suffix]
            self.failures.append(Failure(located_error(raised.error, raised.nodes, keys), path))

    def _serially(self, selection: Selection, columns: Column) -> Any:  # noqa: ANN401 — rows, or awaited.
        """The root object, each of its fields after the one before is done with all that is below it."""
        for field in selection.fields[len(columns) :]:
            column = field.column(self, [self.root_value], _ROOT)
            if type(column) is not list:
                return self._later_serially(selection, columns, column)
            columns.append(column)
            if type(column[0]) is Raised:
                return [column[0].under(field.key)]
        return selection.rows(self, columns, 1)

    async def _later_serially(self, selection: Selection, columns: Column, waiting: Awaitable[Column]) -> Column:
        try:
            column = await waiting
        except AllRaisedError as all_of:
            column = all_of.column
        if type(column[0]) is Raised:
            return [column[0].under(selection.fields[len(columns)].key)]
        rows: Any = self._serially(selection, [*columns, column])
        return rows if type(rows) is list else await rows

    def _result(self, rows: Column) -> Any:  # noqa: ANN401 — graphql-core's own.
        (data,) = rows
        if type(data) is Raised:
            self.stop(data, _ROOT, 0)
            data = None
        return self.build_response(data)

    async def _later_result(self, rows: Awaitable[Column]) -> Any:  # noqa: ANN401 — graphql-core's own.
        return self._result(await rows)


def _is_below(position: Path | None, nulled: set[Path | None]) -> bool:
    """Whether a place further up is null, so that nothing of this one is in the response."""
    while position is not None:
        position = position.prev
        if position in nulled:
            return True
    return False
