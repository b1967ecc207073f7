"""Settings of a new connection to a SQLite file."""

import sqlite3
from collections.abc import Sequence
from time import monotonic, sleep

_AGAIN_AFTER_SECONDS = 0.01


def set_pragmas(driver: sqlite3.Connection, pragmas: Sequence[str], *, seconds: float) -> None:
    """Set the pragmas; one that is refused by a lock is set again for the seconds.

    The first connections to a file turn its log on. Two at once would wait for each other, so SQLite refuses one of
    them at once, whatever its busy timeout is.
    """
    until = monotonic() + seconds
    for pragma in pragmas:
        while not _is_set(driver, pragma, is_last_try=monotonic() >= until):
            sleep(_AGAIN_AFTER_SECONDS)


def _is_set(driver: sqlite3.Connection, pragma: str, *, is_last_try: bool) -> bool:
    try:
        driver.execute(f"PRAGMA {pragma}")
    except sqlite3.OperationalError as error:
        if is_last_try or error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True
