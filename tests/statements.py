"""Statements that a database gets."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from db.engine import Database


@contextmanager
def reading(database: Database) -> Iterator[list[str]]:
    """Collect the reading statements that are sent meanwhile."""
    sent: list[str] = []

    def observe(statement: str) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            sent.append(statement)

    database.observers.append(observe)
    try:
        yield sent
    finally:
        database.observers.remove(observe)


async def fewest_read(database: Database, ask: Callable[[], Awaitable[object]], *, enough: int = 0) -> int:
    """Return the number of reading statements of a request: the fewest of three times, or the first of `enough`.

    Loads that wait together share a statement. While a process compiles its statements, or is busy, PostgreSQL may
    answer one of them earlier, and what follows is loaded apart.
    """
    counted = list[int]()
    while len(counted) < 3 and enough not in counted:
        with reading(database) as statements:
            await ask()
        counted.append(len(statements))
    return min(counted)


@contextmanager
def every_statement(database: Database) -> Iterator[list[str]]:
    """Collect all statements that are sent meanwhile."""
    sent: list[str] = []
    database.observers.append(sent.append)
    try:
        yield sent
    finally:
        database.observers.remove(sent.append)
