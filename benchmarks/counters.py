"""`python -m benchmarks.counters [URL]`: what the counters of a partner limit, in commits per second.

Each transaction appends one event, as the smallest mutation does. With one partner all of them wait for its counters in
turn; with fifty, those of one partner only.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from itertools import cycle
from pathlib import Path

import sqlalchemy as sa

from db import event_log
from db.engine import Database, Transaction
from db.engine.pool_sizes import PoolSizes
from db.engine.statement import Statement
from db.migrations import migrate
from db.tables import partner_counters, partners
from domain.events import Event, EventType

_PARTNERS = 50
_NOW = datetime(2026, 11, 1, tzinfo=UTC)
_EVENT = Event(type=EventType.PARTNER_UPDATED)
_SIZES = PoolSizes(writing=24)


def main() -> None:
    """Print the commits per second of one partner and of fifty."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.counters", description=__doc__)
    options.add_argument("url", nargs="?", help="an empty database; by default a SQLite file")
    options.add_argument("--seconds", type=float, default=5)
    options.add_argument("--callers", type=int, default=24, help="transactions at a time")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = given.url or f"sqlite+aiosqlite:///{Path(folder, 'portal.db')}"
        migrate.upgrade(url)
        asyncio.run(_measure(url, given.seconds, given.callers))


async def _measure(url: str, seconds: float, callers: int) -> None:
    database = Database(url, sizes=_SIZES)
    try:
        ids = await database.write(_fill)
        for some in (ids[:1], ids):
            done = await _commits(database, cycle(some), seconds, callers)
            print(f"{len(some):>3} partners {done / seconds:8,.0f} commits/s", flush=True)
    finally:
        await database.close()


async def _fill(tx: Transaction) -> list[int]:
    ids = list(range(1, _PARTNERS + 1))
    await tx.execute_many(
        Statement(sa.insert(partners), tuple, inserted=["id", "name", "name_folded", "cnpj"]),
        [{"id": each, "name": f"{each}", "name_folded": f"{each}", "cnpj": f"{each:014}"} for each in ids],
    )
    await tx.execute_many(
        Statement(
            sa.insert(partner_counters), tuple, inserted=["partner_id", "order_number", "event_number", "event_hash"]
        ),
        [{"partner_id": each, "order_number": 0, "event_number": 0, "event_hash": b""} for each in ids],
    )
    return ids


async def _append(tx: Transaction, *, partner_id: int) -> None:
    await event_log.append(tx, partner_id, [_EVENT], actor_id=None, at=_NOW)


async def _commits(database: Database, of: Iterator[int], seconds: float, callers: int) -> int:
    until = time.monotonic() + seconds
    done = 0

    async def call() -> None:
        nonlocal done
        while time.monotonic() < until:
            await database.write(partial(_append, partner_id=next(of)))
            done += 1

    await asyncio.gather(*(call() for _ in range(callers)))
    return done


if __name__ == "__main__":
    main()
