"""The engines: on SQLite a reading and a writing one on the same file, on PostgreSQL one for both."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncTransaction

from db.engine import failures, pools, postgres, probes, sqlite_threads
from db.engine.availability import Availability
from db.engine.failures import FilesChangedError, FilesOverwrittenError, OutcomeUnknownError
from db.engine.files import DatabaseFile
from db.engine.postgres import PostgresConnection
from db.engine.sqlite import InlineReader, Observer, SqliteConnection
from db.engine.sqlite_threads import GroupCommitWriter, ReaderThread
from db.engine.statement_count import counted

BUSY_TIMEOUT_SECONDS = 15
"""How long a writer of one process waits for those of others on the same SQLite file."""

_READING_THREADS = max(2, min(8, os.cpu_count() or 2))
"""More than there are cores would wait for each other, and one would let a long search hold up everybody."""

_BUSY_HERE_SECONDS = 0.25

_READING_CACHE_KIB = 8_000
"""How much of the file a reading connection of SQLite keeps at most. Rows of many clients lie all over the file: with
the usual two megabytes, each of them is asked of the system anew."""

SYNCHRONOUS = frozenset({"full", "normal"})
"""What a SQLite URL may ask for: the last commits survive a power failure with `full` only, the data with either."""

Connection = AsyncConnection | SqliteConnection | PostgresConnection
"""What statements run on."""

Transaction = Connection
"""A connection in the transaction of a mutation, which alone may lock and write."""

Result = TypeVar("Result")

_IS_READ_ONLY = sa.select(sa.func.current_setting("transaction_read_only"))
"""Of PostgreSQL: "on" for a standby too, whose transactions can't be anything else."""


class Database:
    """Where statements run: in units of work, or on a connection that is lent from a pool for as long as it takes."""

    def __init__(self, url: str, *, readers: int = 8, in_place: bool = True) -> None:
        """Prepare the engines for a database URL; nothing connects before it is asked to.

        Reads that an index bounds run `in_place`, on the thread of the loop, if the database is a SQLite file.
        """
        self.url = make_url(url)
        self._synchronous = str(self.url.query.get("synchronous", "full"))
        self.observers: list[Observer] = []
        """Called with each statement of a unit of work before it is run, unless SQLAlchemy runs it on PostgreSQL."""
        self._readers: list[ReaderThread] = []
        self._writer: GroupCommitWriter | None = None
        self._inline: InlineReader | None = None
        self._file: DatabaseFile | None = None
        self._availability = Availability(self.url)
        self._reopening = asyncio.Lock()
        self._reopening_task: asyncio.Task[None] | None = None
        if self.url.get_backend_name() == "sqlite":
            self.url = self.url.difference_update_query(["synchronous"])
            reading, writing = self._pragmas(query_only=True), self._pragmas(query_only=False)
            self._file = file = DatabaseFile(str(self.url.database))
            self.reading = pools.sqlite(
                self.url, file, connections=readers, begin="BEGIN", pragmas=reading, timeout=BUSY_TIMEOUT_SECONDS
            )
            self.writing = pools.sqlite(
                self.url, file, connections=1, begin=pools.BEGIN_WRITING, pragmas=writing, timeout=BUSY_TIMEOUT_SECONDS
            )
            of_readers = self._of_thread(begin="BEGIN", query_only=True)
            self._readers = [ReaderThread(file, **of_readers) for _ in range(_READING_THREADS)]
            self._writer = GroupCommitWriter(file, **self._of_thread(begin=pools.BEGIN_WRITING, query_only=False))
            # In WAL mode nobody waits for a writer; what little else there is to wait for must not hold the loop.
            waiting = self._pragmas(query_only=True, busy_seconds=_BUSY_HERE_SECONDS)
            if in_place:
                self._inline = InlineReader(file, begin="BEGIN", pragmas=waiting, observers=self.observers)
        else:
            self.reading = self.writing = pools.postgresql(self.url, self._availability, connections=readers)

    async def query(self, work: Callable[[Connection], Awaitable[Result]]) -> Result:
        """What a unit of work reads, all of it as it is at one moment.

        The unit awaits nothing but statements of the connection that it is given.
        """
        try:
            if not self._readers:
                return await postgres.run(self.reading, counted(work), self.observers, read_only=True)
            try:
                return await min(self._readers, key=_waiting).run(counted(work))
            except FilesChangedError:
                await self._reopen()
                return await min(self._readers, key=_waiting).run(counted(work))
        except Exception as error:
            self._availability.check(error, reading=True)
            raise

    @property
    def reads_here(self) -> bool:
        """Whether `query_here` can be asked."""
        return self._inline is not None

    def query_here(self, work: Callable[[Connection], Awaitable[Result]], *, alone: bool = False) -> Result:
        """What a unit of work reads, on SQLite, without leaving the thread: only for what an index bounds.

        A statement that is `alone` in its unit sees everything as it is at one moment without a transaction.
        """
        if self._inline is None:
            message = "Only a SQLite file is read in place."
            raise TypeError(message)
        try:
            return self._inline.run(work, alone=alone)
        except FilesChangedError as error:
            # Other connections are closed in their threads, for which nothing waits here.
            self._reopening_task = asyncio.create_task(self._reopen_soon())
            raise self._availability.unread() from error
        except Exception as error:
            self._availability.check(error, reading=True)
            raise

    async def query_shortly(self, work: Callable[[Connection], Awaitable[Result]]) -> Result:
        """What a unit of work reads: in place where that can be, only for what an index bounds."""
        return self.query_here(work) if self._inline is not None else await self.query(work)

    async def transact(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        """Run a unit of work in a transaction, committed at its end and rolled back where it raises anything.

        A unit may be run several times, of which one is committed. Raises Unavailable if nothing was changed, and
        OutcomeUnknown if the database failed during the commit.
        """
        try:
            if self._writer is None:
                return await postgres.run(self.writing, counted(work), self.observers, read_only=False)
            try:
                return await self._writer.run(counted(work))
            except FilesChangedError:
                await self._reopen()
                return await self._writer.run(counted(work))
        except Exception as error:
            self._availability.check(error)
            raise

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Lend a connection for reading. Nothing else that needs one may be awaited while it is held."""
        try:
            async with self._lent(self.reading) as connection, _dropped_if_broken(connection):
                yield connection
        except Exception as error:
            self._availability.check(error, reading=True)
            raise

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction, commit it at the end, and roll it back where anything is raised."""
        try:
            async with (
                self._lent(self.writing) as connection,
                _dropped_if_broken(connection),
                connection.begin() as transaction,
            ):
                yield connection
                await _commit(transaction)
        except Exception as error:
            self._availability.check(error)
            raise

    async def can_write(self) -> bool:
        """Whether a transaction could write now, told without a write unless the last one failed."""
        if self._file is None:
            async with self.read() as connection:
                is_read_only = await connection.scalar(_IS_READ_ONLY) == "on"
            self._availability.demotions += is_read_only
            is_writable = not is_read_only
        else:
            is_writable = self._file.is_writable()
        if is_writable and self._availability.writes_fail:
            await self.transact(probes.write)
            self._availability.writes_fail = False
        return is_writable

    async def close(self) -> None:
        """Close every connection."""
        await self.reading.dispose()
        await self.writing.dispose()
        for thread in (*self._readers, *([self._writer] if self._writer else [])):
            await thread.close()
        if self._inline is not None:
            self._inline.close()

    @asynccontextmanager
    async def _lent(self, engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
        try:
            connection = await engine.connect()
        except FilesChangedError:
            await self._reopen()
            connection = await engine.connect()
        try:
            yield connection
        finally:
            await connection.close()

    async def _reopen(self) -> None:
        """Close all connections to files that were removed or replaced, and save what only the open log has."""
        file = self._file
        if file is None or self._writer is None:
            return
        async with self._reopening:
            if not file.have_changed():
                return
            loss = file.loss()
            saved = not loss.can_save or await sqlite_threads.save([self._writer, *self._readers])
            if not saved and not loss.is_replaced:
                raise FilesChangedError
            await self.close()
            file.release()
            self._availability.report_loss(loss)

    async def _reopen_soon(self) -> None:
        # The next unit of work raises the same, and its caller gets it.
        with suppress(FilesChangedError, FilesOverwrittenError):
            await self._reopen()

    def _of_thread(self, *, begin: str, query_only: bool) -> dict[str, Any]:
        return {
            "begin": begin,
            "pragmas": self._pragmas(query_only=query_only),
            "timeout": BUSY_TIMEOUT_SECONDS,
            "observers": self.observers,
        }

    def _pragmas(self, *, query_only: bool, busy_seconds: float | None = None) -> list[str]:
        return [
            f"busy_timeout = {round((busy_seconds or BUSY_TIMEOUT_SECONDS) * 1000)}",
            "journal_mode = WAL",
            # A read, so that the files of the log are open from here on.
            "schema_version",
            f"synchronous = {self._synchronous}",
            "foreign_keys = ON",
            f"query_only = {'ON' if query_only else 'OFF'}",
            *([f"cache_size = -{_READING_CACHE_KIB}"] if query_only else []),
        ]


def _waiting(thread: ReaderThread) -> int:
    return thread.waiting


@asynccontextmanager
async def _dropped_if_broken(connection: AsyncConnection) -> AsyncIterator[None]:
    """Keep a connection from going back to the pool that will not work again."""
    try:
        yield
    except BaseException as error:
        if failures.breaks_connection(error):
            await connection.invalidate()
        raise


async def _commit(transaction: AsyncTransaction) -> None:
    try:
        await transaction.commit()
    except Exception as error:
        if failures.leaves_outcome_unknown(error):
            raise OutcomeUnknownError from error
        raise
