"""Statements that a database gets."""

from collections.abc import Iterator
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


@contextmanager
def every_statement(database: Database) -> Iterator[list[str]]:
    """Collect all statements that are sent meanwhile."""
    sent: list[str] = []
    database.observers.append(sent.append)
    try:
        yield sent
    finally:
        database.observers.remove(sent.append)
