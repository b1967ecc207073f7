"""The web application: its routes, what stands around them, and what runs beside them."""

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from db.engine import Database
from resolvers.portal import Portal
from schema.operations import Operations
from schema.trusted import TrustedDocuments
from server import allocation, health, home, logs, page, refreshing, tidying
from server.cors import Cors
from server.faults import http_error
from server.http import PATH, Endpoint
from server.middleware import RequestLog
from server.settings import Settings
from server.uses import UseWriter

log = structlog.get_logger("portal")

_OBJECTS_BETWEEN_LOOKS = 10_000
"""How many more objects there are whenever Python looks for garbage among the newest."""

_HINTS = {
    "database": "DATABASE_URL",
    "migrations": "portal migrate",
    "writes": "the disk, its permissions, or a primary in DATABASE_URL",
}
"""Where to look if a check of the database fails."""

ROUTES = [Route("/healthz", health.alive), Route("/readyz", health.ready)]


class Application(Starlette):
    """Starlette's application, with a short way to the endpoint that nearly every request is for."""

    endpoint: ASGIApp | None = None
    graphiql = False
    lasts = False
    """Whether the process is the application's: what is there before the first request is there to stay."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request, or the beginning and end of the server."""
        if (
            self.endpoint is not None
            and scope["type"] == "http"
            and scope["path"] == PATH
            and not (scope["method"] != "POST" and self.graphiql and page.is_wanted(scope))
        ):
            scope["app"] = self
            await self.endpoint(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def create() -> Application:
    """The application as the environment sets it up: what a server process starts."""
    settings = Settings.load()
    logs.configure(settings)
    app = create_app(open_portal(settings), settings)
    app.lasts = True
    return app


def open_portal(settings: Settings) -> Portal:
    """The portal on the database of the settings."""
    return Portal(Database(settings.database_url), settings.secret(), demo=settings.demo)


def create_app(portal: Portal, settings: Settings) -> Application:
    """The application that serves a portal, and closes its database at the end."""
    operations = Operations(portal, settings.execution, trusted_only=settings.trusted_documents == "only")
    cors = Cors(settings.cors_origins) if settings.cors_origins else None
    app = Application(
        routes=[
            home.route(PATH, graphiql=settings.graphiql),
            *ROUTES,
            *(page.routes(PATH, demo=settings.demo) if settings.graphiql else ()),
        ],
        middleware=[Middleware(RequestLog, cors=cors)],
        exception_handlers={HTTPException: http_error},
        lifespan=_lifespan,
    )
    app.router.redirect_slashes = False
    app.state.portal = portal
    app.state.trusted = operations.trusted
    app.graphiql = settings.graphiql
    app.endpoint = RequestLog(Endpoint(portal, operations, settings), cors=cors)
    return app


@contextlib.asynccontextmanager
async def _lifespan(app: Application) -> AsyncIterator[None]:
    portal: Portal = app.state.portal
    trusted: TrustedDocuments = app.state.trusted
    failed = await health.failed_check(portal.database)
    if failed is not None:
        log.warning("not ready", failed=failed, hint=_HINTS[failed])
    if failed in {None, "writes"}:
        await refreshing.refresh(trusted)
    if app.lasts:
        # Looking through the schema, the packages and the documents for garbage, as Python does every now and then,
        # takes a tenth of a second, in which nobody is answered.
        gc.collect()
        gc.freeze()
        # A page makes hundreds of objects and no cycles: looking for some at each 700 takes a tenth of its time.
        gc.set_threshold(_OBJECTS_BETWEEN_LOOKS, 10, 10)
        allocation.give_pages_to_long_blocks()
    writer = UseWriter(portal)
    beside = [asyncio.create_task(each) for each in (writer.run(), tidying.run(portal), refreshing.run(trusted))]
    try:
        yield
    finally:
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        await writer.write()
        await portal.database.close()
