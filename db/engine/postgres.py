"""The engine of a PostgreSQL server: pools of connections for reads and for writes."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import URL

from db.engine import hints, pooler, row_scope
from db.engine.alarms import Alarm, Alarms
from db.engine.availability import Availability
from db.engine.connection import (
    Connection,
    Observer,
    Usage,
    Work,
    returned,
)
from db.engine.deadline import Deadline
from db.engine.filters import value
from db.engine.hints import Listener
from db.engine.lanes import LOCK_SECONDS, Lanes
from db.engine.place_queue import PlaceQueue, is_large
from db.engine.pool_sizes import PoolSizes
from db.engine.pools import Pool
from db.engine.postgres_connection import run, run_alone, run_once
from db.engine.statement import Statement
from db.engine.statement_count import counted
from db.engine.trials import Trial, Trials
from domain.errors import NotChanged
from domain.limits import TooManyReads

Result = TypeVar("Result")

_PER_STRANGER = 8
"""One place for reads of so many, or of two, is kept for callers without a partner: tokens are checked before it."""

_NOTIFYING_SECONDS = 5.0
"""Deadline of the portal's own questions to a server."""

_STATEMENT_SECONDS = 60.0
"""When the server ends a statement without a transaction whose process ended; the process itself does it earlier."""

_READ_ONLY_SETTING: Statement[str] = Statement(
    sa.select(sa.func.current_setting("transaction_read_only", type_=sa.Text)), value
)
"""Its value is "on" for a standby too, whose transactions can't be anything else."""


class PostgresEngine:
    """Engine that runs units of work on connections of two pools, so that writes that wait for locks delay no read."""

    inline = None
    """Each answer of a server has to be waited for."""

    def __init__(
        self,
        url: URL,
        availability: Availability,
        observers: list[Observer],
        *,
        sizes: PoolSizes,
        row_security: bool = False,
    ) -> None:
        """Prepare without connecting. With `row_security`, each unit of work says whose rows it may see."""
        self._availability, self._observers = availability, observers
        # The other half is for long reads, those that wait for locks, and what was given up.
        places, locked = max(1, sizes.reading // 2), max(2, sizes.reading // 4)
        for_strangers = max(places // _PER_STRANGER, int(places > 1))
        # Each read of a large operation may take a core of the server, which has to answer others meanwhile.
        large = max(1, places // 2)
        self._large = PlaceQueue(large, kept_free=large - 1)
        self._reads = Lanes(places, locked=locked, for_strangers=for_strangers, full=TooManyReads)
        self._writes = Lanes(sizes.writing, locked=max(2, sizes.writing // 2), full=NotChanged)
        # The limits of a statement without a transaction; a transaction has its own.
        limits = {"lock_timeout": _milliseconds(LOCK_SECONDS), "statement_timeout": _milliseconds(_STATEMENT_SECONDS)}
        seconds = sizes.connect_seconds
        of_both: dict[str, Any] = {"connect_seconds": seconds, "is_bound": row_security}
        self._reading = Pool(url, availability, connections=sizes.reading, settings=limits, **of_both)
        self._writing = Pool(url, availability, connections=sizes.writing, **of_both)
        self._row_security = row_security
        # The next statement of a pooler's connection may be in a session that has another setting.
        self._reads_alone = not (row_security and pooler.is_meant(url))
        self._connect_seconds = seconds
        self._trials, self._alarms = Trials(), Alarms()
        self._units = 0
        self._url = url

    async def read(self, work: Work[Result], until: Deadline | None, *, alone: bool = False) -> Result:
        """Run a unit of work on a snapshot of the database, or `alone` without a transaction.

        Raises TookTooLongError at the deadline.
        """
        self._units += 1
        try:
            if not is_large.get():
                return await self._read(work, until, alone=alone)
            async with self._large.place(until):
                return await self._read(work, until, alone=alone)
        finally:
            self._units -= 1

    def _read(self, work: Work[Result], until: Deadline | None, *, alone: bool) -> Awaitable[Result]:
        trial = self._trial(until, read_only=True)
        if alone and self._reads_alone and until is not None and until.left < _STATEMENT_SECONDS:
            return self._reads.run(trial, partial(self._run_alone, work, trial, until))
        run = partial(self._run, self._reading, work, trial)
        return self._trials.within(trial, self._reads.run(trial, run))

    async def read_long(self, work: Work[Result], *, seconds: float) -> Result:
        """Run a unit of work on a snapshot, once, for a time; raise TookTooLongError afterwards."""
        trial = self._trial(Deadline(seconds), read_only=True)
        once = run_once(self._reading, counted(work), self._observers, trial)
        return await self._counted(self._trials.within(trial, once))

    async def write(self, work: Work[Result], until: Deadline | None) -> Result:
        """Run a unit of work in a transaction, committed at its end and rolled back if it raises.

        Raises TookTooLongError at the deadline, if nothing was changed.
        """
        trial = self._trial(until, read_only=False)
        run = partial(self._run, self._writing, work, trial)
        return await self._counted(self._trials.within(trial, self._writes.run(trial, run)))

    def _trial(self, until: Deadline | None, *, read_only: bool) -> Trial:
        return Trial(until, read_only=read_only, partner=row_scope.value() if self._row_security else None)

    def _run_alone(self, work: Work[Result], trial: Trial, until: Deadline) -> Awaitable[Result]:
        if trial.lock_seconds == LOCK_SECONDS:
            # The caller may have gone when its turn had just come.
            until.check()
            return run_alone(self._reading, work, self._observers, Alarm(self._alarms, until), trial.partner)
        # It waits for a lock for another time than the sessions do.
        return self._trials.within(trial, self._run(self._reading, work, trial))

    async def _run(self, pool: Pool, work: Work[Result], trial: Trial) -> Result:
        return await run(pool, counted(work), self._observers, trial)

    async def _counted(self, running: Awaitable[Result]) -> Result:
        self._units += 1
        try:
            return await running
        finally:
            self._units -= 1

    def usage(self) -> Usage:
        """Return how many connections are lent, and how many units of work wait for one."""
        lent = self._reading.lent + self._writing.lent
        return Usage(lent, max(0, self._units - lent))

    @property
    def reads_waiting(self) -> int:
        """The number of reads that wait for their caller's turn."""
        return self._reads.waiting + self._large.waiting

    def version(self) -> object:
        """Return None: a server has to be asked."""
        return None

    def listener(self, call: Callable[[], None]) -> Listener | None:
        """Return what calls the function at hints of other processes."""
        return Listener(self._url, self._notify, call, connect_seconds=self._connect_seconds)

    async def hint(self) -> None:
        """Send a hint to the listeners of all processes."""
        await self._notify("")

    async def _notify(self, text: str) -> None:
        trial = Trial(Deadline(_NOTIFYING_SECONDS), read_only=False)
        sending = run(self._writing, lambda connection: hints.notify(connection, text), self._observers, trial)
        await self._trials.within(trial, sending)

    async def purge(self) -> bool:
        """Return True: vacuum is the server's, which removes what was erased."""
        return True

    async def is_writable(self) -> bool:
        """Return whether the server is a primary whose transactions can write."""
        # Not by `read`, whose transactions are read-only on any server.
        trial = Trial(Deadline(_NOTIFYING_SECONDS), read_only=False)
        found = await self._trials.within(trial, run(self._reading, _read_only_setting, self._observers, trial))
        self._availability.demotions += found == "on"
        return found == "off"

    async def close(self) -> None:
        """Close every connection."""
        await self._trials.close()
        self._alarms.close()
        await self._reading.close()
        await self._writing.close()


async def _read_only_setting(connection: Connection) -> str:
    return await returned(connection, _READ_ONLY_SETTING)


def _milliseconds(seconds: float) -> str:
    return str(round(seconds * 1000))
