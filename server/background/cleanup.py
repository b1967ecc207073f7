"""Deletion of expired data, such as failed sign-ins that no longer count, and statistics of tables that have grown."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from functools import partial

import structlog

from db import attempts, idempotency, invitations, password_resets, retention, tokens, webhook_deliveries, webhooks
from db.engine import Transaction, statistics
from db.second_factors import drop_old_challenges
from db.tables import metadata
from db.webhook_deliveries import Overfull
from domain.errors import Unavailable
from domain.invitations import STALLED_AFTER
from domain.webhooks import ANSWERS_KEPT, DELIVERIES_KEPT
from resolvers.portal import Portal

EVERY_SECONDS = 3600
_FIRST_SECONDS = 60
"""A starting server is busy, and may not have its tables yet."""

_PAUSE_SECONDS = 0.05
"""Seconds between transactions that delete much, so that others write in between."""

AT_ONCE = 1_000
"""Rows that one transaction deletes, so that others need not wait long."""

SESSION_DAYS = 30
"""Days for which a session or an API token is kept after it has ended."""

ANSWERS_AT_ONCE = 500
"""Deliveries that are read together, and whose answers one transaction deletes."""

_WEBHOOKS_AT_ONCE = 100
"""Webhooks whose deliveries are counted together."""

log = structlog.get_logger("portal.tidying")


async def run(portal: Portal, *, event_days: int = 0, session_days: int = SESSION_DAYS) -> None:
    """Delete expired data regularly, until cancelled; events after so many days, or never if there are none.

    Every process does it: each transaction is short, and skips the rows that another process deletes.
    """
    await asyncio.sleep(min(_FIRST_SECONDS, EVERY_SECONDS))
    while True:
        await delete_expired(portal, session_days=session_days)
        await update_statistics(portal)
        if event_days:
            await drop_old_events(portal, days=event_days)
        await asyncio.sleep(EVERY_SECONDS)


async def delete_expired(portal: Portal, *, session_days: int = SESSION_DAYS) -> None:
    """Delete expired data, in batches; a failure of one kind is logged, and the next call tries again."""
    now = portal.now()
    drops: dict[str, Callable[..., Awaitable[int]]] = {
        "attempts": partial(attempts.drop_old, at=now),
        "invitations": partial(invitations.drop_expired, at=now),
        "links": partial(password_resets.drop_expired, at=now),
        "challenges": partial(drop_old_challenges, at=now),
        "tokens": partial(tokens.drop_ended, until=now - timedelta(days=session_days)),
        "deliveries": partial(webhook_deliveries.drop_old, until=now - DELIVERIES_KEPT),
    }
    steps: dict[str, Callable[[Portal], Awaitable[int]]] = {
        "e-mails": _fail_stalled,
        "keys of webhooks": _drop_former_keys,
        **{kind: partial(_in_batches, drop=partial(drop, most=AT_ONCE)) for kind, drop in drops.items()},
        "idempotency keys": _delete_keys,
        "deliveries of deleted webhooks": _delete_deliveries_of_deleted,
        "answers": _delete_answers,
    }
    number = 0
    for kind, step in steps.items():
        try:
            number += await step(portal)
        except Unavailable:
            log.warning("expired data is deleted later: the database is not available", kind=kind)
        except Exception:
            log.exception("expired data could not be deleted", kind=kind)
    if number:
        log.info("expired data deleted", number=number)


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


async def drop_old_events(portal: Portal, *, days: int) -> None:
    """Delete events that are older, in small transactions; a failure is logged, and the next call goes on."""
    database, before, dropped = portal.database, portal.now() - timedelta(days=days), 0
    try:
        while partners := await database.read(partial(retention.with_old_events, before=before)):
            for partner_id in partners:
                dropped += await database.write(partial(retention.drop_old, partner_id=partner_id, before=before))
                await asyncio.sleep(_PAUSE_SECONDS)
    except Unavailable:
        log.warning("old events are deleted later: the database is not available")
    except Exception:
        log.exception("old events could not be deleted")
    if dropped:
        log.info("old events deleted", number=dropped)


async def _fail_stalled(portal: Portal) -> int:
    until = portal.now() - STALLED_AFTER
    await portal.database.write(lambda tx: invitations.fail_stalled(tx, until=until))
    return 0


async def _drop_former_keys(portal: Portal) -> int:
    await portal.database.write(lambda tx: webhooks.drop_former_keys(tx, at=portal.now()))
    return 0


async def _delete_keys(portal: Portal) -> int:
    now, number = portal.now(), 0
    for partner_id in await portal.database.read(partial(idempotency.partners_with_old, at=now)):
        drop = partial(idempotency.drop_old, partner_id=partner_id, at=now, most=AT_ONCE)
        number += await _in_batches(portal, drop)
    return number


async def _delete_deliveries_of_deleted(portal: Portal) -> int:
    number = 0
    for partner_id, webhook_id in await portal.database.read(webhook_deliveries.of_deleted_webhooks):
        drop = partial(webhook_deliveries.drop_of_webhook, partner_id=partner_id, webhook_id=webhook_id, most=AT_ONCE)
        number += await _in_batches(portal, drop)
    return number


async def _in_batches(portal: Portal, drop: Callable[[Transaction], Awaitable[int]]) -> int:
    """Delete batches, each in a transaction, until one is not full; return the number of rows."""
    number = 0
    deleted = AT_ONCE
    while deleted == AT_ONCE:
        deleted = await portal.database.write(drop)
        number += deleted
        await asyncio.sleep(_PAUSE_SECONDS if deleted else 0)
    return number


async def _delete_answers(portal: Portal) -> int:
    """Delete the answers of all but the newest deliveries of each webhook; no row is deleted."""
    after, is_last = 0, False
    while not is_last:
        page = partial(webhook_deliveries.overfull, kept=ANSWERS_KEPT, after=after, most=_WEBHOOKS_AT_ONCE)
        found = await portal.database.read(page)
        for each in found:
            if each.upto is not None:
                await _delete_answers_of(portal, each)
            after = each.webhook_id
        is_last = len(found) < _WEBHOOKS_AT_ONCE
    return 0


async def _delete_answers_of(portal: Portal, found: Overfull) -> None:
    async def drop(tx: Transaction, delivery_ids: Sequence[int]) -> None:
        # Locked as an erasure does it, which writes the same answers.
        if await webhooks.locked(tx, found.partner_id, found.webhook_id) is not None:
            await webhook_deliveries.drop_answers(tx, found.partner_id, delivery_ids)

    after, is_last = 0, False
    while not is_last:
        page = partial(webhook_deliveries.answered, of=found, after=after, most=ANSWERS_AT_ONCE)
        deliveries = await portal.database.read(page)
        with_answer = [delivery_id for delivery_id, has_answer in deliveries if has_answer]
        if with_answer:
            await portal.database.write(partial(drop, delivery_ids=with_answer))
            await asyncio.sleep(_PAUSE_SECONDS)
        is_last = len(deliveries) < ANSWERS_AT_ONCE
        if not is_last:
            after = deliveries[-1][0]
