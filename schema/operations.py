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
from domain.faults import BadUserInput, DocumentNotFound, DocumentNotTrusted, Fault, Forbidden
from resolvers import nodes
from resolvers.context import Context, unauthenticated
from resolvers.portal import Portal
from schema.documents import Document, Documents, Operation
from schema.execution import LevelExecutor
from schema.faults import presented
from schema.root import schema
from schema.trusted import DocumentName, TrustedDocuments

_graphql_schema = schema._schema  # noqa: SLF001 — Strawberry shows its graphql-core schema under no other name.
_query_type = _graphql_schema.query_type
_NODE_ARGUMENTS = {"node": "id", "nodes": "ids"}

Execution = Literal["level", "stock"]
_EXECUTORS: Mapping[Execution, type[Executor[Any]]] = {"level": LevelExecutor, "stock": IncrementalExecutor}


class OperationRequest(NamedTuple):
    """What a client asks for, by the text of a document or by a name; one that reads only may not run a mutation."""

    query: str | None
    variables: dict[str, Any] | None = None
    operation_name: str | None = None
    read_only: bool = False
    named: DocumentName | None = None


class Answer(NamedTuple):
    """The body of a response, and what is known of it.

    Whether anything was executed, the codes of its errors, whether its document could be parsed, whether a caller
    may keep it, who has to ask each time whether it still holds, and the operation, None if there is none of that name.
    """

    body: dict[str, Any]
    executed: bool
    codes: frozenset[str]
    parsed: bool = True
    may_be_kept: bool = False
    operation: Operation | None = None


class MutationOverGet(Fault):
    """A request that may only read asks for a mutation."""

    code = "BAD_USER_INPUT"


class Operations:
    """Answers operations, level by level or by stock execution, and keeps the documents that it was asked for."""

    def __init__(self, portal: Portal, execution: Execution = "level", *, trusted_only: bool = False) -> None:
        """Begin with no document. Where only trusted ones are run, a text is refused, whatever it is."""
        self._documents = Documents(_graphql_schema, _EXECUTORS[execution])
        self._trusted_only = trusted_only
        self.trusted = TrustedDocuments(portal, self._documents)
        self.by_level = execution == "level"
        """Whether resolvers of levels are asked with all the objects of one."""

    async def execute(self, context: Context, request: OperationRequest) -> Answer:
        """Answer a request. Raises MutationOverGet where a request that may only read asks for more."""
        variables = request.variables or {}
        operation = None
        try:
            if request.query is not None and not self._trusted_only:
                document = self._documents.get(request.query)
            else:
                document = await self._trusted_document(request.named)
            if document.ast is None:
                parsed = not any(isinstance(error, GraphQLSyntaxError) for error in document.errors)
                return _refused(context, document.errors, parsed=parsed)
            operation = _chosen(document, request)
            _check_access(context, operation, variables)
        except MutationOverGet:
            raise
        except Fault as fault:
            return _refused(context, [GraphQLError(str(fault), original_error=fault)], operation)
        result = operation.prepared.execute(context_value=context, variable_values=variables)
        if not isinstance(result, ExecutionResult):
            result = await result
        answer = _answer(context, result, operation)
        if request.named is not None and request.read_only and not answer.codes:
            return answer._replace(may_be_kept=True)
        return answer

    async def _trusted_document(self, name: DocumentName | None) -> Document:
        if name is None:
            message = "Only registered documents are run here: name one by “documentId”, without a “query”."
            raise DocumentNotTrusted(message)
        document = await self.trusted.find(name.id)
        if document is None:
            # The first are the words that clients look for.
            unknown = "No document is registered under this “documentId”."
            message = "PersistedQueryNotFound" if name.persisted_query else unknown
            raise DocumentNotFound(message)
        return document


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


def _answer(context: Context, result: ExecutionResult, operation: Operation) -> Answer:
    if result.data is None and all(error.path is None for error in result.errors or ()):
        return _refused(context, result.errors or (), operation)
    body: dict[str, Any] = {"data": result.data}
    if not result.errors:
        return Answer(body, executed=True, codes=frozenset(), operation=operation)
    body["errors"] = [presented(error, context.request_id) for error in result.errors]
    return Answer(body, executed=True, codes=_codes(body), operation=operation)


def _refused(
    context: Context, errors: Iterable[GraphQLError], operation: Operation | None = None, *, parsed: bool = True
) -> Answer:
    body = {"errors": [presented(error, context.request_id) for error in errors]}
    return Answer(body, executed=False, codes=_codes(body), parsed=parsed, operation=operation)


def _codes(body: dict[str, Any]) -> frozenset[str]:
    return frozenset(error["extensions"]["code"] for error in body["errors"])
