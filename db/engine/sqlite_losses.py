"""What a replaced or removed SQLite file loses, and what the open connections to it can save."""

import contextlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from db.engine.files import DatabaseFile
from db.engine.sqlite_threads import ConnectionThread

_COLUMNS = (
    "SELECT each.name, info.name FROM sqlite_master AS each, pragma_table_info(each.name) AS info "
    "WHERE each.type = 'table' AND each.name NOT GLOB '_litestream_*' AND each.name NOT GLOB 'sqlite_*'"
)
"""Tables with their columns, without those of SQLite and Litestream, which come and go."""


async def save(threads: Sequence[ConnectionThread]) -> bool:
    """Copy the log to the file on the first open connection; without one, the last to be closed does it."""
    for thread in threads:
        if thread.is_open:
            rows = await thread.select("PRAGMA wal_checkpoint(TRUNCATE)")
            return rows is not None and [row[0] for row in rows] == [0]
    return True


async def has_lost_tables(file: DatabaseFile, threads: Sequence[ConnectionThread]) -> bool:
    """Return whether the file at the path lacks tables or columns of the one that the connections have open."""
    for thread in threads:
        former = await thread.select(_COLUMNS)
        if former is not None:
            return not set(former) <= _columns(file)
    return False


def _columns(file: DatabaseFile) -> set[Sequence[str]]:
    # The log at the path is still the former one's, which must be neither read nor copied to this file.
    name = f"{Path(file.path).absolute().as_uri()}?mode=ro&immutable=1"
    with contextlib.closing(sqlite3.connect(name, uri=True)) as connection:
        return set(connection.execute(_COLUMNS))
