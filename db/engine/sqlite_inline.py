"""Reads of a SQLite file in the thread of the event loop."""

import sqlite3
from collections.abc import Sequence
from time import monotonic
from typing import TypeVar

from db.engine import failures
from db.engine.connection import NO_VALUES, NotInlineError, Observer, Work
from db.engine.failures import FilesChangedError
from db.engine.files import DatabaseFile, Files
from db.engine.pragmas import set_pragmas
from db.engine.row_batch import RowBatch
from db.engine.sqlite import SqliteConnection, completed
from db.engine.statement import Statement, Values
from db.engine.statement_count import tally

Row = TypeVar("Row")
Result = TypeVar("Result")

ROWS_MAX = 1_000
"""Most rows that a statement may have to read in place, which takes SQLite a millisecond or two."""

_LOCKED_SECONDS = 0.1


class _InlineConnection(SqliteConnection):
    """Connection that runs only statements that an index bounds."""

    async def fetch(self, statement: Statement[Row], values: Values = NO_VALUES) -> RowBatch[Row]:
        """Run a statement and return its rows. Raises NotInlineError if it may read too many."""
        bound = statement.reads
        if bound is None or bound(values) > ROWS_MAX:
            raise NotInlineError
        compiled = statement.compiled(self.dialect)
        self._observe(compiled.text)
        return RowBatch(compiled.layout, self._driver.execute(compiled.text, compiled.bound(values)).fetchall())


class InlineReader:
    """Reading connection to a SQLite file in the thread of the event loop.

    SQLite reads a page by index, or rows by ids, faster than a switch to another thread and back takes.
    """

    def __init__(self, file: DatabaseFile, *, begin: str, pragmas: Sequence[str], observers: list[Observer]) -> None:
        """Prepare without connecting."""
        self._file, self._begin, self._pragmas, self._observers = file, begin, pragmas, observers
        self._driver: sqlite3.Connection | None = None
        self._connection: _InlineConnection | None = None
        self._files: Files | None = None

    def run(self, work: Work[Result], *, alone: bool = False) -> Result:
        """Run a unit of work now, without a transaction if it is one statement alone.

        Raises NotInlineError if it runs a statement that no index bounds, or if other connections have former files.
        """
        connection, file = self._connection, self._file
        if connection is None or file.found is not self._files or monotonic() >= file.look_at:
            try:
                connection = self._current()
            except FilesChangedError as error:
                raise NotInlineError from error
        mine, before = tally.get(), connection.statements
        try:
            result = completed(work(connection)) if alone else connection.run(work, self._begin)
        except NotInlineError:
            # It runs again in a thread, where its statements are counted.
            raise
        except Exception as error:
            if connection.is_stuck or failures.breaks_connection(error):
                self.close()
            if mine is not None:
                mine.append(connection.statements - before)
            raise
        if mine is not None:
            mine.append(connection.statements - before)
        return result

    def version(self) -> object:
        """Return a value that changes with each commit of another connection, and with a new connection."""
        connection = self._current()
        return connection, connection.data_version()

    def _current(self) -> _InlineConnection:
        """Return the connection, a new one if there are other files than it has."""
        connection = self._connection
        return self._open() if connection is None or self._file.seen() != self._files else connection

    def _open(self) -> _InlineConnection:
        self._file.prepare()
        self.close()
        driver = sqlite3.connect(self._file.name, isolation_level=None, uri=True)
        try:
            set_pragmas(driver, self._pragmas, seconds=_LOCKED_SECONDS)
            self._files = self._file.opened()
        except BaseException:
            driver.close()
            raise
        self._driver, self._connection = driver, _InlineConnection(driver, self._observers)
        return self._connection

    def close(self) -> None:
        """Close the connection."""
        if self._driver is not None:
            self._driver.close()
            self._driver = self._connection = None
