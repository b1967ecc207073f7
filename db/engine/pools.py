"""Pools of connections, for what is no unit of work."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, Dialect
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from db.engine.availability import Availability
from db.engine.failures import FileMissingError, FilesChangedError
from db.engine.files import DatabaseFile

BEGIN_WRITING = "BEGIN IMMEDIATE"
"""How a transaction begins on SQLite that writes."""

_CONNECTING_SECONDS = 10
"""How long a host may take to answer a new connection: one that is switched off never does."""

_LENDING_SECONDS = 30
"""How long a unit of work waits for a connection of the pool while all of them are in use."""


def postgresql(url: URL, availability: Availability, *, connections: int) -> AsyncEngine:
    """Return an engine whose pool lends no connection of a former primary."""
    engine = create_async_engine(
        url,
        pool_size=connections,
        max_overflow=connections,
        pool_timeout=_LENDING_SECONDS,
        pool_pre_ping=True,
        connect_args={"timeout": _CONNECTING_SECONDS},
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


def sqlite(
    url: URL, file: DatabaseFile, *, connections: int, begin: str, pragmas: list[str], timeout: float
) -> AsyncEngine:
    """Return an engine whose pool lends connections to the files at the path only."""
    engine = create_async_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        connect_args={"timeout": timeout},
        hide_parameters=True,
    )

    @event.listens_for(engine.sync_engine, "do_connect")
    def open_as_meant(_dialect: Dialect, _record: object, given: list[Any], named: dict[str, Any]) -> None:
        given[0], named["uri"] = file.name, True
        file.prepare()

    @event.listens_for(engine.sync_engine, "connect")
    def set_up(connection: Any, record: ConnectionPoolEntry) -> None:  # noqa: ANN401 — the driver's connection has no public type.
        # The driver must not begin transactions by itself: it would begin them DEFERRED, and those fail at once
        # with "database is locked" when they come to write while another one writes.
        connection.isolation_level = None
        try:
            cursor = connection.cursor()
            for pragma in pragmas:
                cursor.execute(f"PRAGMA {pragma}")
            cursor.close()
            record.info["is_new"], record.info["files"] = True, file.opened()
        except BaseException:
            connection.close()
            raise

    @event.listens_for(engine.sync_engine, "checkout")
    def refuse_a_file_that_is_gone(_connection: object, record: ConnectionPoolEntry, _proxy: object) -> None:
        if not record.info.pop("is_new", False) and (found := file.look()) != record.info["files"]:
            raise FileMissingError if found is None else FilesChangedError

    @event.listens_for(engine.sync_engine, "begin")
    def begin_as_meant(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)
        if begin == BEGIN_WRITING:
            file.verify()

    return engine
