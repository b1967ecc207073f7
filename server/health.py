"""Whether the process lives, and whether it can do its work: for whatever starts, watches and balances it."""

import asyncio
from http import HTTPStatus

import orjson
import structlog
from starlette.requests import Request
from starlette.responses import Response

from db import revisions
from db.engine import Database
from server.faults import JSON

_PATIENCE_SECONDS = 5

log = structlog.get_logger("portal.health")


async def alive(_request: Request) -> Response:
    """The process answers."""
    return _json({"status": "ok"})


async def ready(request: Request) -> Response:
    """The database can be reached, and has the tables that this version needs."""
    failed = await failed_check(request.app.state.portal.database)
    if failed is None:
        return _json({"status": "ok"})
    return _json({"status": "unavailable", "failed": failed}, HTTPStatus.SERVICE_UNAVAILABLE)


async def failed_check(database: Database) -> str | None:
    """The first check that fails, "database" or "migrations"; None where all is well."""
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            return None if await revisions.at_head(database) else "migrations"
    except Exception:
        # Whatever it is, the database is of no use, and whoever asked needs an answer.
        log.warning("the database can't be reached", exc_info=True)
        return "database"


def _json(body: dict[str, str], status: HTTPStatus = HTTPStatus.OK) -> Response:
    return Response(orjson.dumps(body), status, headers={"Cache-Control": "no-store"}, media_type=JSON)
