"""Times of statements."""

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

from db.engine.connection import NO_VALUES, Connection, Meter, Take, Work
from db.engine.row_batch import RowBatch
from db.engine.statement import Statement, Values

Row = TypeVar("Row")
Result = TypeVar("Result")


def timed(work: Work[Result], meter: Meter) -> Work[Result]:
    """Return the unit of work, which will measure its statements."""
    return lambda connection: work(_TimedConnection(connection, meter.statement))


class _TimedConnection:
    """Connection that measures its statements; one that fails is not counted."""

    __slots__ = ("_connection", "_measured")

    def __init__(self, connection: Connection, measured: Callable[[float], None]) -> None:
        self._connection, self._measured = connection, measured

    @property
    def statements(self) -> int:
        return self._connection.statements

    @property
    def dialect(self) -> Dialect:
        return self._connection.dialect

    async def fetch(self, statement: Statement[Row], values: Values = NO_VALUES) -> RowBatch[Row]:
        began = perf_counter()
        found = await self._connection.fetch(statement, values)
        self._measured(perf_counter() - began)
        return found

    async def execute(self, statement: Statement[Row], values: Values = NO_VALUES) -> int:
        began = perf_counter()
        number = await self._connection.execute(statement, values)
        self._measured(perf_counter() - began)
        return number

    async def execute_many(self, statement: Statement[Row], rows: Sequence[Values]) -> RowBatch[Row]:
        began = perf_counter()
        found = await self._connection.execute_many(statement, rows)
        if rows:
            self._measured(perf_counter() - began)
        return found

    async def scan(
        self, statement: Statement[Row], values: Values, take: Take, *, may_block: Callable[[], bool]
    ) -> None:
        began = perf_counter()
        await self._connection.scan(statement, values, take, may_block=may_block)
        self._measured(perf_counter() - began)

    async def inspect(self, work: Callable[[sa.Connection], Result]) -> Result:
        return await self._connection.inspect(work)
