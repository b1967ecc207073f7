"""Statements that the driver has prepared on a connection, without the layers around its own protocol.

`fetch` of a connection goes through five coroutines of Python before the first byte is sent, which takes longer than to
encode the values and to decode a row.
"""

import re
from collections.abc import Awaitable, Sequence
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # It has no types.

from db.engine.asyncpg_types import DriverConnection

TESTED = (0, 32)
"""Release of asyncpg that this was tested with; pyproject.toml allows no other."""

OUTDATED = (asyncpg.OutdatedSchemaCacheError, asyncpg.InvalidCachedStatementError)
"""Errors after which the public method of a connection prepares a statement again."""


_ALL_ROWS = ("", 0, False, None)
"""No name of a portal, no limit, without the status, and no time limit."""


class UntestedVersionError(ImportError):
    """A version of asyncpg is installed whose protocol may be another one."""


def check(installed: str) -> None:
    """Raise UntestedVersionError unless the version is of the tested release."""
    if tuple(map(int, re.findall(r"\d+", installed)[:2])) != TESTED:
        tested = ".".join(map(str, TESTED))
        message = f"asyncpg {installed} is installed, and the portal was tested with {tested} only."
        raise UntestedVersionError(message)


check(asyncpg.__version__)


def fetch(driver: DriverConnection, text: str, values: Sequence[Any]) -> Awaitable[Sequence[Sequence[Any]]]:
    """Return what fetches the rows, outside of a transaction; awaiting it may raise one of OUTDATED."""
    if type(driver) is asyncpg.Connection:
        own: Any = driver
        prepared = own._stmt_cache.get((text, asyncpg.Record, False))  # noqa: SLF001 — there is no public way.
        if prepared is not None and not own._query_loggers:  # noqa: SLF001 — the same.
            found: Awaitable[Sequence[Sequence[Any]]]
            found = own._protocol.bind_execute(prepared, values, *_ALL_ROWS)  # noqa: SLF001 — the same.
            return found
    return driver.fetch(text, *values)
