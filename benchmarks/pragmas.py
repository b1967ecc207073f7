"""SQLite's settings, read from the portal, so that every contender has the same."""

import asyncio
import warnings
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from db.engine import Connection, Database, returned
from db.engine.filters import value
from db.engine.statement import Statement

_OF_READERS = ("journal_mode", "busy_timeout", "foreign_keys", "cache_size", "mmap_size", "temp_store")
_OF_WRITERS = ("synchronous", "wal_autocheckpoint")
_LEVELS = ("OFF", "NORMAL", "FULL", "EXTRA")


class CannotError(Exception):
    """The portal can't be run with that durability."""


def portal_url(file: Path, durability: str) -> str:
    """Return the portal's DATABASE_URL; FULL is its default, and needs no parameter."""
    url = f"sqlite+aiosqlite:///{file}"
    return url if durability == "FULL" else f"{url}?synchronous={durability.lower()}"


def of_portal(file: Path, durability: str) -> Mapping[str, str]:
    """Return the portal's pragmas on that file; raise CannotError if it does not accept the durability."""
    try:
        with warnings.catch_warnings():
            # The driver warns of an unknown parameter; the check below reports it.
            warnings.simplefilter("ignore")
            found = asyncio.run(_read(portal_url(file, durability)))
    except (SQLAlchemyError, TypeError, ValueError) as error:
        message = f"the portal refuses a DATABASE_URL with synchronous={durability.lower()}"
        raise CannotError(message) from error
    if found["synchronous"] != durability:
        message = f"the portal runs with synchronous={found['synchronous']} when asked for {durability}"
        raise CannotError(message)
    return found


async def _read(url: str) -> Mapping[str, str]:
    database = Database(url)
    try:
        found = await database.read(partial(_values, names=_OF_READERS))
        found |= await database.write(partial(_values, names=_OF_WRITERS))
    finally:
        await database.close()
    return found | {"synchronous": _LEVELS[int(found["synchronous"])]}


async def _values(connection: Connection, *, names: Sequence[str]) -> dict[str, str]:
    return {name: str(await returned(connection, _pragma(name))) for name in names}


def _pragma(name: str) -> Statement[object]:
    return Statement(sa.text(f"PRAGMA {name}").columns(sa.column(name)), value)
