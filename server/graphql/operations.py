"""Execution of operations, whose requirements are all checked before anything runs."""

from collections.abc import AsyncIterable, Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple, cast

from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLObjectType,
    GraphQLSyntaxError,
    OperationType,
    get_argument_values,
)
from graphql.execution.values import VariableValues

from db.engine.deadline import Deadline
from db.engine.place_queue import Caller, caller
from domain.access import Permissions
from domain.costs import POINTS_MAX
from domain.errors import (
    ApiError,
    BadUserInput,
    CostExceeded,
    DocumentNotFound,
    DocumentNotTrusted,
    Forbidden,
    ProviderUnreachable,
    SecondFactorRequired,
    TooFewPoints,
    TooManyPoints,
    UnusableToken,
)
from resolvers import nodes
from resolvers.context import Context, unauthenticated
from resolvers.feed import Follower
from resolvers.portal import Portal
from resolvers.rates import Charge
from resolvers.viewers import Viewer
from schema.root import GRAPHQL_SCHEMA
from server.graphql import cost_reports, preparation
from server.graphql.budget import Budget
from server.graphql.costs import SMALL_SIZE
from server.graphql.documents import Document, Documents, Operation
from server.graphql.errors import presented
from server.graphql.pauses import Pauses
from server.graphql.shared_results import Cost, SharedResults
from server.graphql.stream_counts import StreamCounts, Transport
from server.graphql.subscriptions import Renew, ResultStream
from server.graphql.suggestions import suggested
from server.graphql.trusted_documents import DocumentName, TrustedDocuments
from server.rates.accounts import NO_LIMITS
from server.rates.limiter import Limiter

_query_type = cast("GraphQLObjectType", GRAPHQL_SCHEMA.query_type)
_MUTATION = OperationType.MUTATION
_NODE_ARGUMENTS = {"node": "id", "nodes": "ids"}

OPERATION_NAME_MAX = 250

Coerced = VariableValues | list[GraphQLError]
"""Values of an operation's variables, or their errors."""


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


class Answer(NamedTuple):
    """Body of a response, with facts about it.

    `codes` are those of its errors. `may_be_kept` says that a caller may cache and revalidate it. `operation` is
    None if the document has none of the requested name. `large` says that it takes a share of the budget.
    """

    body: dict[str, Any]
    executed: bool
    codes: frozenset[str]
    parsed: bool = True
    may_be_kept: bool = False
    operation: Operation | None = None
    large: bool = False
    stream: ResultStream | None = None
    """The results of a subscription, which have no body."""

    @property
    def mutated(self) -> bool:
        """Return whether a mutation was executed."""
        return self.executed and self.operation is not None and self.operation.ast.operation is OperationType.MUTATION


class MutationOverGetError(ApiError):
    """A request that may only read selects a mutation."""

    code = "BAD_USER_INPUT"


class Operations:
    """Executor of operations, with a cache of their documents."""

    def __init__(
        self,
        portal: Portal,
        documents: Documents | None = None,
        *,
        trusted_only: bool = False,
        streams: StreamCounts | None = None,
        limiter: Limiter | None = None,
        points_max: int = POINTS_MAX,
        reports_cost: bool = False,
    ) -> None:
        """Keep documents in the given cache, or in a new one.

        `trusted_only` refuses every text, and `reports_cost` answers as if every request had asked for its cost.
        """
        self.limiter = limiter or Limiter(NO_LIMITS, digest=portal.digest)
        self.points_max, self._reports_cost = points_max, reports_cost
        self.streams = streams or StreamCounts()
        self.documents = documents or Documents(GRAPHQL_SCHEMA)
        self._trusted_only = trusted_only
        self._known = _unknown if trusted_only else self.documents.known
        self.budget = Budget()
        self._shared = SharedResults(portal)
        self.trusted = TrustedDocuments(portal, self.documents)

    @property
    def waiting(self) -> int:
        """The number of large operations that wait for others."""
        return self.budget.waiting

    async def execute(self, context: Context, request: OperationRequest) -> Answer:
        """Return the answer to a request.

        Raise MutationOverGetError if a request that may only read selects a mutation, UnusableToken unless the
        operation is known to need no token, ProviderUnreachable likewise, or if it selects the viewer, Unavailable if
        a large operation waits too long for others, and TooFewPoints if the caller has too few points left.
        """
        operation, preparing = None, 0
        try:
            document = None if request.query is None else self._known(request.query)
            if document is None:
                document, preparing = await self._document(context, request)
            if document.ast is None:
                return _invalid(context, document)
            operation = _chosen(document, request, context.deadline)
            variables = _checked(context, operation, request.variables or {}, self.points_max)
            if isinstance(variables, list):
                return _refused(context, variables, operation)
        except (UnusableToken, ProviderUnreachable, TooFewPoints):
            raise
        except MutationOverGetError:
            _insist_on_token(context)
            raise
        except ApiError as error:
            _insist_on_token(context)
            return _refused(context, [GraphQLError(str(error), original_error=error)], operation)
        points = operation.points(variables.coerced)
        await self._charge(context, preparing + points, partial(operation.objects, variables.coerced))
        if operation.cost is None:
            _note_run(context)
            result = operation.prepared.execute_with(variables, context_value=context)
            if not isinstance(result, ExecutionResult):
                result = await result
            answer = _answer(context, result, operation)
        else:
            answer = await self._executed(context, request, operation, variables)
        may_be_kept = request.named is not None and request.read_only and not answer.codes
        if request.reports_cost or self._reports_cost:
            # What is left changes with each request, and an answer that may be kept would never match its ETag.
            self._report(answer, points, None if may_be_kept else context.charge)
        return answer._replace(may_be_kept=True) if may_be_kept else answer

    async def _document(self, context: Context, request: OperationRequest) -> tuple[Document, int]:
        """Return a document that the cache of texts does not have, and the points that were paid for preparing it."""
        if request.query is None or self._trusted_only:
            return await self._trusted_document(request.named), 0
        # Preparing takes longer than many operations, also if the document is refused then.
        points = preparation.points(request.query)
        await self.limiter.charge_work(context, points)
        # Whether a GET may run it is found first.
        of_stranger = context.viewer is None and not request.read_only
        document = self.documents.get(request.query, request.variables, request.operation_name, of_stranger=of_stranger)
        return document, points

    async def _charge(self, context: Context, points: int, selected: Callable[[], int]) -> None:
        await self.limiter.charge(context, points)
        if context.charge is not None:
            context.charge.selected = selected

    def _report(self, answer: Answer, points: int, charge: Charge | None) -> None:
        """Add the cost to the answer, or to each result of a subscription."""
        if answer.stream is None:
            answer.body["extensions"] = {"cost": cost_reports.report(points, self.points_max, charge)}
        else:
            # What is left changes while the subscription runs.
            answer.stream.report(Cost(points, self.points_max))

    async def _executed(
        self, context: Context, request: OperationRequest, operation: Operation, variables: VariableValues
    ) -> Answer:
        """Execute an operation, within the budget if it can be large, or start a subscription."""
        if operation.ast.operation is OperationType.SUBSCRIPTION:
            return await self._subscribed(context, request, operation, variables)
        size = 0 if operation.cost is None else operation.cost.of(variables.coerced).size
        if size <= SMALL_SIZE:
            return await _run(context, operation, variables)
        partner = None if context.viewer is None else context.viewer.partner_id
        async with self.budget.share(size, partner, context.deadline):
            # Its reads run beside the loop, which other operations have in between.
            before = caller.set(Caller(partner, is_large=True))
            try:
                return (await _run(context, operation, variables, Pauses()))._replace(large=True)
            finally:
                caller.reset(before)

    async def _subscribed(
        self, context: Context, request: OperationRequest, operation: Operation, variables: VariableValues
    ) -> Answer:
        """Return the stream of a subscription, or the errors because of which there is none."""
        if request.renew is None:
            message = "A subscription is answered as “text/event-stream”: accept it, by POST or GET."
            return _refused(context, [GraphQLError(message, operation.ast)], operation)
        try:
            leave = self.streams.enter(context.signed_in, context.client_address, request.transport)
        except ApiError as error:
            return _refused(context, [GraphQLError(str(error), operation.ast, original_error=error)], operation)
        followed: object = None
        try:
            followed = operation.prepared.event_stream(variables, context_value=context)
            if not isinstance(followed, AsyncIterable | ExecutionResult):
                followed = await followed
        finally:
            if not isinstance(followed, Follower):
                leave()
        if not isinstance(followed, Follower):
            return _refused(context, getattr(followed, "errors", None) or (), operation)
        stream = ResultStream(
            context,
            operation,
            variables,
            followed,
            given=request.variables or {},
            budget=self.budget,
            shared=self._shared,
            renew=request.renew,
            pay=partial(self._pay, context.client_address),
        )
        stream.on_close = leave
        _note_run(context)
        return Answer({}, executed=True, codes=frozenset(), operation=operation, stream=stream)

    async def _pay(self, address: str | None, viewer: Viewer, points: int) -> None:
        await self.limiter.spend(viewer, address, points)

    async def _trusted_document(self, name: DocumentName | None) -> Document:
        if name is None:
            message = "Only registered documents are run here: name one by “documentId”, without a “query”."
            raise DocumentNotTrusted(message)
        document = await self.trusted.find(name.id)
        if document is None:
            # Clients look for the first words.
            unknown = "No document is registered under this “documentId”."
            message = "PersistedQueryNotFound" if name.persisted_query else unknown
            raise DocumentNotFound(message)
        return document


def _note_run(context: Context) -> None:
    """From now on, the operation's points are not all given back."""
    if context.charge is not None:
        context.charge.has_run = True


def _unknown(_text: str) -> None:
    """Return that no text is known, where only registered documents are run."""


async def _run(
    context: Context, operation: Operation, variables: VariableValues, pause: Pauses | None = None
) -> Answer:
    _note_run(context)
    result = operation.prepared.execute_with(variables, context_value=context, pause=pause)
    if not isinstance(result, ExecutionResult):
        result = await result
    return _answer(context, result, operation)


def _chosen(document: Document, request: OperationRequest, deadline: Deadline | None) -> Operation:
    name = request.operation_name
    if name is not None and len(name) > OPERATION_NAME_MAX:
        message = f"“operationName” can have at most {OPERATION_NAME_MAX} characters, not {len(name):,}."
        raise BadUserInput(message, argument="operationName", maxLength=OPERATION_NAME_MAX, length=len(name))
    if name is None and len(document.operations) == 1:
        operation = next(iter(document.operations.values()))
    elif name is not None and name in document.operations:
        operation = document.operations[name]
    else:
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


def _invalid(context: Context, document: Document) -> Answer:
    _insist_on_token(context)
    parsed = not any(isinstance(error, GraphQLSyntaxError) for error in document.errors)
    errors = document.errors_for(suggesting=_gets_suggestions(context))
    return _refused(context, errors, parsed=parsed)


def _insist_on_token(context: Context) -> None:
    """Raise the error of the request's token, if it has one."""
    if context.unusable is not None:
        raise context.unusable


def _checked(context: Context, operation: Operation, given: dict[str, Any], points_max: int) -> Coerced:
    """Check all that the operation requires, and return the values of its variables."""
    needs_token = operation.private or (operation.introspects and not context.portal.shows_schema_to_all)
    if context.unusable is not None and (
        needs_token
        or operation.error is not None
        # A viewer whose token can't be checked for a minute is not signed out.
        or (operation.shows_viewer and isinstance(context.unusable, ProviderUnreachable))
    ):
        raise context.unusable
    if operation.error is not None:
        return [operation.error]
    # As for a new document, whose values are measured before validation.
    if given and (too_long := operation.lengths.error(given)) is not None:
        return [too_long]
    viewer = context.viewer
    if viewer is None and needs_token:
        raise unauthenticated()
    variables = operation.prepared.coerced(given)
    if viewer is not None and (
        viewer.must_enroll or operation.node_fields or not operation.permissions <= viewer.permissions
    ):
        _check_permissions(viewer, operation, variables)
    if isinstance(variables, list):
        if _gets_suggestions(context):
            variables = list(suggested(variables, lambda: operation.prepared.errors_with_suggestions(given)))
        return variables
    return _affordable(operation, variables, points_max)


def _affordable(operation: Operation, variables: VariableValues, points_max: int) -> Coerced:
    """Return the variables, or the error of an operation that costs too much with them."""
    exceeded = None if operation.cost is None else operation.cost.of(variables.coerced).complaint()
    if exceeded is None and operation.points_most > points_max:
        points = operation.points(variables.coerced)
        exceeded = TooManyPoints(points, points_max) if points > points_max else None
    return variables if exceeded is None else [GraphQLError(str(exceeded), operation.ast, original_error=exceeded)]


def _check_permissions(viewer: Viewer, operation: Operation, variables: Coerced) -> None:
    if viewer.must_enroll and not operation.enrolling:
        raise SecondFactorRequired
    needed = operation.permissions
    if operation.node_fields and not isinstance(variables, list):
        needed |= _of_nodes(operation, variables)
    missing = needed - viewer.permissions
    if missing:
        raise Forbidden(missing)


def _of_nodes(operation: Operation, variables: VariableValues) -> Permissions:
    """Return the permissions that `node` and `nodes` require, by the types of the ids."""
    wanted: set[str] = set()
    for node in operation.node_fields:
        name = node.name.value
        # Execution refuses the field too.
        with suppress(GraphQLError):
            value = get_argument_values(_query_type.fields[name], node, variables)[_NODE_ARGUMENTS[name]]
            wanted.update([value] if isinstance(value, str) else value)
    return frozenset(nodes.permissions(wanted))


def _gets_suggestions(context: Context) -> bool:
    """Return whether errors have suggestions, which cost more than the rest of a document's validation."""
    return context.viewer is not None or context.portal.shows_schema_to_all


def _answer(context: Context, result: ExecutionResult, operation: Operation) -> Answer:
    if result.data is None and all(error.path is None for error in result.errors or ()):
        return _refused(context, result.errors or (), operation)
    body: dict[str, Any] = {"data": result.data}
    if not result.errors:
        return Answer(body, executed=True, codes=frozenset(), operation=operation)
    body["errors"] = [presented(error, context) for error in result.errors]
    return Answer(body, executed=True, codes=_codes(body), operation=operation)


def too_long(answer: Answer, *, size: int, longest: int) -> Answer:
    """Return the error for an answer that has too many bytes; `size` is the number counted so far."""
    message = (
        f"The answer has at least {size:,} bytes, and may have at most {longest:,}. Select less, or ask for shorter "
        "lists."
    )
    return withheld(answer, message, bytes=size, maxBytes=longest)


def withheld(answer: Answer, message: str, **extensions: int) -> Answer:
    """Return the error for an answer that can't be sent; after a mutation, it says that the change was made."""
    if answer.mutated:
        message = (
            f"The mutation was executed, and what it has changed stays changed; do not send it again. {message} "
            "What it did can be read by a query."
        )
    exceeded = CostExceeded(message, **extensions)
    error = {"message": message, "extensions": {"code": exceeded.code, **exceeded.extensions}}
    body = {"data": None, "errors": [error]} if answer.mutated else {"errors": [error]}
    return Answer(body, executed=answer.mutated, codes=frozenset({exceeded.code}), operation=answer.operation)


def _refused(
    context: Context, errors: Iterable[GraphQLError], operation: Operation | None = None, *, parsed: bool = True
) -> Answer:
    body = {"errors": [presented(error, context) for error in errors]}
    return Answer(body, executed=False, codes=_codes(body), parsed=parsed, operation=operation)


def _codes(body: dict[str, Any]) -> frozenset[str]:
    return frozenset(error["extensions"]["code"] for error in body["errors"])
