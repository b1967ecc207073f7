"""Hints for other processes that this one has committed, so that their subscribers get the events at once."""

import asyncio

import structlog

from db.engine import Database
from domain.errors import Unavailable

_PAUSE_SECONDS = 0.02
"""Seconds between hints, so that many commits have one."""

log = structlog.get_logger("portal.feed")


async def run(database: Database) -> None:
    """Send a hint after commits, until cancelled.

    It is not a part of their transactions: PostgreSQL takes a lock of the whole server to commit a NOTIFY.
    """
    committed = asyncio.Event()
    database.after_commit.append(committed.set)
    try:
        while True:
            await committed.wait()
            committed.clear()
            try:
                await database.hint()
            except Unavailable:
                # The others look by themselves.
                continue
            except Exception:
                log.exception("hint not sent")
            await asyncio.sleep(_PAUSE_SECONDS)
    finally:
        database.after_commit.remove(committed.set)
