"""Web application: its routes, the middleware around them, and the background tasks."""

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp

from db.engine import Database, row_scope
from resolvers.portal import Portal
from server import allocation, logs
from server.background import cleanup, document_refresh, erasure, event_hints
from server.background.token_usage import TokenUsageWriter
from server.graphql.documents import Documents
from server.graphql.event_selections import EventSelections
from server.graphql.operations import Operations
from server.graphql.stream_counts import StreamCounts
from server.graphql.trusted_documents import TrustedDocuments, inspected
from server.http import graphiql, health, home, revocation
from server.http.cors import Cors, Preflights
from server.http.endpoint import PATH, Endpoint
from server.http.errors import http_error
from server.http.exports import ExportFiles, logged_path
from server.http.middleware import Observe, RequestLog
from server.http.websocket import WebSockets
from server.rates.buckets import Buckets
from server.rates.limiter import Limiter
from server.settings import Settings
from server.webhooks.client import WebhookClient
from server.webhooks.sender import Sender

if TYPE_CHECKING:
    from server.metrics import recorder

log = structlog.get_logger("portal")

_OBJECTS_BETWEEN_COLLECTIONS = 10_000
"""Number of new objects after which Python's garbage collection looks at the youngest generation."""

_WORK_SECONDS = 60
"""How long a unit of work outside of a request may take, such as one of the cleanup or of a webhook's sender."""

_MAIL_SECONDS = 5
"""How long a stopping server waits for e-mails that are being sent."""

_LAST_SECONDS = 2
"""How long a stopping server waits for the write of the last uses of tokens, which a database that hangs never ends."""

_HINTS = {
    "database": "DATABASE_URL",
    "migrations": "portal migrate",
    "writes": "the disk, its permissions, or a primary in DATABASE_URL",
}
"""Advice for the operator if a check of the database fails."""

ROUTES = [Route("/healthz", health.alive), Route("/readyz", health.ready)]


class Application(Starlette):
    """Starlette application with a fast path for POST requests to the API."""

    owns_process = False
    """Whether the process runs this application only, so that objects made before the first request are permanent."""

    def __init__(
        self, graphql: ASGIApp, *, routes: Sequence[BaseRoute], cors: Cors | None, observe: Observe | None = None
    ) -> None:
        """Serve the routes, and POST requests to the API with `graphql`."""
        super().__init__(routes=routes, exception_handlers={HTTPException: http_error}, lifespan=_lifespan)
        self.router.redirect_slashes = False
        self._graphql, self._cors, self._observe = graphql, cors, observe

    def build_middleware_stack(self) -> ASGIApp:
        """Return the request log around the routes; it also answers for exceptions that nothing else handles."""
        routed: ASGIApp = ExceptionMiddleware(self.router, handlers=self.exception_handlers)
        if self._cors is not None:
            routed = Preflights(routed, self._cors, logged_path)
        # Finding a route and handling its exceptions takes a tenth of the instructions of a short operation.
        return RequestLog(routed, cors=self._cors, direct={("POST", PATH): self._graphql}, observe=self._observe)


def create() -> Application:
    """Return the application that the environment's settings describe: the entry of a server process."""
    settings = Settings.load()
    logs.configure(settings)
    portal = open_portal(settings, seconds=_WORK_SECONDS)
    app = create_app(portal, settings, buckets=settings.buckets())
    app.owns_process = True
    return app


def open_portal(
    settings: Settings, *, seconds: float | None = None, url: str | None = None, reads_only: bool = False
) -> Portal:
    """Return the portal on the database of the settings, or on another one by its URL.

    A server's own work may take so many seconds a time. The secret of a portal that `reads_only` may be easy to guess,
    since nothing is stored with it.
    """
    database = Database(
        url or settings.database_url,
        hints=settings.event_hints,
        seconds=seconds,
        sizes=settings.pool_sizes(),
        replica_urls=settings.database_read_url if url is None else (),
        row_security=settings.database_row_security,
    )
    return Portal(
        database,
        settings.secret(even_weak=reads_only),
        demo=settings.demo,
        previous_secret=settings.previous_secret(),
        open_schema=settings.introspection == "everyone",
        outbox=settings.outbox(),
        provider=settings.provider(),
        vendor_second_factor=settings.vendor_second_factor,
        private_webhooks=settings.webhooks_allow_private,
        total_count_max=settings.total_count_max,
    )


def new_sender(portal: Portal, selections: EventSelections) -> Sender:
    """Return the sender of a process."""
    return Sender(portal, selections, WebhookClient(private=portal.private_webhooks))


def create_app(
    portal: Portal, settings: Settings, *, documents: Documents | None = None, buckets: Buckets | None = None
) -> Application:
    """Return the application that serves a portal, and closes its database at shutdown.

    Applications of one process can share a cache of `documents`, which also chooses how they are executed. The limits
    of rates are the application's own unless it gets `buckets` that it shares.
    """
    streams = StreamCounts(
        total=settings.max_subscriptions,
        of_user=settings.max_subscriptions_of_user,
        of_address=settings.max_subscriptions_of_address,
    )
    portal.token_seconds = min(portal.token_seconds, settings.request_timeout_seconds)
    portal.inspect = partial(inspected, points_max=settings.max_points)
    limiter = Limiter(settings.rate_limits(), buckets, digest=portal.digest)
    operations = Operations(
        portal,
        documents,
        trusted_only=settings.trusted_documents == "only",
        streams=streams,
        limiter=limiter,
        points_max=settings.max_points,
        max_answer_bytes=settings.max_answer_bytes,
        reports_cost=settings.report_cost,
    )
    portal.selections = selections = EventSelections(
        operations.documents, operations.budget, points_max=settings.max_points
    )
    endpoint = Endpoint(portal, operations, settings)
    recorder = _recorder(portal, operations, endpoint, settings)
    ended = recorder.observe_operation if recorder else None
    sockets = WebSockets(portal, operations, settings, endpoint.admission, endpoint.checks, observe=ended)
    cors = Cors(settings.cors_origins) if settings.cors_origins else None
    app = Application(
        endpoint,
        routes=[
            home.route(PATH, graphiql=settings.graphiql),
            *ROUTES,
            *(graphiql.routes(PATH, demo=settings.demo) if settings.graphiql else ()),
            Route(PATH, endpoint),
            WebSocketRoute(PATH, sockets),
            ExportFiles(portal, settings).route(),
            revocation.route(portal, limiter, seconds=settings.mutation_timeout_seconds),
            *(recorder.routes if recorder else ()),
        ],
        cors=cors,
        observe=recorder.observe if recorder else None,
    )
    app.state.cors = cors
    app.state.recorder = recorder
    app.state.event_days = settings.event_retention_days
    app.state.session_days = settings.session_retention_days
    app.state.portal = portal
    app.state.trusted = operations.trusted
    app.state.selections = selections if settings.webhooks_send else None
    app.state.sockets = sockets
    app.state.streams = streams
    app.state.limiter = limiter
    return app


def _recorder(
    portal: Portal, operations: Operations, endpoint: Endpoint, settings: Settings
) -> "recorder.Recorder | None":
    if not settings.has_metrics:
        return None
    # A process without metrics need not import prometheus-client, which takes a while.
    from server.metrics.recorder import Observed, Recorder  # noqa: PLC0415

    token = None if settings.metrics_token is None else settings.metrics_token.get_secret_value()
    return Recorder(Observed(portal, operations, endpoint.admission), token=token)


@contextlib.asynccontextmanager
async def _lifespan(app: Application) -> AsyncIterator[dict[str, object]]:
    portal: Portal = app.state.portal
    trusted: TrustedDocuments = app.state.trusted
    failed = await health.failed_check(portal.database)
    if failed is not None:
        log.warning("not ready", failed=failed, hint=_HINTS[failed])
    if failed in {None, "writes"}:
        await document_refresh.refresh(trusted)
    if app.owns_process:
        # A collection of the schema, packages and documents would stop all requests for a tenth of a second.
        gc.collect()
        gc.freeze()
        # A page makes hundreds of objects and no cycles: collecting after every 700 takes a tenth of its time.
        gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS, 10, 10)
        allocation.give_pages_to_long_blocks()
    writer = TokenUsageWriter(portal)
    background = [
        writer.run(),
        cleanup.run(portal, event_days=app.state.event_days, session_days=app.state.session_days),
        erasure.run(portal),
        document_refresh.run(trusted),
        app.state.limiter.run(),
    ]
    selections: EventSelections | None = app.state.selections
    if selections is not None:
        background.append(new_sender(portal, selections).run())
    with row_scope.of_every_partner():
        # The tasks have the context of their creation.
        beside = [asyncio.create_task(each) for each in background]
    if portal.database.replicas is not None:
        beside.append(asyncio.create_task(portal.database.replicas.watch()))
    if portal.database.sends_hints:
        beside.append(asyncio.create_task(event_hints.run(portal.database)))
    if app.state.recorder is not None:
        beside.append(asyncio.create_task(app.state.recorder.run()))
    try:
        # A server that stops ends the feed first, since subscriptions have no end of their own.
        yield {"feed": portal.feed, "counts": portal.counts, "cors": app.state.cors}
    finally:
        await _close(app, writer, beside)


async def _close(app: Application, writer: TokenUsageWriter, beside: Sequence[asyncio.Task[None]]) -> None:
    """End what runs beside requests, and close the database; a second Ctrl-C, which cancels it, waits for no server."""
    portal: Portal = app.state.portal
    for task in beside:
        task.cancel()
    try:
        if not _is_cancelled():
            await asyncio.gather(*beside, return_exceptions=True)
            await portal.outbox.drain(_MAIL_SECONDS)
            await writer.write_last(seconds=_LAST_SECONDS)
            await app.state.limiter.close()
    finally:
        if not (portal.database.is_remote and _is_cancelled()):
            await portal.database.close()


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
