"""Operations that are executed again and again."""

from collections.abc import AsyncIterable, Awaitable, Callable

from graphql import (
    DocumentNode,
    ExecutionResult,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    create_source_event_stream,
)
from graphql.execution import Executor, default_field_resolver, default_type_resolver
from graphql.execution.collect_fields import FragmentDetails
from graphql.execution.values import VariableValues

from breadth.coercion.variables import Variables
from breadth.executor import BatchExecutor, Response
from breadth.plan.operation import Plan
from breadth.values import MaybeAwaitable, Value


class Prepared:
    """An operation of a valid document, and its plan. The executor class may be another one, stock's for example."""

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        executor_class: type[Executor[Value]] = BatchExecutor,
    ) -> None:
        """Plan the operation. Raises GraphQLError where a fragment has variables, whose values no plan could know."""
        definitions = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._schema, self._operation, self._executor_class = schema, operation, executor_class
        self._definitions = definitions
        self._fragments = {name: FragmentDetails(node) for name, node in definitions.items()}
        self._plan = Plan(schema, operation, definitions)
        self._variables = Variables(schema, operation.variable_definitions or ())
        if any(node.variable_definitions for node in definitions.values()):
            message = "A fragment with variables can't be prepared."
            raise GraphQLError(message)
        self._template: BatchExecutor | None = None
        first = self._executor(None, None, VariableValues({}, {}))
        if isinstance(first, BatchExecutor):
            first.plan = self._plan
            self._template = first

    def plan_ahead(self) -> None:
        """Plan the operation before it is first executed."""
        self._plan.plan_ahead()

    def execute(
        self,
        *,
        root_value: Value = None,
        context_value: Value = None,
        variable_values: dict[str, Value] | None = None,
    ) -> Response:
        """Return the result of the operation, awaitable if anything in it is. Its errors have no suggestions."""
        variables = self.coerced(variable_values or {})
        if isinstance(variables, list):
            return ExecutionResult(None, variables)
        return self.execute_with(variables, root_value=root_value, context_value=context_value)

    def coerced(self, variable_values: dict[str, Value]) -> VariableValues | list[GraphQLError]:
        """Return the variables' values as resolvers get them, or what is wrong with them, without suggestions."""
        return self._variables.values(variable_values, hide_suggestions=True)

    def execute_with(
        self,
        variables: VariableValues,
        *,
        root_value: Value = None,
        context_value: Value = None,
        pause: Callable[[], Awaitable[None]] | None = None,
        encode: Callable[[list[Value]], Value] | None = None,
    ) -> Response:
        """Return the result of the operation for variables that are coerced already.

        If there are many objects, `pause` is awaited between parts of the work for them, and the result is awaitable.
        The response then has what `encode` returns for a list of objects in place of the list, or of a single object.
        """
        if self._template is not None:
            again = self._template.again(root_value=root_value, context_value=context_value, variable_values=variables)
            if pause is not None:
                again.pause, again.encode = pause, encode
            executor: Executor[Value] = again
        else:
            executor = self._executor(root_value, context_value, variables)
        response: Response = _executed(executor)
        return response

    def event_stream(
        self, variables: VariableValues, *, root_value: Value = None, context_value: Value = None
    ) -> MaybeAwaitable[AsyncIterable[Value] | ExecutionResult]:
        """Return the events of a subscription as its resolver has them, or the errors of a result without data."""
        found: MaybeAwaitable[AsyncIterable[Value] | ExecutionResult] = create_source_event_stream(
            self._executor(root_value, context_value, variables)
        )
        return found

    def errors_with_suggestions(self, variable_values: dict[str, Value]) -> list[GraphQLError]:
        """Return the errors of variables that were refused, with suggestions, of which `coerced` makes none."""
        refused = self._variables.values(variable_values)
        return refused if isinstance(refused, list) else []

    def _executor(self, root_value: Value, context_value: Value, variables: VariableValues) -> Executor[Value]:
        return self._executor_class(
            self._schema,
            self._definitions,
            self._fragments,
            root_value,
            context_value,
            self._operation,
            variables,
            default_field_resolver,
            default_type_resolver,
            default_field_resolver,
            # Validation has made suggestions for literals, and the errors of variables have theirs.
            hide_suggestions=True,
        )


def _executed(executor: Executor[Value]) -> Value:
    """Execute an operation, which has one result."""
    return executor.execute_operation()
