"""Answers to operations, and the errors in place of those that are refused or can't be sent."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from graphql import ExecutionResult, GraphQLError, OperationType

from domain.limits import CostExceeded
from resolvers.context import Context
from server.graphql.answer_json import Json
from server.graphql.errors import presented
from server.graphql.operation_facts import Operation
from server.graphql.subscriptions import ResultStream


class Answer(NamedTuple):
    """Body of a response, with facts about it.

    `codes` are those of its errors. `may_be_kept` says that a caller may cache and revalidate it. `operation` is
    None if the document has none of the requested name.
    """

    body: dict[str, Any]
    executed: bool
    codes: frozenset[str]
    parsed: bool = True
    may_be_kept: bool = False
    operation: Operation | None = None
    json: Json | None = None
    """The JSON of the answer to a large operation, whose body has no data any more."""
    braces: int = 0
    """Number of opening braces in that JSON."""
    stream: ResultStream | None = None
    """The results of a subscription, which have no body."""
    changed: bool | None = None
    """Whether a mutation has changed something; None if an error may hide it."""

    @property
    def mutated(self) -> bool:
        """Return whether a mutation was executed."""
        return self.executed and self.operation is not None and self.operation.ast.operation is OperationType.MUTATION


def with_errors(context: Context, result: ExecutionResult, operation: Operation) -> Answer:
    """Return the answer of an operation some of whose fields failed, or that could not be executed."""
    errors = result.errors or ()
    if result.data is None and all(error.path is None for error in errors):
        return refused(context, errors, operation)
    body: dict[str, Any] = {"data": result.data, "errors": [presented(error, context) for error in errors]}
    changed = context.changed or None
    return Answer(body, executed=True, codes=_codes(body), operation=operation, changed=changed)


def refused(
    context: Context, errors: Iterable[GraphQLError], operation: Operation | None = None, *, parsed: bool = True
) -> Answer:
    """Return the answer of an operation that is not executed because of these errors."""
    body = {"errors": [presented(error, context) for error in errors]}
    return Answer(body, executed=False, codes=_codes(body), parsed=parsed, operation=operation)


def too_long(answer: Answer, *, size: int, longest: int) -> Answer:
    """Return the error for an answer that has too many bytes; `size` is the number counted so far."""
    message = (
        f"The answer has at least {size:,} bytes, and may have at most {longest:,}. Select less, or ask for shorter "
        "lists."
    )
    return withheld(answer, message, bytes=size, maxBytes=longest)


def withheld(answer: Answer, message: str, **extensions: int) -> Answer:
    """Return the error for an answer that can't be sent; after a mutation, it says whether a change was made."""
    if answer.mutated:
        message = _after_mutation(message, changed=answer.changed)
    exceeded = CostExceeded(message, **extensions)
    error = {"message": message, "extensions": {"code": exceeded.code, **exceeded.extensions}}
    body = {"data": None, "errors": [error]} if answer.mutated else {"errors": [error]}
    return Answer(body, executed=answer.mutated, codes=frozenset({exceeded.code}), operation=answer.operation)


def _after_mutation(message: str, *, changed: bool | None) -> str:
    if changed is None:
        return f"The mutation was executed; look up what it has changed before you send it again. {message}"
    if not changed:
        return f"Nothing was changed. {message}"
    return (
        f"The mutation was executed, and what it has changed stays changed; do not send it again. {message} "
        "What it did can be read by a query."
    )


def _codes(body: dict[str, Any]) -> frozenset[str]:
    return frozenset(error["extensions"]["code"] for error in body["errors"])
