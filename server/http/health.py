"""Health checks for supervisors and load balancers: whether the process lives and can do its work."""

import asyncio
from collections.abc import Mapping
from http import HTTPStatus

import orjson
import structlog
from starlette.requests import Request
from starlette.responses import Response

from db.engine import Database, failures
from db.engine.failures import Kind
from db.migrations import revisions
from domain.errors import Unavailable
from server.http.errors import JSON

_PATIENCE_SECONDS = 5

log = structlog.get_logger("portal.health")


async def alive(_request: Request) -> Response:
    """Answer that the process lives."""
    return _json({"status": "ok"})


async def ready(request: Request) -> Response:
    """Answer whether the database is reachable and writable and has the tables of this version.

    A server that stops is not ready: its processes are asked on connections that were open before.
    """
    unready: asyncio.Event | None = request.scope["state"].get("unready")
    if unready is not None and unready.is_set():
        return _json({"status": "unavailable", "failed": "stopping"}, HTTPStatus.SERVICE_UNAVAILABLE)
    database: Database = request.app.state.portal.database
    failed = await failed_check(database)
    # The primary answers for replicas that can't be read, so the process can do its work without them.
    replicas = {} if database.replicas is None else {"replicas": database.replicas.states}
    if failed is None:
        return _json({"status": "ok", **replicas})
    return _json({"status": "unavailable", "failed": failed, **replicas}, HTTPStatus.SERVICE_UNAVAILABLE)


async def failed_check(database: Database) -> str | None:
    """Return the first failed check, "database", "migrations" or "writes"; None if all succeed."""
    check = "database"
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            if not await revisions.can_serve(database):
                return "migrations"
            check = "writes"
            return None if await database.can_write() else check
    except Unavailable as error:
        # The database has written a log line of its own.
        no_primary = error.__cause__ is not None and failures.kind_of(error.__cause__) is Kind.NO_PRIMARY
        return "writes" if no_primary else check
    except Exception:
        # Any error means that the database can't be used, and the caller needs an answer.
        log.warning("the database can't be reached", exc_info=True)
        return check


def _json(body: Mapping[str, object], status: HTTPStatus = HTTPStatus.OK) -> Response:
    return Response(orjson.dumps(body), status, headers={"Cache-Control": "no-store"}, media_type=JSON)
