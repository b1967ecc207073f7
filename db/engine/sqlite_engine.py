"""The engine of a SQLite file: reads in place or in threads, and one thread that writes."""

import asyncio
import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from sqlalchemy.engine import URL

from db.engine import sqlite_losses
from db.engine.availability import Availability
from db.engine.connection import Observer, TookTooLongError, Usage, Work
from db.engine.deadline import Deadline
from db.engine.failures import FilesChangedError, OtherTablesError
from db.engine.files import DatabaseFile
from db.engine.hints import Listener
from db.engine.place_queue import PlaceQueue
from db.engine.sqlite_inline import InlineReader
from db.engine.sqlite_threads import ReaderThread
from db.engine.sqlite_writer import GroupCommitWriter
from db.engine.statement_count import counted

BUSY_TIMEOUT_SECONDS = 15
"""How long a writer without a deadline waits for those of other processes on the same SQLite file."""

_BUSY_SLICE_SECONDS = 0.25
"""How long SQLite waits for the lock until the writer looks at the deadlines of its units again."""

_BUSY_READING_SECONDS = 5
"""How long a reading thread waits for the rare locks that concern readers: it can't be stopped meanwhile."""

READING_THREADS = max(3, min(8, os.cpu_count() or 2))
"""More than there are cores would wait for each other. One is kept from each partner for others: with only one left, a
partner's long search would delay all its other reads."""

_BUSY_INLINE_SECONDS = 0.25

_READING_CACHE_KIB = 8_000
"""How much of the file a reading connection of SQLite keeps at most. Rows of many clients lie all over the file: with
the usual two megabytes, each of them is asked of the system anew."""

SYNCHRONOUS = frozenset({"full", "normal"})
"""What a SQLite URL may ask for: the last commits survive a power failure with `full` only, the data with either."""

Result = TypeVar("Result")


class SqliteEngine:
    """Engine that runs units of work on a SQLite file."""

    def __init__(
        self,
        url: URL,
        availability: Availability,
        observers: list[Observer],
        *,
        enforces_references: bool,
        in_place: bool,
    ) -> None:
        """Prepare without connecting."""
        self._synchronous = str(url.query.get("synchronous", "full"))
        self._enforces_references = enforces_references
        self._availability = availability
        self._file = file = DatabaseFile(str(url.database))
        slice_seconds = min(_BUSY_SLICE_SECONDS, BUSY_TIMEOUT_SECONDS)
        reading = self._pragmas(query_only=True, busy_seconds=_BUSY_READING_SECONDS)
        writing = self._pragmas(query_only=False, busy_seconds=slice_seconds, opening_seconds=BUSY_TIMEOUT_SECONDS)
        self._new_reader = partial(
            ReaderThread, file, begin="BEGIN", pragmas=reading, timeout=_BUSY_READING_SECONDS, observers=observers
        )
        self._readers = [self._new_reader() for _ in range(READING_THREADS)]
        self._reads = PlaceQueue(READING_THREADS)
        self._long_readers: set[ReaderThread] = set()
        self._writer = GroupCommitWriter(
            file,
            begin="BEGIN IMMEDIATE",
            pragmas=writing,
            timeout=BUSY_TIMEOUT_SECONDS,
            busy_seconds=slice_seconds,
            observers=observers,
        )
        # In WAL mode no reader waits for a writer; what little else there is to wait for must not hold the loop.
        inline = self._pragmas(query_only=True, busy_seconds=_BUSY_INLINE_SECONDS)
        self.inline = InlineReader(file, begin="BEGIN", pragmas=inline, observers=observers) if in_place else None
        """What reads in the thread of the event loop, unless all reads are to have threads."""
        self._reopening = asyncio.Lock()

    async def read(self, work: Work[Result], until: Deadline | None, *, alone: bool = False) -> Result:  # noqa: ARG002 — of the protocol.
        """Run a unit of work on the reader thread for which the fewest units wait, when it is its caller's turn."""
        async with self._reads.place(until) as place:
            try:
                return await min(self._readers, key=_waiting).run(counted(work), until, place)
            except FilesChangedError:
                await self._reopen()
                return await min(self._readers, key=_waiting).run(counted(work), until, place)

    async def read_long(self, work: Work[Result], *, seconds: float) -> Result:
        """Run a unit of work on a thread of its own, once, for a time; raise TookTooLongError afterwards."""
        try:
            return await self._read_long(work, seconds)
        except FilesChangedError:
            await self._reopen()
            return await self._read_long(work, seconds)

    async def _read_long(self, work: Work[Result], seconds: float) -> Result:
        reader = self._new_reader()
        self._long_readers.add(reader)
        try:
            return await reader.run_for(seconds, counted(work))
        except TimeoutError:
            raise TookTooLongError from None
        finally:
            self._long_readers.discard(reader)
            await reader.close()

    async def write(self, work: Work[Result], until: Deadline | None) -> Result:
        """Run a unit of work in a transaction on the thread that writes."""
        try:
            return await self._writer.run(counted(work), until)
        except FilesChangedError:
            await self._reopen()
            return await self._writer.run(counted(work), until)

    async def purge(self) -> bool:
        """Empty the log, so that no file has what was erased; return False if a reader still uses it."""
        try:
            return await self._writer.truncate()
        except FilesChangedError:
            await self._reopen()
            return await self._writer.truncate()

    async def is_writable(self) -> bool:
        """Return whether the process may write the file."""
        return self._file.is_writable()

    def usage(self) -> Usage:
        """Return how many threads work, and how many units of work wait for them."""
        threads = (*self._readers, *self._long_readers, self._writer)
        in_use = sum(1 for thread in threads if thread.waiting)
        return Usage(in_use, sum(thread.waiting for thread in threads) - in_use + self._reads.waiting)

    @property
    def reads_waiting(self) -> int:
        """The number of reads that wait for their caller's turn."""
        return self._reads.waiting

    def version(self) -> object:
        """Return the version of the file that a connection sees; it may change without a commit too."""
        return None if self.inline is None else self.inline.version()

    def listener(self, call: Callable[[], None]) -> Listener | None:  # noqa: ARG002 — of the protocol.
        """Return None: the version of the file tells the same."""
        return None

    async def hint(self) -> None:
        """Do nothing: other processes look at the version of the file."""

    async def close(self) -> None:
        """Close every connection."""
        for reader in self._long_readers:
            reader.interrupt()
        for thread in (*self._readers, *self._long_readers, self._writer):
            await thread.close()
        if self.inline is not None:
            self.inline.close()

    async def _reopen(self) -> None:
        """Close all connections to files that were removed or replaced, and save what only the open log has."""
        async with self._reopening:
            if not self._file.have_changed():
                return
            loss = self._file.loss()
            threads = [self._writer, *self._readers]
            if loss.is_replaced and await sqlite_losses.has_lost_tables(self._file, threads):
                raise OtherTablesError
            saved = not loss.can_save or await sqlite_losses.save(threads)
            if not saved and not loss.is_replaced:
                raise FilesChangedError
            await self.close()
            self._file.release()
            self._availability.report_loss(loss)

    def _pragmas(self, *, query_only: bool, busy_seconds: float, opening_seconds: float = 0) -> Sequence[str]:
        return [
            f"busy_timeout = {round(max(busy_seconds, opening_seconds) * 1000)}",
            "journal_mode = WAL",
            # A read, so that the files of the log are open from here on.
            "schema_version",
            f"synchronous = {self._synchronous}",
            f"foreign_keys = {'ON' if self._enforces_references else 'OFF'}",
            # Temporary files of sorts would have names in the clear.
            "temp_store = MEMORY",
            f"query_only = {'ON' if query_only else 'OFF'}",
            f"busy_timeout = {round(busy_seconds * 1000)}",
            *([f"cache_size = -{_READING_CACHE_KIB}"] if query_only else ["secure_delete = ON"]),
        ]


def _waiting(thread: ReaderThread) -> int:
    return thread.waiting
