"""Deletion of expired data: failed sign-ins that no longer count."""

import asyncio

import structlog

from db import attempts, second_factors
from db.engine import Transaction
from domain.errors import Unavailable
from resolvers.portal import Portal

EVERY_SECONDS = 3600
_FIRST_SECONDS = 60
"""A starting server is busy, and may not have its tables yet."""

log = structlog.get_logger("portal.tidying")


async def run(portal: Portal) -> None:
    """Delete expired data regularly, until cancelled."""
    await asyncio.sleep(min(_FIRST_SECONDS, EVERY_SECONDS))
    while True:
        await delete_expired(portal)
        await asyncio.sleep(EVERY_SECONDS)


async def delete_expired(portal: Portal) -> None:
    """Delete expired data; a failure is logged, and the next call tries again."""

    async def drop(tx: Transaction) -> None:
        await attempts.drop_old(tx, at=portal.now())
        await second_factors.drop_old_challenges(tx, at=portal.now())

    try:
        await portal.database.write(drop)
    except Unavailable:
        log.warning("old failed sign-ins are deleted later: the database is not available")
    except Exception:
        log.exception("old failed sign-ins could not be deleted")
