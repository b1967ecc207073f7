"""Pools of connections to PostgreSQL."""

from sqlalchemy import event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from db.engine import hosts
from db.engine.availability import Availability

_LENDING_SECONDS = 30
"""How long a unit of work waits for a connection of the pool while all of them are in use."""


def postgresql(url: URL, availability: Availability, *, connections: int, connect_seconds: float) -> AsyncEngine:
    """Return an engine whose pool lends no connection of a former primary."""
    engine = create_async_engine(
        **hosts.options(url, seconds=connect_seconds),
        # Half of them are kept open.
        pool_size=(connections + 1) // 2,
        max_overflow=connections // 2,
        pool_timeout=_LENDING_SECONDS,
        pool_pre_ping=True,
        isolation_level="READ COMMITTED",
        hide_parameters=True,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def note_demotions(_connection: object, record: ConnectionPoolEntry) -> None:
        record.info["is_new"], record.info["demotions"] = True, availability.demotions

    @event.listens_for(engine.sync_engine, "checkout")
    def refuse_a_former_primary(_connection: object, record: ConnectionPoolEntry, _proxy: object) -> None:
        # A connection that was just made is the best there is, also if a demotion was found meanwhile.
        if not record.info.pop("is_new", False) and record.info["demotions"] != availability.demotions:
            raise DisconnectionError

    return engine
