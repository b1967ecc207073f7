"""Running an operation: what it needs is checked before anything of it runs."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple

from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLSyntaxError,
    OperationType,
    get_argument_values,
    get_variable_values,
)
from graphql.execution import Executor
from graphql.execution.incremental import IncrementalExecutor

from domain.access import Permission, Permissions
from domain.faults import BadUserInput, Fault, Forbidden
from resolvers import nodes
from resolvers.context import Context, unauthenticated
from schema.documents import Document, Documents, Operation
from schema.execution import LevelExecutor
from schema.faults import presented
from schema.root import schema

_graphql_schema = schema._schema  # noqa: SLF001 — Strawberry shows its graphql-core schema under no other name.
_query_type = _graphql_schema.query_type
_NODE_ARGUMENTS = {"node": "id", "nodes": "ids"}

Execution = Literal["level", "stock"]
_EXECUTORS: Mapping[Execution, type[Executor[Any]]] = {"level": LevelExecutor, "stock": IncrementalExecutor}


class OperationRequest(NamedTuple):
    """What a client asks for; one that reads only may not run a mutation."""

    query: str
    variables: dict[str, Any] | None = None
    operation_name: str | None = None
    read_only: bool = False


class Answer(NamedTuple):
    """The body of a response, whether anything was executed, the codes of its errors, and whether it was parsed."""

    body: dict[str, Any]
    executed: bool
    codes: frozenset[str]
    parsed: bool = True


class MutationOverGet(Fault):
    """A request that may only read asks for a mutation."""

    code = "BAD_USER_INPUT"


class Operations:
    """Answers operations, level by level or by stock execution, and keeps the documents that it was asked for."""

    def __init__(self, execution: Execution = "level") -> None:
        """Begin with no document."""
        self._documents = Documents(_graphql_schema, _EXECUTORS[execution])
        self.by_level = execution == "level"
        """Whether resolvers of levels are asked with all the objects of one."""

    async def execute(self, context: Context, request: OperationRequest) -> Answer:
        """Answer a request. Raises MutationOverGet where a request that may only read asks for more."""
        document = self._documents.get(request.query)
        if document.ast is None:
            parsed = not any(isinstance(error, GraphQLSyntaxError) for error in document.errors)
            return _refused(context, document.errors, parsed=parsed)
        variables = request.variables or {}
        try:
            operation = _chosen(document, request)
            _check_access(context, operation, variables)
        except MutationOverGet:
            raise
        except Fault as fault:
            return _refused(context, [GraphQLError(str(fault), original_error=fault)])
        result = operation.prepared.execute(context_value=context, variable_values=variables)
        if not isinstance(result, ExecutionResult):
            result = await result
        return _answer(context, result)


def _chosen(document: Document, request: OperationRequest) -> Operation:
    name = request.operation_name
    if name is None and len(document.operations) == 1:
        operation = next(iter(document.operations.values()))
    elif name is not None and name in document.operations:
        operation = document.operations[name]
    else:
        known = ", ".join(f"“{each}”" for each in document.operations)
        message = f"“operationName” must name one of the document's operations: {known}."
        raise BadUserInput(message, argument="operationName")
    if request.read_only and operation.ast.operation is not OperationType.QUERY:
        message = "A GET request can only run a query; send mutations by POST."
        raise MutationOverGet(message)
    return operation


def _check_access(context: Context, operation: Operation, variables: dict[str, Any]) -> None:
    if context.viewer is None:
        if operation.private:
            raise unauthenticated()
        return
    needed = operation.permissions | _of_nodes(operation, variables)
    missing = needed - context.viewer.permissions
    if missing:
        raise Forbidden(missing)


def _of_nodes(operation: Operation, variables: dict[str, Any]) -> Permissions:
    """What `node` and `nodes` need, which depends on the types of the objects asked for."""
    if not operation.node_fields or _query_type is None:
        return frozenset()
    coerced = get_variable_values(_graphql_schema, operation.ast.variable_definitions or (), variables)
    if isinstance(coerced, list):
        return frozenset()
    needed: set[Permission] = set()
    for node in operation.node_fields:
        definition = _query_type.fields[node.name.value]
        value = get_argument_values(definition, node, coerced)[_NODE_ARGUMENTS[node.name.value]]
        needed |= nodes.permissions([value] if isinstance(value, str) else value)
    return frozenset(needed)


def _answer(context: Context, result: ExecutionResult) -> Answer:
    if result.data is None and all(error.path is None for error in result.errors or ()):
        return _refused(context, result.errors or ())
    body: dict[str, Any] = {"data": result.data}
    if not result.errors:
        return Answer(body, executed=True, codes=frozenset())
    body["errors"] = [presented(error, context.request_id) for error in result.errors]
    return Answer(body, executed=True, codes=_codes(body))


def _refused(context: Context, errors: Iterable[GraphQLError], *, parsed: bool = True) -> Answer:
    body = {"errors": [presented(error, context.request_id) for error in errors]}
    return Answer(body, executed=False, codes=_codes(body), parsed=parsed)


def _codes(body: dict[str, Any]) -> frozenset[str]:
    return frozenset(error["extensions"]["code"] for error in body["errors"])
