"""Deletion of expired data, such as failed sign-ins that no longer count, and statistics of tables that have grown."""

import asyncio
from datetime import datetime

import structlog

from db import attempts, invitations, password_resets, second_factors
from db.engine import Transaction, statistics
from db.tables import metadata
from domain.errors import Unavailable
from domain.invitations import STALLED_AFTER
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
        await update_statistics(portal)
        await asyncio.sleep(EVERY_SECONDS)


async def delete_expired(portal: Portal) -> None:
    """Delete expired data; a failure is logged, and the next call tries again."""
    try:
        await portal.database.write(lambda tx: _delete(tx, portal.now()))
    except Unavailable:
        log.warning("expired data is deleted later: the database is not available")
    except Exception:
        log.exception("expired data could not be deleted")


async def update_statistics(portal: Portal) -> None:
    """Let statistics follow the growth of SQLite's tables; a failure is logged, and the next call tries again."""
    try:
        tables = await portal.database.write(lambda tx: statistics.follow_growth(tx, *metadata.sorted_tables))
    except Unavailable:
        log.warning("statistics are updated later: the database is not available")
    except Exception:
        log.exception("statistics could not be updated")
    else:
        if tables:
            log.info("statistics updated", tables=tables)


async def _delete(tx: Transaction, now: datetime) -> None:
    await attempts.drop_old(tx, at=now)
    await invitations.drop_expired(tx, at=now)
    await invitations.fail_stalled(tx, until=now - STALLED_AFTER)
    await password_resets.drop_expired(tx, at=now)
    await second_factors.drop_old_challenges(tx, at=now)
