"""Statements that a database gets."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event

from db.engine import Database


@contextmanager
def reading(database: Database) -> Iterator[list[str]]:
    """Collect the reading statements that are sent meanwhile."""
    sent: list[str] = []

    def observe(statement: str) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            sent.append(statement)

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        observe(statement)

    engines = {database.reading.sync_engine, database.writing.sync_engine}
    for each in engines:
        event.listen(each, "before_cursor_execute", note)
    database.observers.append(observe)
    try:
        yield sent
    finally:
        database.observers.remove(observe)
        for each in engines:
            event.remove(each, "before_cursor_execute", note)
