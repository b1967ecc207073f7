"""Recorder of a process: what is counted as it happens, and what is looked at every second."""

import asyncio
import os
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from prometheus_client import Counter as CounterMetric
from prometheus_client import Histogram, multiprocess
from starlette.types import Scope

from resolvers.context import Context
from resolvers.portal import Portal
from server.graphql.answers import Answer
from server.graphql.operation_requests import OperationRequest
from server.graphql.operations import Operations
from server.http import outcomes
from server.http.scheduling import Admission
from server.metrics import exposition, registry
from server.metrics.names import Names

EVERY_SECONDS = 1.0

_OK, _REFUSED, _ERROR, _GONE = "ok", "refused", "error", "gone"


class Observed(NamedTuple):
    """Parts of an application that are looked at."""

    portal: Portal
    operations: Operations
    admission: Admission


class Recorder:
    """Recorder of the metrics of an application."""

    def __init__(self, observed: Observed, *, token: str | None = None, names: Names | None = None) -> None:
        """Measure the statements and loaders of the application's database; callers with the token get the metrics."""
        self._observed, self._names = observed, names or Names()
        self.routes = [] if token is None else [exposition.route(token, self.look)]
        self._responses: dict[int, CounterMetric] = {}
        self._operations: dict[tuple[str, str, str], Histogram] = {}
        self._counted: Counter[tuple[CounterMetric, str]] = Counter()
        self.statement: Callable[[float], None] = registry.STATEMENT_SECONDS.observe
        self.keys: Callable[[float], None] = registry.LOADER_KEYS.observe
        observed.portal.database.meter = self

    def observe(self, scope: Scope, status: int, seconds: float) -> None:
        """Record a request that was answered."""
        responses = self._responses.get(status)
        if responses is None:
            responses = self._responses[status] = registry.RESPONSES.labels(str(status))
        responses.inc()
        self.observe_operation(scope["state"], seconds)

    def observe_operation(self, state: Mapping[str, Any], seconds: float) -> None:
        """Record an operation, if the request was one."""
        answer: Answer | None = state.get("answer")
        if answer is None and "wanted" not in state:
            return
        wanted: OperationRequest | None = state.get("wanted")
        context: Context | None = state.get("context")
        errors = outcomes.codes(state)
        for code in errors:
            registry.ERRORS.labels(code).inc()
        outcome = _ERROR if errors else _REFUSED if context is not None and context.refusals else _OK
        if outcomes.was_left(state):
            outcome = _GONE
        operation = None if answer is None else answer.operation
        if operation is None:
            key = "", "unknown", _GONE if outcome == _GONE else _ERROR
        else:
            name = self._names.value(
                operation.name,
                trusted=wanted is not None and wanted.named is not None,
                signed_in=context is not None and context.viewer is not None,
            )
            key = name, operation.ast.operation.value, outcome
        operations = self._operations.get(key)
        if operations is None:
            operations = self._operations[key] = registry.OPERATION_SECONDS.labels(*key)
        operations.observe(seconds)

    async def run(self) -> None:
        """Look at the state of the process every second, until cancelled."""
        try:
            while True:
                self.look()
                await asyncio.sleep(EVERY_SECONDS)
        finally:
            # Its counters remain, and what it had in use does not.
            if (folder := os.environ.get(registry.FOLDER)) is not None:
                multiprocess.mark_process_dead(os.getpid(), folder)  # type: ignore[no-untyped-call]  # No annotations.

    def look(self) -> None:
        """Record the state of the process."""
        portal, operations, admission = self._observed
        for transport, number in operations.streams.of_transports.items():
            registry.SUBSCRIBERS.labels(transport).set(number)
        lag = portal.feed.lag(portal.now())
        registry.FEED_LAG_EVENTS.set(lag.events)
        registry.FEED_LAG_SECONDS.set(lag.seconds)
        usage = portal.database.usage()
        registry.POOL_IN_USE.set(usage.in_use)
        registry.POOL_WAITING.set(usage.waiting)
        for queue, waiting in {
            "requests": admission.waiting,
            "large operations": operations.waiting,
            "reads": portal.database.reads_waiting,
            "sign-ins": portal.sign_ins.taken,
            "e-mails": portal.outbox.sending,
        }.items():
            registry.QUEUED.labels(queue).set(waiting)
        documents, viewers = operations.documents, portal.viewers
        self._count(registry.CACHE_HITS, {"documents": documents.hits, "viewers": viewers.hits})
        self._count(registry.CACHE_MISSES, {"documents": documents.misses, "viewers": viewers.misses})
        self._count(registry.RATE_REFUSALS, operations.limiter.refused)
        self._count(registry.DELIVERIES, portal.counts.deliveries)
        self._count(registry.REFUSED_CONNECTIONS, portal.counts.refused_connections)
        self._count(registry.RESPONSES, portal.counts.answers_of_connections)
        self._count(registry.STOPPED, portal.database.stopped)
        if (replicas := portal.database.replicas) is not None:
            self._count(registry.REPLICA_READS, replicas.reads)
            for state, number in replicas.states.items():
                registry.REPLICAS.labels(state).set(number)
        registry.FEED_EVENTS.inc(self._more(registry.FEED_EVENTS, "", portal.feed.events_read))

    def _count(self, metric: CounterMetric, totals: Mapping[str, int]) -> None:
        for label, total in totals.items():
            metric.labels(label).inc(self._more(metric, label, total))

    def _more(self, metric: CounterMetric, label: str, total: int) -> int:
        """Return how many are new since the last look."""
        more = total - self._counted[metric, label]
        self._counted[metric, label] = total
        return more
