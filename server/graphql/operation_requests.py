"""Requests of operations, and the operation of a document that each of them names."""

from typing import Any, NamedTuple

from graphql import OperationType

from db.engine.deadline import Deadline
from domain.errors import ApiError, BadUserInput
from server.graphql.documents import Document
from server.graphql.operation_facts import Operation
from server.graphql.stream_counts import Transport
from server.graphql.subscriptions import Renew
from server.graphql.trusted_documents import DocumentName

_MUTATION = OperationType.MUTATION

OPERATION_NAME_MAX = 250


class OperationRequest(NamedTuple):
    """Request of a client by text or document name; `read_only` forbids mutations."""

    query: str | None
    variables: dict[str, Any] | None = None
    operation_name: str | None = None
    read_only: bool = False
    named: DocumentName | None = None
    renew: Renew | None = None
    """Reads the viewer again while a subscription runs; None for a caller that can't have one."""
    transport: Transport = "sse"
    reports_cost: bool = False
    """Whether the answer says what the operation cost."""


class MutationOverGetError(ApiError):
    """A request that may only read selects a mutation."""

    code = "BAD_USER_INPUT"


def found(document: Document, name: str | None) -> Operation | None:
    """Return the operation of the name, or the only one if none is named."""
    if name is None:
        return next(iter(document.operations.values())) if len(document.operations) == 1 else None
    return document.operations.get(name)


def chosen(document: Document, request: OperationRequest, deadline: Deadline | None) -> Operation:
    """Return the operation to run; raise BadUserInput if there is none of the name.

    Raise MutationOverGetError for a mutation if the request may only read.
    """
    name = request.operation_name
    if name is not None and len(name) > OPERATION_NAME_MAX:
        message = f"“operationName” can have at most {OPERATION_NAME_MAX} characters, not {len(name):,}."
        raise BadUserInput(message, argument="operationName", maxLength=OPERATION_NAME_MAX, length=len(name))
    operation = found(document, name)
    if operation is None:
        known = ", ".join(f"“{each}”" for each in document.operations)
        message = f"“operationName” must name one of the document's operations: {known}."
        raise BadUserInput(message, argument="operationName")
    if operation.ast.operation is _MUTATION:
        if request.read_only:
            message = "A GET request can only run a query or a subscription; send mutations by POST."
            raise MutationOverGetError(message)
        if deadline is not None:
            deadline.allow_change()
    return operation
