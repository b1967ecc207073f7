"""Removal of erased values' bytes from the files of the database, within a minute after an erasure."""

import asyncio

import structlog

from domain.errors import Unavailable
from resolvers.portal import Portal

EVERY_SECONDS = 15

log = structlog.get_logger("portal.erasure")


async def run(portal: Portal) -> None:
    """Purge the files after erasures, until cancelled.

    The first time, it does so in any case: the process before this one may have ended right after an erasure.
    """
    portal.database.mark_erased()
    while True:
        await asyncio.sleep(EVERY_SECONDS)
        if portal.database.has_erased:
            await purge(portal)


async def purge(portal: Portal) -> None:
    """Purge the files; a failure is logged, and the next call tries again."""
    try:
        if not await portal.database.purge():
            log.info("erased values leave the files later: a reader still needs the log")
    except Unavailable:
        log.warning("erased values leave the files later: the database is not available")
    except Exception:
        log.exception("erased values could not be removed from the files")
