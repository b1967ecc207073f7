"""Types for the used parts of asyncpg, which has none."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol


class DriverCursor(Protocol):
    """Cursor of a statement in a transaction."""

    async def fetch(self, n: int) -> Sequence[Sequence[object]]:
        """Return the next rows, none at the end."""


class DriverStatement(Protocol):
    """Prepared statement of a connection."""

    async def fetch(self, *args: object) -> Sequence[Sequence[object]]:
        """Return all rows."""

    async def fetchmany(self, args: Sequence[Sequence[object]]) -> Sequence[Sequence[object]]:
        """Run it for each of these arguments, and return all rows."""

    async def executemany(self, args: Sequence[Sequence[object]]) -> None:
        """Run it for each of these arguments."""

    def cursor(self, *args: object) -> Awaitable[DriverCursor]:
        """Return a cursor when it is awaited."""

    def get_statusmsg(self) -> str:
        """Return the status of the last run."""


class DriverConnection(Protocol):
    """Connection of asyncpg."""

    @property
    def _transport(self) -> asyncio.Transport: ...

    async def fetch(self, query: str, *args: object) -> Sequence[Sequence[object]]:
        """Return all rows."""

    async def cursor(self, query: str, *args: object) -> DriverCursor:
        """Return a cursor, of which the server keeps the rows."""

    async def fetchmany(self, query: str, args: Sequence[Sequence[object]]) -> Sequence[Sequence[object]]:
        """Run a statement for each of these arguments, and return all rows."""

    async def execute(self, query: str, *args: object) -> str:
        """Return the status, such as `UPDATE 1`."""

    async def executemany(self, command: str, args: Sequence[Sequence[object]]) -> None:
        """Run a statement for each of these arguments."""

    async def copy_records_to_table(
        self, table_name: str, *, records: Sequence[Sequence[object]], columns: Sequence[str]
    ) -> str:
        """Insert rows by COPY, and return the status, such as `COPY 2`."""

    async def prepare(self, query: str, *, name: str | None = None) -> DriverStatement:
        """Prepare a statement by a name, or by one of the driver's."""

    async def add_listener(self, channel: str, callback: Callable[[object, int, str, str], None]) -> None:
        """Listen, and call the function with the connection, the sender's process, the channel and the text."""

    def add_termination_listener(self, callback: Callable[[object], None]) -> None:
        """Call the function when the connection ends."""

    def is_closed(self) -> bool:
        """Return whether the connection is closed."""

    def is_in_transaction(self) -> bool:
        """Return whether a transaction is open."""

    def terminate(self) -> None:
        """Close the connection, and cancel what it runs."""
