"""Connections of units of work, which run compiled statements."""

from collections.abc import Awaitable, Callable, Generator, Sequence
from types import MappingProxyType
from typing import Any, Generic, NamedTuple, Protocol, TypeAlias, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

from db.engine.row_batch import RowBatch
from db.engine.statement import Statement, Values
from domain.errors import NotChanged

Row = TypeVar("Row")
Result = TypeVar("Result")

Observer: TypeAlias = Callable[[str], None]
"""Called with the text of each statement before it runs."""


class Meter(Protocol):
    """Measures of a process."""

    @property
    def statement(self) -> Callable[[float], None]:
        """Called with the seconds of each statement, in any thread."""

    @property
    def keys(self) -> Callable[[float], None]:
        """Called with the number of keys of each statement of a loader."""


class Usage(NamedTuple):
    """Numbers of connections in use, and of units of work that wait for one."""

    in_use: int
    waiting: int


Take: TypeAlias = Callable[[Sequence[Sequence[Any]]], None]
"""Called with each batch of the driver's rows."""

MayBlock: TypeAlias = Callable[[], bool]
"""Returns whether the next call of a Take may wait, so that it must not run in the thread of the event loop."""

SCANNED_ROWS = 500
"""Rows of a batch, which are converted in a millisecond or two."""

NO_VALUES: Values = MappingProxyType({})


class Connection(Protocol):
    """Connection of a unit of work, which awaits only these methods."""

    @property
    def statements(self) -> int:
        """Number of statements run so far; those that begin and end transactions are not counted."""

    @property
    def dialect(self) -> Dialect:
        """Dialect for which statements are compiled."""

    async def fetch(self, statement: Statement[Row], values: Values = NO_VALUES) -> RowBatch[Row]:
        """Run a statement and return its rows."""

    async def execute(self, statement: Statement[Row], values: Values = NO_VALUES) -> int:
        """Run a statement and return the number of rows that it wrote."""

    async def execute_many(self, statement: Statement[Row], rows: Sequence[Values]) -> RowBatch[Row]:
        """Run a statement for each row of values, in order, and return all rows that it returns."""

    async def scan(self, statement: Statement[Row], values: Values, take: Take, *, may_block: MayBlock) -> None:
        """Give the driver's rows of a statement to a function, in batches, until it raises."""

    async def inspect(self, work: Callable[[sa.Connection], Result]) -> Result:
        """Run a function of SQLAlchemy or Alembic in this transaction: for reflection and migrations only."""


Transaction: TypeAlias = Connection
"""A connection in the transaction of a mutation, which alone may lock and write."""

Work: TypeAlias = Callable[[Connection], Awaitable[Result]]
"""A unit of work: an async function that awaits nothing but its connection."""


class NotInlineError(Exception):
    """Signal that a unit of work may take too long for the thread of the event loop."""


class TookTooLongError(Exception):
    """A unit of work took longer than it may, and was ended."""


class CallerGoneError(Exception):
    """The caller of a read went away, and the read was ended."""


class LockedElsewhereError(NotChanged):
    """A row that the order of locks has before others, which the unit of work holds, is or was locked by a transaction.

    To wait for it, or to lock it now, could be a deadlock. The unit runs again, and locks it in its place.
    """


class Pending(Generic[Result]):
    """Read that can't run in place; it runs when it is awaited."""

    __slots__ = ("_read", "_work")

    def __init__(self, read: Callable[[Work[Result]], Awaitable[Result]], work: Work[Result]) -> None:
        """Take the unit of work, and the function that runs it."""
        self._read, self._work = read, work

    def __await__(self) -> Generator[object, None, Result]:
        """Run the unit of work."""
        return self._read(self._work).__await__()


async def one(connection: Connection, statement: Statement[Row], values: Values = NO_VALUES) -> Row | None:
    """Return the only row; None if there is none. Raises ValueError if there are more."""
    found = await connection.fetch(statement, values)
    if not found:
        return None
    (row,) = found
    return row


async def returned(connection: Connection, statement: Statement[Row], values: Values = NO_VALUES) -> Row:
    """Return the only row. Raises ValueError if there is none, or more than one."""
    (row,) = await connection.fetch(statement, values)
    return row
