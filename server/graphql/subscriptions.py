"""Subscriptions: the events of one are executed a batch at a time, as a list of them would be."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import orjson
from graphql import ExecutionResult
from graphql.execution.values import VariableValues

from db.engine import row_scope
from db.engine.deadline import current
from db.events import EventRow
from domain.deadlines import TimedOut
from domain.errors import SecondFactorRequired, Unavailable, lacking
from domain.languages import Language
from domain.limits import TooFewPoints
from resolvers import events
from resolvers.context import Context
from resolvers.feed import Follower
from resolvers.viewers import NEW_SECONDS, REMEMBERED_SECONDS, Viewer
from server.graphql.budget import Budget, key_of_events
from server.graphql.cost_prices import SMALL_SIZE
from server.graphql.errors import presented
from server.graphql.operation_facts import Operation
from server.graphql.shared_results import Cost, Kind, Result, SharedResults

_BATCH_SIZE = 2_000
"""Most objects and values of a batch of several events, which a caller that reads nothing keeps in memory."""


Renew = Callable[[], Awaitable[Viewer]]
"""Reads the viewer of a request again, of the cache that is a few seconds old; raises UnusableToken if it has ended."""


Pay = Callable[[Viewer, int], Awaitable[object]]
"""Spends points of a viewer; raises TooFewPoints if it has too few left."""


class ResultStream:
    """Results of a subscription, for as long as its viewer may have them."""

    def __init__(
        self,
        context: Context,
        operation: Operation,
        variables: VariableValues,
        follower: Follower,
        *,
        given: Mapping[str, object],
        budget: Budget,
        shared: SharedResults,
        renew: Renew,
        pay: Pay,
    ) -> None:
        """Take a checked operation, its variables as they were `given`, and the follower of its events.

        `close` the stream in the end.
        """
        self.operation = operation
        self._context, self._variables, self._follower = context, variables, follower
        self._budget, self._renew, self._pay = budget, renew, pay
        self._key = key_of_events(context.signed_in.partner_id)
        self._points = operation.points(variables.coerced)
        self.on_close: Callable[[], None] | None = None
        """What is called once when the stream is closed."""
        self._cost: Cost | None = None
        """What each result says of its cost."""
        self._size = size = 1 if operation.cost is None else max(1, operation.cost.of(variables.coerced).size)
        self._batch_max = self._next_max = max(1, _BATCH_SIZE // size)
        self.large = size > SMALL_SIZE
        """Whether the result of one event may be long."""
        self._shared, self._kind = shared, None if self.large else self._kind_of(given)
        shared.enter()
        self._admitted_until: float | None = None
        self._admitted_after = 0
        self._before_batch: int | None = None
        """Position to which the events of the last batch can be put back."""
        self._reported: int | None = None
        """Number of the event whose cursor the caller has."""
        self._paid = follower.position
        """Number up to which this subscription pays for no event again."""

    @property
    def language(self) -> Language:
        """Return the language of the caller."""
        return self._context.language

    async def wait(self, seconds: float) -> Sequence[EventRow]:
        """Wait for the next events, and return them for `results`. Raises TimeoutError after so many seconds.

        Also raises FeedClosedError if the process ends. Unavailable passes.
        """
        if self._before_batch is not None:
            # The batch before was delivered.
            self._before_batch, self._next_max = None, min(2 * self._next_max, self._batch_max)
        rows = await self._follower.batch(self._next_max, seconds)
        self._before_batch = rows[0].number - 1
        return rows

    async def results(self, rows: Sequence[EventRow]) -> list[Result]:
        """Return the results of the events in order.

        Raises what ends the subscription: UnusableToken, and what `admit` raises. Unavailable passes, and the next call
        of `wait` returns these events again.
        """
        try:
            if not self._is_admitted():
                # What another process revoked is noticed within seconds.
                self.admit(await self._renew())
            found = await self._results(rows)
        except BaseException:
            self.put_back()
            raise
        self._reported = rows[-1].number
        return found

    def put_back(self) -> None:
        """Let the next call of `wait` return the events of the last one again, of which nothing was delivered.

        At first it returns one of them, and twice as many after each batch that is delivered: what is executed in vain
        is never much more than what was delivered.
        """
        before = self._before_batch
        if before is None:
            return
        self._before_batch, self._next_max, self._follower.position = None, 1, before
        if self._reported is not None and self._reported > before:
            self._reported = None

    def check_open(self) -> None:
        """Raise FeedClosedError if the process ends."""
        self._follower.check_open()

    def progress(self) -> str | None:
        """Return a cursor after the events that were delivered or did not match, None if the caller has it.

        With it a caller misses nothing that happens before its first event, and its cursor does not become too old.
        """
        follower = self._follower
        if follower.position == self._reported:
            return None
        self._reported = follower.position
        return events.cursor_after(follower.partner_id, follower.position)

    def admit(self, viewer: Viewer, *, read_after: int | None = None) -> None:
        """Go on with the caller's viewer as it is now; raise an error if it may no longer have the events.

        The error is Forbidden, or SecondFactorRequired if the viewer must enroll first.

        `read_after` is `Viewers.forgotten` from before a viewer was read that is at most a second old: until it can no
        longer be cached, or this process revokes a token, it need not be read again.
        """
        context = self._context
        context.viewer = viewer
        if viewer.must_enroll:
            raise SecondFactorRequired
        missing = self.operation.permissions - viewer.permissions
        if missing:
            raise lacking(missing, viewer.role)
        if read_after is not None:
            left = min(REMEMBERED_SECONDS - NEW_SECONDS, viewer.seconds_left(context.now()))
            self._admitted_until = context.portal.monotonic() + left
            self._admitted_after = read_after

    def _is_admitted(self) -> bool:
        return (
            self._admitted_until is not None
            and self._admitted_after == self._context.portal.viewers.forgotten
            and self._context.portal.monotonic() < self._admitted_until
        )

    def report(self, cost: Cost) -> None:
        """Say in each result what it costs; results with the same report are shared."""
        self._cost = cost
        if self._kind is not None:
            self._kind = self._kind._replace(cost=cost)

    def close(self) -> None:
        """Stop following the events."""
        self._follower.close()
        self._shared.leave()
        on_close, self.on_close = self.on_close, None
        if on_close is not None:
            on_close()

    def _kind_of(self, given: Mapping[str, object]) -> Kind | None:
        """Return what the results follow from, None if the values of variables can't be compared."""
        names = self.operation.event_variables
        try:
            variables = orjson.dumps({name: given[name] for name in names & given.keys()}, option=orjson.OPT_SORT_KEYS)
        except TypeError:
            return None
        return Kind(self.operation.prepared, variables, self.language, self._follower.partner_id)

    async def _results(self, rows: Sequence[EventRow]) -> list[Result]:
        context = self._context
        if self._kind is not None:
            until = context.deadline and context.deadline.again()
            shared = await self._shared.results(self._kind, context.signed_in, rows, self._paid_for, until)
            if shared is not None:
                return shared
        result = await self._paid_for(context, rows)
        bodies = of_each(result, len(rows), context)
        if self._cost is not None:
            for body in bodies:
                self._cost.add_to(body)
        return [Result(body, row.number, events.cursor(row)) for body, row in zip(bodies, rows, strict=True)]

    async def _paid_for(self, context: Context, rows: Sequence[EventRow]) -> ExecutionResult:
        """Pay for the events and execute them; those that were paid for and are read again cost nothing more."""
        paid_before = self._paid
        new = sum(row.number > paid_before for row in rows)
        if new:
            try:
                await self._pay(self._context.signed_in, self._points * new)
            except TooFewPoints as error:
                # The events wait until the caller can pay for them.
                raise Unavailable(str(error)) from error
            self._paid = rows[-1].number
        try:
            return await self._executed(context, rows)
        except TimedOut:
            # The database has worked for them until the deadline, and would again for nothing.
            self._paid = paid_before
            raise

    async def _executed(self, context: Context, rows: Sequence[EventRow]) -> ExecutionResult:
        context.forget()
        size = self._size * len(rows)
        before = current.set(context.deadline and context.deadline.again())
        scope_before = row_scope.current.set(context)
        try:
            async with self._budget.share(size if size > SMALL_SIZE else 0, self._key):
                found = self.operation.prepared.execute_with(self._variables, root_value=rows, context_value=context)
                result = found if isinstance(found, ExecutionResult) else await found
        finally:
            row_scope.current.reset(scope_before)
            current.reset(before)
        context.forget()
        for error in result.errors or ():
            if isinstance(error.original_error, Unavailable):
                # The event would be lost: its objects are read again instead.
                raise error.original_error
        return result


def of_each(result: ExecutionResult, count: int, context: Context) -> list[dict[str, Any]]:
    """Return the body of each event of a batch, with its own errors."""
    ((key, values),) = (result.data or {"": None}).items()
    bodies: list[dict[str, Any]] = [
        {"data": None if value is None else {key: value}} for value in values or [None] * count
    ]
    for error in result.errors or ():
        shown = presented(error, context)
        # An error of the whole batch is one of each event.
        root, *place = error.path or [key]
        path = [root, *place[1:]]
        for body in [bodies[int(place[0])]] if place else bodies:
            body.setdefault("errors", []).append({**shown, "path": path})
    return bodies
