"""Selections on `Event` that webhooks have: checked when they are saved, and executed for a batch of events."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing
from functools import cached_property
from typing import Any, NamedTuple

from graphql import (
    ExecutionResult,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLEnumType,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    NameNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    print_ast,
)

from db.engine import row_scope
from db.events import EventRow
from domain.access import Permissions
from domain.costs import POINTS_MAX
from domain.errors import Unavailable
from domain.languages import Text
from domain.limits import CostExceeded
from domain.webhooks import InvalidSelection, NoSelection, SelectionTooLarge
from resolvers.context import Context
from server.graphql.answer_json import encoded, encoded_up_to
from server.graphql.budget import Budget, key_of_events
from server.graphql.cost_prices import OBJECTS_MAX, SMALL_SIZE, VALUES_MAX, Figures
from server.graphql.cost_terms import SATURATED
from server.graphql.documents import Documents
from server.graphql.operation_facts import Operation
from server.graphql.source_text import parsed
from server.graphql.subscriptions import of_each

_PATH = ("selection",)
_FIELD = "events"
_KEPT = 2_000
_KEPT_CHARACTERS = 200_000
"""Maximum length of all cached selections: prepared, one takes some 200 times its length."""

_EVENT, _MESSAGE = Text(pt="evento", en="event"), Text(pt="mensagem", en="message")
_OBJECTS, _VALUES = Text(pt="objetos", en="objects"), Text(pt="valores", en="values")
_BOTH, _POINTS = Text(pt="objetos e valores", en="objects and values"), Text(pt="pontos de custo", en="points of cost")


class _Prepared(NamedTuple):
    """Operation of a selection, and what it can select of one event."""

    operation: Operation
    figures: Figures
    points: int


class EventSelections:
    """Selections, each of which is executed as that of a subscription for its events."""

    def __init__(self, documents: Documents, budget: Budget | None = None, *, points_max: int = POINTS_MAX) -> None:
        """Prepare selections as these documents are, and execute large ones within a budget, if there is one.

        All events of a message may cost `points_max` together.

        They have a cache of their own, so that selections and the documents of requests don't replace each other.
        """
        self._documents, self._budget, self._points_max = documents, budget or Budget(), points_max
        self._kept: OrderedDict[str, _Prepared] = OrderedDict()
        self._characters = 0

    @cached_property
    def schema_names(self) -> frozenset[str]:
        """Names of the schema that a selection may have in it: of types, fields, arguments and enum values."""
        return frozenset(_names(self._documents.schema))

    def permissions(self, text: str, batch_size: int) -> Permissions:
        """Return the permissions that a selection requires; raise InvalidSelection if it can't be used."""
        operation, figures, points = self._prepared(text)
        _check_size(figures, batch_size)
        _check(points * batch_size, self._points_max, _POINTS, _MESSAGE)
        return operation.permissions

    async def written(
        self, context: Context, text: str, rows: Sequence[EventRow], *, longest: int, used: int, whole: bool
    ) -> Sequence[bytes]:
        """Return the JSON of the selected values and errors of the first events: those that fit into one message.

        The message has at most `longest` bytes, `used` of them by the rest of it. An event that fits into no message
        has an error instead. If the message is to be `whole`, so has each event that does not fit into this one.

        Raises Unavailable if an object could not be read.
        """
        operation, figures, _ = self._prepared(text)
        size = figures.size * len(rows)
        found: list[bytes] = []
        room = left = longest - used
        async with (
            self._budget.share(size if size > SMALL_SIZE else 0, key_of_events(rows[0].partner_id)),
            aclosing(_each(context, operation, rows, figures.size)) as each,
        ):
            async for selected in each:
                most = left if whole else room
                json = bytes(encoded_up_to(most, selected))
                if len(json) > most:
                    json = encoded(_too_long(longest - most + len(json), longest))
                if len(json) > left and found and not whole:
                    break
                found.append(json)
                left = max(0, left - len(json))
        return found

    def _prepared(self, text: str) -> _Prepared:
        found = self._kept.get(text)
        if found is not None:
            self._kept.move_to_end(text)
            return found
        found = self._kept[text] = _prepared(self._documents, text)
        self._characters += len(text)
        while len(self._kept) > _KEPT or self._characters > _KEPT_CHARACTERS:
            forgotten, _ = self._kept.popitem(last=False)
            self._characters -= len(forgotten)
        return found


def _names(schema: GraphQLSchema) -> Iterator[str]:
    for directive in schema.directives:
        yield from (directive.name, *directive.args)
    for name, kind in schema.type_map.items():
        yield name
        if isinstance(kind, GraphQLEnumType):
            yield from kind.values
        if isinstance(kind, GraphQLInputObjectType):
            yield from kind.fields
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for field_name, of_type in kind.fields.items():
                yield from (field_name, *of_type.args)


def _prepared(documents: Documents, text: str) -> _Prepared:
    document = documents.prepare(_subscription(text))
    if document.ast is None:
        raise InvalidSelection(_PATH, problem=document.suggested_errors()[0].message)
    ((_, operation),) = document.operations.items()
    figures = Figures(1, 1) if operation.cost is None else operation.cost.of({})
    if operation.error is not None:
        _check_size(figures, 1)
        raise InvalidSelection(_PATH, problem=operation.error.message)
    return _Prepared(operation, figures, operation.points({}))


def _check_size(figures: Figures, batch_size: int) -> None:
    """Raise SelectionTooLarge if a message or an event of it could have more than the portal selects at once."""
    for selected, size, highest, whole in (
        (_OBJECTS, figures.objects * batch_size, OBJECTS_MAX, _MESSAGE),
        (_VALUES, figures.values * batch_size, VALUES_MAX, _MESSAGE),
        (_BOTH, figures.size, SMALL_SIZE, _EVENT),
    ):
        _check(size, highest, selected, whole)


def _check(size: int, highest: int, selected: Text, whole: Text) -> None:
    if size > highest:
        shown = min(size, SATURATED)
        raise SelectionTooLarge(_PATH, size=shown, selected=selected, whole=whole, highest=highest)


def _subscription(text: str) -> str:
    """Return the text of a subscription with the selection; raise InvalidSelection if that is not all of it."""
    try:
        first, *others = parsed(text, no_location=True).definitions
    except GraphQLError as error:
        raise InvalidSelection(_PATH, problem=error.message) from None
    if (
        not isinstance(first, OperationDefinitionNode)
        or not text.lstrip().startswith("{")
        or not all(isinstance(each, FragmentDefinitionNode) for each in others)
    ):
        raise NoSelection(_PATH)
    field = FieldNode(name=NameNode(value=_FIELD), selection_set=first.selection_set, arguments=(), directives=())
    operation = OperationDefinitionNode(
        operation=OperationType.SUBSCRIPTION,
        selection_set=SelectionSetNode(selections=(field,)),
        variable_definitions=(),
        directives=(),
    )
    return "\n".join(map(print_ast, (operation, *others)))


async def _each(
    context: Context, operation: Operation, rows: Sequence[EventRow], size: int
) -> AsyncGenerator[dict[str, Any], None]:
    """Yield what is selected of each event; some events of this size are executed at a time."""
    at_once = max(1, SMALL_SIZE // max(1, size))
    for start in range(0, len(rows), at_once):
        for selected in await _executed(context, operation, rows[start : start + at_once]):
            yield selected
            # Requests are answered between the parts of a large message.
            await asyncio.sleep(0)


async def _executed(context: Context, operation: Operation, rows: Sequence[EventRow]) -> list[dict[str, Any]]:
    variables = operation.prepared.coerced({})
    if isinstance(variables, list):
        raise InvalidSelection(_PATH, problem=variables[0].message)
    context.forget()
    before = row_scope.current.set(context)
    try:
        executed = operation.prepared.execute_with(variables, root_value=rows, context_value=context)
        result = executed if isinstance(executed, ExecutionResult) else await executed
    finally:
        row_scope.current.reset(before)
    context.forget()
    for error in result.errors or ():
        if isinstance(error.original_error, Unavailable):
            raise error.original_error
    return [_of_event(body) for body in of_each(result, len(rows), context)]


def _of_event(body: Mapping[str, Any]) -> dict[str, Any]:
    data = body["data"]
    found: dict[str, Any] = {"event": None if data is None else next(iter(data.values()))}
    if "errors" in body:
        found["errors"] = body["errors"]
    return found


def _too_long(size: int, longest: int) -> dict[str, Any]:
    """Return what an event has in place of its selected values if the message would have too many bytes with them."""
    message = (
        f"With what is selected of this event, the message has at least {size:,} bytes, and may have at most "
        f"{longest:,}. Select less, or ask for shorter lists."
    )
    exceeded = CostExceeded(message, bytes=size, maxBytes=longest)
    error = {"message": message, "extensions": {"code": exceeded.code, **exceeded.extensions}}
    return {"event": None, "errors": [error]}
