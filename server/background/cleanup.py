"""Deleting what counts no longer: failed sign-ins a day after the last one that was counted with them."""

import asyncio

import structlog

from db import attempts
from domain.faults import Unavailable
from resolvers.portal import Portal

EVERY_SECONDS = 3600
_FIRST_SECONDS = 60
"""A server that starts has other things to do, and may not have its tables yet."""

log = structlog.get_logger("portal.tidying")


async def run(portal: Portal) -> None:
    """Delete soon and then now and then, until cancelled."""
    await asyncio.sleep(min(_FIRST_SECONDS, EVERY_SECONDS))
    while True:
        await tidy(portal)
        await asyncio.sleep(EVERY_SECONDS)


async def tidy(portal: Portal) -> None:
    """Delete what counts no longer. What can't be deleted now is logged, and deleted the next time."""
    try:
        await portal.database.write(lambda tx: attempts.drop_old(tx, at=portal.now()))
    except Unavailable:
        log.warning("old failed sign-ins are deleted later: the database is not available")
    except Exception:
        log.exception("old failed sign-ins could not be deleted")
