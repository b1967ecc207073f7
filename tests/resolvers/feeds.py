"""Commits and followers of a feed."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import sqlalchemy as sa

from db import event_log
from db.engine import Database
from db.engine.filters import value as value_of
from db.engine.statement import Statement
from db.events import EventRow
from domain.events import Event, EventType
from resolvers.feed import Follower
from tests import factories

TYPES = (EventType.CLIENT_REGISTERED, EventType.CLIENT_UPDATED, EventType.CLIENT_CANCELLED)


async def commit(database: Database, partner_id: int, types: Sequence[EventType], minute: int) -> None:
    happened, at = [Event(type=each) for each in types], factories.NOON + timedelta(minutes=minute)
    await database.write(lambda tx: event_log.append(tx, partner_id, happened, actor_id=None, at=at))


async def drained(follower: Follower, last: int) -> list[EventRow]:
    """Return what a follower gets until it has passed the last number."""
    found: list[EventRow] = []
    while follower.position < last:
        batch = asyncio.ensure_future(follower.batch(1 + last % 4))
        # Events that no filter lets through move the follower on, which then waits for others.
        while not batch.done() and follower.position < last:
            await asyncio.wait((batch,), timeout=0.005)
        if not batch.done():
            batch.cancel()
        await asyncio.wait((batch,))
        found += [] if batch.cancelled() else batch.result()
    return found


LISTENERS: Statement[bool] = Statement(
    sa.select(sa.func.pg_terminate_backend(sa.column("pid", sa.Integer), type_=sa.Boolean))
    .select_from(sa.table("pg_stat_activity"))
    .where(
        sa.column("datname", sa.Text) == sa.func.current_database(),
        sa.column("query", sa.Text).like("LISTEN %"),
    ),
    value_of,
)


async def end_listeners(database: Database) -> int:
    """End all connections that listen, as a restarted server does; return how many there were."""
    if not database.sends_hints:
        return 0
    return len(await database.write(lambda tx: tx.fetch(LISTENERS)))
