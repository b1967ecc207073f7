"""Execution of operations, whose requirements are all checked before anything runs."""

from collections.abc import AsyncIterable, Callable
from functools import partial

from graphql import ExecutionResult, GraphQLError, OperationType
from graphql.execution.values import VariableValues

from db.engine import replicas, row_scope
from db.engine.place_queue import is_large
from db.engine.replicas import QueryReads
from domain.costs import POINTS_MAX
from domain.deadlines import CallerGone
from domain.errors import ApiError, DocumentNotFound, DocumentNotTrusted
from resolvers.context import Context
from resolvers.feed import Follower
from resolvers.portal import Portal
from resolvers.rates import Account
from resolvers.viewers import Viewer
from schema.root import GRAPHQL_SCHEMA
from server.graphql import cost_reports, garbage, preparation, refused_operations
from server.graphql.answer_json import PartEncoder, with_member
from server.graphql.answers import Answer, refused, with_errors
from server.graphql.budget import Budget
from server.graphql.cost_prices import SHORT_POINTS, Price
from server.graphql.documents import Document, Documents
from server.graphql.large_answers import WHOLE, Parts, unless_stopped, written
from server.graphql.operation_facts import Operation
from server.graphql.operation_requests import OperationRequest
from server.graphql.pauses import Pauses, ShortOperations, Turns
from server.graphql.requirements import checked, gets_schema, insist_on_viewer
from server.graphql.shared_results import Cost, SharedResults
from server.graphql.stream_counts import StreamCounts
from server.graphql.subscriptions import ResultStream
from server.graphql.trusted_documents import DocumentName, TrustedDocuments
from server.rates.accounts import NO_LIMITS
from server.rates.limiter import Limiter

ANSWER_BYTES = 32 * 1024 * 1024
"""The longest answer by default."""


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
        max_answer_bytes: int = ANSWER_BYTES,
        reports_cost: bool = False,
    ) -> None:
        """Keep documents in the given cache, or in a new one.

        `trusted_only` refuses every text, and `reports_cost` answers as if every request had asked for its cost.
        """
        self.limiter = limiter or Limiter(NO_LIMITS, digest=portal.digest)
        self.points_max, self._reports_cost = points_max, reports_cost
        self._max_answer_bytes = max_answer_bytes
        self.streams = streams or StreamCounts()
        self.documents = documents or Documents(GRAPHQL_SCHEMA)
        self._trusted_only = trusted_only
        self._known: Callable[[str], Document | None] = (lambda _: None) if trusted_only else self.documents.known
        self.budget = Budget()
        self.short, self.turns = ShortOperations(), Turns()
        self._replicas = portal.database.replicas
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
        a large operation waits too long for others or a subscription can't begin yet, and TooFewPoints if the caller
        has too few points left. If the caller has gone, the answer is the error CallerGone.
        """
        operation, preparing = None, 0
        try:
            document = None if request.query is None else self._known(request.query)
            if document is None:
                document, preparing = await self._document(context, request)
            if document.ast is None:
                return refused_operations.invalid(context, document)
            if context.viewer is None and not document.public:
                insist_on_viewer(context, document, request)
            operation = document.chosen(request.operation_name, context.deadline, read_only=request.read_only)
            variables = checked(context, operation, request.variables or {}, self.points_max)
            if isinstance(variables, list):
                return refused(context, variables, operation)
        except ApiError as error:
            return refused_operations.not_begun(context, error, operation)
        price = operation.constant_price or operation.price_of(variables.coerced)
        paying = self.limiter.charge(context, price, preparing)
        if paying is not None:
            await paying
        # Of the viewer as it is when a statement runs: a sign-in changes it.
        before = row_scope.current.set(context)
        try:
            if operation.cost is None and price.points <= SHORT_POINTS and self._replicas is None:
                result = operation.prepared.execute_with(variables, context_value=context)
                if not isinstance(result, ExecutionResult):
                    short = self.short.begin()
                    try:
                        result = await result
                    finally:
                        self.short.end(short)
                answer = _answer(context, result, operation)
            else:
                answer = await self._executed(context, request, operation, variables, price)
        finally:
            row_scope.current.reset(before)
        if request.named is None and not (request.reports_cost or self._reports_cost):
            return answer
        return self._completed(context, request, answer, price.points)

    def _completed(self, context: Context, request: OperationRequest, answer: Answer, points: int) -> Answer:
        """Return the answer with its cost, if it is to say so, and whether it may be kept."""
        may_be_kept = request.named is not None and request.read_only and not answer.codes
        if request.reports_cost or self._reports_cost:
            # What is left changes with each request, and an answer that may be kept would never match its ETag.
            answer = self._with_cost(answer, points, None if may_be_kept else context.account)
        return answer._replace(may_be_kept=True) if may_be_kept else answer

    async def _document(self, context: Context, request: OperationRequest) -> tuple[Document, int]:
        """Return a document that the cache of texts does not have, and the points that were paid for preparing it."""
        if request.query is None or self._trusted_only:
            return await self._trusted_document(request.named), 0
        # Preparing takes longer than many operations, also if the document is refused then.
        points = preparation.points(request.query)
        await self.limiter.charge_work(context, points)
        hides = not gets_schema(context)
        # Whether a GET may run it is found first, which may not be told where the schema is hidden.
        of_stranger = context.viewer is None and (hides or not request.read_only)
        document = self.documents.get(
            request.query,
            request.variables,
            request.operation_name,
            of_stranger=of_stranger,
            hides_schema=hides,
        )
        return document, points

    def _with_cost(self, answer: Answer, points: int, account: Account | None) -> Answer:
        """Return the answer with the cost, which is added to each result of a subscription."""
        if answer.stream is None:
            extensions = {"cost": cost_reports.report(points, self.points_max, account)}
            answer.body["extensions"] = extensions
            if answer.json is not None:
                answer = answer._replace(json=with_member(answer.json, "extensions", extensions))
        else:
            # What is left changes while the subscription runs.
            answer.stream.report(Cost(points, self.points_max))
        return answer

    async def _executed(
        self, context: Context, request: OperationRequest, operation: Operation, variables: VariableValues, price: Price
    ) -> Answer:
        """Execute an operation; replicas may answer the reads of a query, and all other reads are the primary's."""
        if context.charge is not None:
            # It may have to wait for others, and be refused.
            context.charge.can_cancel = True
        try:
            if self._replicas is None or operation.ast.operation is not OperationType.QUERY:
                return await self._run_within_budget(context, request, operation, variables, price)
            before = replicas.current.set(QueryReads(self._replicas))
            try:
                return await self._run_within_budget(context, request, operation, variables, price)
            finally:
                replicas.current.reset(before)
        except CallerGone as error:
            return refused_operations.left(context, error, operation)

    async def _run_within_budget(
        self, context: Context, request: OperationRequest, operation: Operation, variables: VariableValues, price: Price
    ) -> Answer:
        """Execute an operation, within the budget if it can be large, or start a subscription."""
        if operation.ast.operation is OperationType.SUBSCRIPTION:
            return await self._subscribed(context, request, operation, variables)
        size, is_query = price.figures.size, operation.ast.operation is OperationType.QUERY
        partner = None if context.viewer is None else context.viewer.partner_id
        if not price.may_wait:
            if is_query and price.points > SHORT_POINTS:
                pause = Pauses(self.short, self.turns, partner)
                return await _run(context, operation, variables, Parts(pause))
            short = self.short.begin()
            try:
                return await _run(context, operation, variables)
            finally:
                self.short.end(short)
        async with self.budget.share(size, partner, context.deadline):
            # Its reads run beside the loop, which other operations have in between.
            before = is_large.set(True)
            pause, encoder = Pauses(self.short, self.turns, partner), PartEncoder(self._max_answer_bytes)
            try:
                with garbage.deferred():
                    running = _run(context, operation, variables, Parts(pause, encoder.part))
                    answer = await unless_stopped(context.deadline, running)
                    # The share is kept until the objects are freed, or the next operation would make its own meanwhile.
                    return await written(context, answer, pause, encoder)
            finally:
                is_large.reset(before)

    async def _subscribed(
        self, context: Context, request: OperationRequest, operation: Operation, variables: VariableValues
    ) -> Answer:
        """Return the stream of a subscription, or the errors because of which there is none.

        Raises Unavailable if there may be one later.
        """
        if request.renew is None:
            message = "A subscription is answered as “text/event-stream”: accept it, by POST or GET."
            return refused(context, [GraphQLError(message, operation.ast)], operation)
        try:
            leave = self.streams.enter(context.signed_in, context.client_address, request.transport)
        except ApiError as error:
            refusal = GraphQLError(str(error), operation.ast, original_error=error)
            return refused_operations.not_followed(context, [refusal], operation)
        followed: object = None
        try:
            followed = operation.prepared.event_stream(variables, context_value=context)
            if not isinstance(followed, AsyncIterable | ExecutionResult):
                followed = await followed
        finally:
            if not isinstance(followed, Follower):
                leave()
        if not isinstance(followed, Follower):
            return refused_operations.not_followed(context, getattr(followed, "errors", None) or (), operation)
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
        if context.charge is not None:
            context.charge.can_cancel = False
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


async def _run(context: Context, operation: Operation, variables: VariableValues, parts: Parts = WHOLE) -> Answer:
    if context.charge is not None:
        context.charge.can_cancel = False
    result = operation.prepared.execute_with(variables, context_value=context, pause=parts.pause, encode=parts.encode)
    if not isinstance(result, ExecutionResult):
        result = await result
    return _answer(context, result, operation)


def _answer(context: Context, result: ExecutionResult, operation: Operation) -> Answer:
    if result.errors or result.data is None:
        return with_errors(context, result, operation)
    body = {"data": result.data}
    return Answer(body, executed=True, codes=frozenset(), operation=operation, changed=context.changed)
