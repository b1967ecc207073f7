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
from server import health, logs, page, tidying
from server.cors import Cors
from server.faults import http_error
from server.http import PATH, Endpoint
from server.middleware import RequestLog
from server.settings import Settings
from server.uses import UseWriter

log = structlog.get_logger("portal")

ROUTES = [Route("/healthz", health.alive), Route("/readyz", health.ready)]


class Application(Starlette):
    """Starlette's application, with a short way to the endpoint that nearly every request is for."""

    endpoint: ASGIApp | None = None
    graphiql = False

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
    # The schema and the packages are there to stay. Looking through them for garbage, as Python does every now and
    # then, takes a tenth of a second, in which nobody is answered.
    gc.collect()
    gc.freeze()
    return app


def open_portal(settings: Settings) -> Portal:
    """The portal on the database of the settings."""
    return Portal(Database(settings.database_url), settings.secret(), demo=settings.demo)


def create_app(portal: Portal, settings: Settings) -> Application:
    """The application that serves a portal, and closes its database at the end."""
    cors = Cors(settings.cors_origins) if settings.cors_origins else None
    app = Application(
        routes=[*ROUTES, *page.routes(PATH, demo=settings.demo)] if settings.graphiql else ROUTES,
        middleware=[Middleware(RequestLog, cors=cors)],
        exception_handlers={HTTPException: http_error},
        lifespan=_lifespan,
    )
    app.router.redirect_slashes = False
    app.state.portal = portal
    app.graphiql = settings.graphiql
    app.endpoint = RequestLog(Endpoint(portal, Operations(settings.execution), settings), cors=cors)
    return app


@contextlib.asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    portal: Portal = app.state.portal
    failed = await health.failed_check(portal.database)
    if failed is not None:
        log.warning("not ready", failed=failed, hint="portal migrate" if failed == "migrations" else "DATABASE_URL")
    writer = UseWriter(portal)
    beside = [asyncio.create_task(writer.run()), asyncio.create_task(tidying.run(portal))]
    try:
        yield
    finally:
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        await writer.write()
        await portal.database.close()
