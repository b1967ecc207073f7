"""Database: runs units of work, for which its engine chooses the cheapest place."""

import contextlib
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from math import inf
from typing import Any, TypeVar

from db.engine import deadline, hosts, outcomes, pooler, probes, replicas
from db.engine.availability import Availability
from db.engine.connection import Meter, NotInlineError, Observer, Pending, TookTooLongError, Transaction, Usage, Work
from db.engine.engine import Engine
from db.engine.hints import Listener
from db.engine.place_queue import is_large
from db.engine.pool_sizes import PoolSizes
from db.engine.postgres import PostgresEngine
from db.engine.replicas import Replicas
from db.engine.sqlite_engine import SqliteEngine
from db.engine.timing import timed
from domain.errors import KeyedOutcomeUnknown, OutcomeUnknown, Unavailable

Result = TypeVar("Result")

_READING_SECONDS = 2
"""Least time for reading what a request has changed, however close its deadline is."""

_TRIES_OF_DISK = 3
"""How often a write with a key is tried again after its disk has failed, which may fail for hours."""

_SIZES = PoolSizes()


class _UndoneError(Exception):
    """Signal that rolls back a transaction whose unit of work has a result."""

    def __init__(self, result: Any) -> None:  # noqa: ANN401 — of any unit.
        """Take the result."""
        super().__init__()
        self.result = result


class Database:
    """Database: `read` runs a unit of work on a snapshot, and `write` in a transaction."""

    def __init__(
        self,
        url: str,
        *,
        sizes: PoolSizes = _SIZES,
        enforces_references: bool = True,
        in_place: bool = True,
        hints: bool = False,
        seconds: float | None = None,
        replica_urls: Sequence[str] = (),
        row_security: bool = False,
    ) -> None:
        """Prepare the connections for a database URL; the first unit of work connects.

        A unit of work outside of a request may take so many `seconds`, by default as long as it needs.

        Without `enforces_references`, SQLite lets a migration replace tables that others refer to. Reads that an index
        bounds run `in_place`, on the thread of the loop, if the database is a SQLite file. With `hints`, processes on
        PostgreSQL tell each other of commits. `sizes` are those of PostgreSQL's pools. Queries read on the replicas, if
        there are any. With `row_security`, a unit of work on PostgreSQL gets the rows of `row_scope.current` only; the
        role has to be one that the policies bind.
        """
        self.observers: list[Observer] = []
        self.after_commit: list[Callable[[], None]] = []
        """Functions that are called when this process has committed a transaction, in the thread of the loop."""
        self.meter: Meter | None = None
        """What measures statements, if anything does."""
        given = hosts.parsed(url)
        self._seconds = seconds
        self.sends_hints = hints and given.get_backend_name() == "postgresql" and not pooler.is_meant(given)
        """Whether `hint` tells other processes of commits."""
        self.has_erased = False
        """Whether the files may still have values that this process erased."""
        self._availability = Availability(given)
        self.replicas: Replicas | None = None
        """Replicas that queries read on; `replicas.watch` has to run."""
        self.row_security = row_security
        """Whether units of work get the rows of `row_scope.current` only."""
        self.is_remote = given.get_backend_name() != "sqlite"
        """Whether a statement is a message to a server and its answer, which take longer than what it reads."""
        self._engine: Engine
        if given.get_backend_name() == "sqlite":
            self.url = given.difference_update_query(["synchronous"])
            self._engine = SqliteEngine(
                given,
                self._availability,
                self.observers,
                enforces_references=enforces_references,
                in_place=in_place,
            )
        else:
            self.url = pooler.without_parameter(given)
            of_each: dict[str, Any] = {"sizes": sizes, "row_security": row_security}
            self._engine = PostgresEngine(given, self._availability, self.observers, **of_each)
            if replica_urls:
                self.replicas = Replicas(
                    given,
                    [hosts.parsed(each, writes=False) for each in replica_urls],
                    # Its failures are no failures of the database.
                    lambda url: PostgresEngine(url, Availability(url), self.observers, **of_each),
                    is_bound=row_security,
                )

    async def read(self, work: Work[Result], *, alone: bool = False) -> Result:
        """Return what a unit of work reads, all of it as it is at one moment.

        A unit may be run several times. One that is a single statement `alone` needs no transaction, and neither does
        one of several whose rows need not be of the same moment. Raises Unavailable if it could not be read.
        """
        if self._engine.inline is None:
            return await self._read(work if self.meter is None else timed(work, self.meter), alone=alone)
        found = self.read_now(work, alone=alone)
        return await found if isinstance(found, Pending) else found

    def read_now(self, work: Work[Result], *, alone: bool = False) -> Result | Pending[Result]:
        """Return the same at once if the engine can run each statement of the unit in place."""
        if self.meter is not None:
            work = timed(work, self.meter)
        inline = self._engine.inline
        if inline is None or is_large.get():
            return Pending(self._read_alone if alone else self._read, work)
        try:
            return inline.run(work, alone=alone)
        except NotInlineError:
            return Pending(self._read_alone if alone else self._read, work)
        except Exception as error:
            self._availability.check(error, reading=True)
            raise

    async def read_long(self, work: Work[Result], *, seconds: float) -> Result:
        """Return what a unit of work reads, on a connection of its own that delays no other read on SQLite.

        The unit is run once, and ended if the caller is cancelled. Raises TookTooLongError after these seconds, and
        Unavailable if it could not be read.
        """
        if self.meter is not None:
            work = timed(work, self.meter)
        try:
            return await self._engine.read_long(work, seconds=seconds)
        except Exception as error:
            self._availability.check(error, reading=True)
            raise

    async def write(self, work: Work[Result]) -> Result:
        """Run a unit of work in a transaction, committed at its end and rolled back if it raises.

        A unit may be run several times, of which one is committed. Raises Unavailable if nothing was changed, also at
        the deadline, and OutcomeUnknown if the database failed during the commit.
        """
        if self.meter is not None:
            work = timed(work, self.meter)
        until = deadline.of_unit(self._seconds)
        try:
            result = await self._engine.write(work, until)
        except Exception as error:
            self._availability.check(error, until=until)
            raise
        self._availability.note_write()
        if until is not None:
            until.note_commit(reading_seconds=_READING_SECONDS)
        for call in self.after_commit:
            call()
        return result

    async def write_once(self, work: Work[Result]) -> Result:
        """Run a unit of work that first claims an idempotency key, and run it again if its outcome is unknown.

        The second run finds the key that the first one has committed, or does the work. Raises KeyedOutcomeUnknown if a
        server that failed during the commit is not back at the deadline, or a disk fails again.
        """
        try:
            return await self.write(work)
        except OutcomeUnknown as unknown:
            until = deadline.of_unit(self._seconds)
            if until is None:
                raise KeyedOutcomeUnknown from unknown
            # What a disk may have kept of a failed commit of SQLite is overwritten by the next one that succeeds.
            tries = _TRIES_OF_DISK if self.url.get_backend_name() == "sqlite" else inf
            return await outcomes.settled(partial(self.write, work), unknown, until, tries=tries)

    async def rehearse(self, work: Work[Result]) -> Result:
        """Run a unit of work in a transaction that is rolled back, and return its result."""

        async def undone(tx: Transaction) -> Result:
            raise _UndoneError(await work(tx))

        try:
            return await self.write(undone)
        except _UndoneError as undone_with:
            result: Result = undone_with.result
            return result

    async def can_write(self) -> bool:
        """Return whether a transaction could write now; write only if the last writes failed."""
        try:
            is_writable = await self._engine.is_writable()
        except Exception as error:
            self._availability.check(error, reading=True)
            raise
        if is_writable and self._availability.doubts_writes:
            await self.write(probes.write)
        return is_writable

    def usage(self) -> Usage:
        """Return how many connections are in use, and how many units of work wait for one."""
        usage = self._engine.usage()
        if self.replicas is None:
            return usage
        of_replicas = self.replicas.usage()
        return Usage(usage.in_use + of_replicas.in_use, usage.waiting + of_replicas.waiting)

    @property
    def reads_waiting(self) -> int:
        """The number of reads that wait for their caller's turn."""
        return self._engine.reads_waiting

    @property
    def stopped(self) -> Mapping[str, int]:
        """Numbers of reads and writes that were stopped at a deadline, and of reads whose callers had gone."""
        return self._availability.stopped

    def version(self) -> object:
        """Return a value that another commit of any process changes; None if only a statement could tell."""
        try:
            return self._engine.version()
        except Exception as error:
            self._availability.check(error, reading=True)
            raise

    def listener(self, call: Callable[[], None]) -> Listener | None:
        """Return what calls the function at hints of other processes, if there are any; close it in the end."""
        return self._engine.listener(call) if self.sends_hints else None

    async def hint(self) -> None:
        """Tell other processes that this one has committed, if there are hints. Raises Unavailable if that failed."""
        if not self.sends_hints:
            return
        try:
            await self._engine.hint()
        except TookTooLongError as error:
            raise self._availability.unread() from error
        except Exception as error:
            self._availability.check(error, reading=True)
            raise

    def mark_erased(self) -> None:
        """Note that a transaction erased values, whose bytes `purge` or `close` removes from the files."""
        self.has_erased = True

    async def purge(self) -> bool:
        """Remove the bytes of erased values from SQLite's files; return False if a reader still needs the log."""
        self.has_erased = False
        is_done = False
        try:
            is_done = await self._engine.purge()
        except Exception as error:
            self._availability.check(error)
            raise
        finally:
            self.has_erased = self.has_erased or not is_done
        return is_done

    async def close(self) -> None:
        """Close every connection. What was erased leaves the files before, unless another process reads them."""
        if self.has_erased:
            with contextlib.suppress(Unavailable):
                await self.purge()
        await self._engine.close()
        if self.replicas is not None:
            await self.replicas.close()

    def _read_alone(self, work: Work[Result]) -> Coroutine[Any, Any, Result]:
        return self._read(work, alone=True)

    async def _read(self, work: Work[Result], *, alone: bool = False) -> Result:
        until = deadline.of_unit(self._seconds)
        query = replicas.current.get()
        try:
            if query is not None:
                return await query.read(work, until, self._engine, alone=alone)
            return await self._engine.read(work, until, alone=alone)
        except Exception as error:
            if until is not None and until.on_late is not None and isinstance(error, TookTooLongError):
                until.on_late()
            self._availability.check(error, reading=True, until=until)
            raise
