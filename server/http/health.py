"""Whether the process lives, and whether it can do its work: for whatever starts, watches and balances it."""

import asyncio
from http import HTTPStatus

import orjson
import structlog
from starlette.requests import Request
from starlette.responses import Response

from db.engine import Database
from db.migrations import revisions
from domain.faults import Unavailable
from server.http.errors import JSON

_PATIENCE_SECONDS = 5

log = structlog.get_logger("portal.health")


async def alive(_request: Request) -> Response:
    """The process answers."""
    return _json({"status": "ok"})


async def ready(request: Request) -> Response:
    """The database can be reached, has the tables that this version needs, and can be written to."""
    failed = await failed_check(request.app.state.portal.database)
    if failed is None:
        return _json({"status": "ok"})
    return _json({"status": "unavailable", "failed": failed}, HTTPStatus.SERVICE_UNAVAILABLE)


async def failed_check(database: Database) -> str | None:
    """The first check that fails, "database", "migrations" or "writes"; None where all is well."""
    check = "database"
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            if not await revisions.at_head(database):
                return "migrations"
            check = "writes"
            return None if await database.can_write() else check
    except Unavailable:
        # The database has written a line of its own.
        return check
    except Exception:
        # Whatever it is, the database is of no use, and whoever asked needs an answer.
        log.warning("the database can't be reached", exc_info=True)
        return check


def _json(body: dict[str, str], status: HTTPStatus = HTTPStatus.OK) -> Response:
    return Response(orjson.dumps(body), status, headers={"Cache-Control": "no-store"}, media_type=JSON)
