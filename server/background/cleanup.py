"""Deletion of expired data: failed sign-ins that no longer count, invitations, links, and deliveries of webhooks."""

import asyncio
from datetime import datetime

import structlog

from db import attempts, invitations, password_resets, second_factors, webhook_deliveries
from db.engine import Transaction
from domain.errors import Unavailable
from domain.invitations import STALLED_AFTER
from domain.webhooks import DELIVERIES_KEPT
from resolvers.portal import Portal

EVERY_SECONDS = 3600
_FIRST_SECONDS = 60
"""A starting server is busy, and may not have its tables yet."""

_AT_ONCE = 1_000
"""Deliveries that one transaction deletes, so that others need not wait long."""

log = structlog.get_logger("portal.tidying")


async def run(portal: Portal) -> None:
    """Delete expired data regularly, until cancelled."""
    await asyncio.sleep(min(_FIRST_SECONDS, EVERY_SECONDS))
    while True:
        await delete_expired(portal)
        await asyncio.sleep(EVERY_SECONDS)


async def delete_expired(portal: Portal) -> None:
    """Delete expired data; a failure is logged, and the next call tries again."""
    try:
        await portal.database.write(lambda tx: _delete(tx, portal.now()))
        await _delete_deliveries(portal)
    except Unavailable:
        log.warning("expired data is deleted later: the database is not available")
    except Exception:
        log.exception("expired data could not be deleted")


async def _delete(tx: Transaction, now: datetime) -> None:
    await attempts.drop_old(tx, at=now)
    await invitations.drop_expired(tx, at=now)
    await invitations.fail_stalled(tx, until=now - STALLED_AFTER)
    await password_resets.drop_expired(tx, at=now)
    await second_factors.drop_old_challenges(tx, at=now)


async def _delete_deliveries(portal: Portal) -> None:
    until = portal.now() - DELIVERIES_KEPT
    deleted = _AT_ONCE
    while deleted == _AT_ONCE:
        deleted = await portal.database.write(lambda tx: webhook_deliveries.drop_old(tx, until=until, most=_AT_ONCE))
