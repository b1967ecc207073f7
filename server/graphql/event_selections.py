"""Selections on `Event` that webhooks have: checked when they are saved, and executed for a batch of events."""

from collections.abc import Mapping, Sequence
from typing import Any

from graphql import (
    ExecutionResult,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    NameNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    parse,
    print_ast,
)

from db.events import EventRow
from domain.access import Permissions
from domain.errors import Unavailable
from domain.webhooks import InvalidSelection
from resolvers.context import Context
from server.graphql import limits
from server.graphql.costs import SMALL_SIZE, Figures
from server.graphql.documents import Documents, Operation
from server.graphql.subscriptions import of_each

_PATH = ("selection",)
_FIELD = "events"


class EventSelections:
    """Selections, each of which is executed as that of a subscription for its events."""

    def __init__(self, documents: Documents) -> None:
        """Keep their documents in this cache."""
        self._documents = documents

    def permissions(self, text: str, batch_size: int) -> Permissions:
        """Return the permissions that a selection requires; raise InvalidSelection if it can't be used."""
        operation = self._operation(text)
        figures = _figures(operation)
        complaint = Figures(figures.objects * batch_size, figures.values * batch_size).complaint()
        if complaint is not None:
            raise InvalidSelection(_PATH, problem=str(complaint))
        if figures.size > SMALL_SIZE:
            problem = (
                f"It could select {figures.size:,} objects and values of one event, and may select at most "
                f"{SMALL_SIZE:,}."
            )
            raise InvalidSelection(_PATH, problem=problem)
        return operation.permissions

    async def values(self, context: Context, text: str, rows: Sequence[EventRow]) -> Sequence[Mapping[str, Any]]:
        """Return the selected values of each event, and their errors; raise Unavailable if one could not be read."""
        operation = self._operation(text)
        at_once = max(1, SMALL_SIZE // max(1, _figures(operation).size))
        found: list[Mapping[str, Any]] = []
        for start in range(0, len(rows), at_once):
            found += await _executed(context, operation, rows[start : start + at_once])
        return found

    def _operation(self, text: str) -> Operation:
        document = self._documents.get(_subscription(text))
        if document.ast is None:
            raise InvalidSelection(_PATH, problem=document.errors_for(suggesting=True)[0].message)
        ((_, operation),) = document.operations.items()
        if operation.error is not None:
            raise InvalidSelection(_PATH, problem=operation.error.message)
        return operation


def _subscription(text: str) -> str:
    """Return the text of a subscription with the selection; raise InvalidSelection if that is not all of it."""
    try:
        first, *others = parse(text, max_tokens=limits.TOKENS_MAX, no_location=True).definitions
    except GraphQLError as error:
        raise InvalidSelection(_PATH, problem=error.message) from None
    if (
        not isinstance(first, OperationDefinitionNode)
        or not text.lstrip().startswith("{")
        or not all(isinstance(each, FragmentDefinitionNode) for each in others)
    ):
        problem = "It must be a selection in braces, which only fragments may follow."
        raise InvalidSelection(_PATH, problem=problem)
    field = FieldNode(name=NameNode(value=_FIELD), selection_set=first.selection_set, arguments=(), directives=())
    operation = OperationDefinitionNode(
        operation=OperationType.SUBSCRIPTION,
        selection_set=SelectionSetNode(selections=(field,)),
        variable_definitions=(),
        directives=(),
    )
    return "\n".join(map(print_ast, (operation, *others)))


def _figures(operation: Operation) -> Figures:
    return Figures(1, 1) if operation.cost is None else operation.cost.of({})


async def _executed(context: Context, operation: Operation, rows: Sequence[EventRow]) -> list[Mapping[str, Any]]:
    variables = operation.prepared.coerced({})
    if isinstance(variables, list):
        raise InvalidSelection(_PATH, problem=variables[0].message)
    context.forget()
    executed = operation.prepared.execute_with(variables, root_value=rows, context_value=context)
    result = executed if isinstance(executed, ExecutionResult) else await executed
    context.forget()
    for error in result.errors or ():
        if isinstance(error.original_error, Unavailable):
            raise error.original_error
    return [_of_event(body) for body in of_each(result, len(rows), context)]


def _of_event(body: Mapping[str, Any]) -> Mapping[str, Any]:
    data = body["data"]
    found: dict[str, Any] = {"event": None if data is None else next(iter(data.values()))}
    if "errors" in body:
        found["errors"] = body["errors"]
    return found
