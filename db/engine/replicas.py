"""Reads on streaming replicas of PostgreSQL, which see all that was committed before their query began.

A query asks the primary for its position in the write-ahead log; queries that arrive together share the question. Then
it reads on a replica that has replayed the log up to there, or else on the primary. So a change that any process has
acknowledged is in every later answer to any caller, and neither clients nor mutations have to carry anything.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from enum import StrEnum
from time import monotonic
from typing import Protocol, TypeVar

import structlog
from sqlalchemy.engine import URL

from db.engine import failures
from db.engine.connection import Usage, Work
from db.engine.deadline import Deadline
from db.engine.failures import Kind
from db.engine.log_positions import FAILING, REPLAYED, WRITTEN, OtherHistoryError, Place, Position
from db.engine.trials import unless_over

Result = TypeVar("Result")

EVERY_SECONDS = 1.0
"""Seconds between two looks at the replicas; one that is further behind is not read."""

_CATCH_UP_SECONDS = 0.02
"""How long a query waits for a replica that is just behind: as a rule, it has received the log already."""

_PAUSE_SECONDS = 0.002

_PASSED_OVER_SECONDS = 0.1
"""How long no other query waits for a replica that a query has waited for in vain."""

_OF_THE_SERVER = frozenset(
    {
        *(Kind.UNREACHABLE, Kind.REFUSED, Kind.UNTRUSTED, Kind.EXHAUSTED, Kind.INPUT_OUTPUT, Kind.DAMAGED),
        *(Kind.POOLED, Kind.UNBOUND, Kind.TOO_OLD, Kind.ENCODED),
    }
)
"""Failures after which other queries would fail too; a conflict with the replay is only that of one query."""

log = structlog.get_logger("portal.replicas")


class State(StrEnum):
    """What a replica is good for."""

    USED = "used"
    LAGGING = "lagging"
    UNREACHABLE = "unreachable"


class Reader(Protocol):
    """Engine that reads."""

    async def read(self, work: Work[Result], until: Deadline | None, *, alone: bool = False) -> Result:
        """Run a unit of work on a snapshot of the database, or `alone` without a transaction."""

    def usage(self) -> Usage:
        """Return how many connections are in use, and how many units of work wait for one."""

    async def close(self) -> None:
        """Close every connection."""


class Replica:
    """Replica, how far it has replayed the log, and its engine."""

    def __init__(self, url: URL, engine: Reader, *, is_bound: bool) -> None:
        """Take an engine that has not connected yet; if it `is_bound`, row-level security applies to its role."""
        self.engine = engine
        self.state = State.UNREACHABLE
        self._logged: State | None = None
        self._name = f"{url.host or url.query.get('host')}:{url.port or 5432}"
        self._position = Position(url, REPLAYED, is_bound=is_bound)
        self._replayed: Place | None = None
        self._passed_over_until = 0.0

    @property
    def is_used(self) -> bool:
        """Whether the next query may wait for it."""
        return self.state is State.USED and monotonic() >= self._passed_over_until

    def has(self, place: Place) -> bool:
        """Return whether it is known to have replayed the same log up to the place."""
        replayed = self._replayed
        return replayed is not None and replayed.history == place.history and replayed.position >= place.position

    async def catch_up(self, place: Place) -> bool:
        """Return whether it has replayed the log up to the place, or does so within a moment."""
        try:
            async with asyncio.timeout(_CATCH_UP_SECONDS):
                while not self.has(place):
                    await self._look()
                    if not self.has(place):
                        await asyncio.sleep(_PAUSE_SECONDS)
        except TimeoutError:
            self._passed_over_until = monotonic() + _PASSED_OVER_SECONDS
        except FAILING as error:
            self.mark(State.UNREACHABLE, error)
        return self.has(place)

    async def check(self, place: Place) -> None:
        """Find out whether it can be read, and has replayed the log up to a place of a while ago."""
        self._position.renew()
        try:
            replayed = await self._look()
        except FAILING as error:
            self.mark(State.UNREACHABLE, error)
            return
        if replayed.history != place.history:
            self.mark(State.UNREACHABLE, OtherHistoryError())
        else:
            self.mark(State.USED if self.has(place) else State.LAGGING)

    def fail(self, error: Exception) -> None:
        """Note that a query could not read it, until a look finds that a new connection can."""
        if failures.kind_of(error) is not Kind.EXHAUSTED:
            # With all connections in use, there might be none in the place of the one that is open.
            self._position.reconnect()
        self.mark(State.UNREACHABLE, error)

    def mark(self, state: State, error: BaseException | None = None) -> None:
        """Note what it is good for, and log a change with the code of the error."""
        self.state = state
        if state is State.UNREACHABLE:
            # It may be back as it was earlier.
            self._replayed = None
        if state is self._logged:
            return
        self._logged = state
        if state is State.USED:
            log.info("replica is read", replica=self._name)
        else:
            log.warning("replica is passed over", replica=self._name, reason=state.value, **_code(error))

    async def close(self) -> None:
        """Close every connection."""
        await self._position.close()
        await self.engine.close()

    async def _look(self) -> Place:
        self._replayed = replayed = await self._position.ask()
        return replayed


def _code(error: BaseException | None) -> dict[str, str]:
    return {} if error is None else {"error": failures.name_of(error)}


class Replicas:
    """Replicas of a primary."""

    def __init__(
        self, primary: URL, urls: Sequence[URL], engine: Callable[[URL], Reader], *, is_bound: bool = False
    ) -> None:
        """Prepare without connecting; none is read before `watch` has looked at it."""
        self._primary = Position(primary, WRITTEN)
        self._replicas = [Replica(url, engine(url), is_bound=is_bound) for url in urls]
        self._before: Place | None = None
        self.reads: Counter[str] = Counter({"replica": 0, "primary": 0})
        """Number of reads of queries by the server that answered."""

    @property
    def states(self) -> Mapping[str, int]:
        """Number of replicas in each state."""
        found = Counter(replica.state for replica in self._replicas)
        return {state.value: found[state] for state in State}

    async def watch(self) -> None:
        """Look at the replicas every second, until cancelled."""
        while True:
            try:
                await self.look()
            except Exception:
                log.exception("not looking at replicas")
            await asyncio.sleep(EVERY_SECONDS)

    async def look(self) -> None:
        """Find out which replicas can be read, and have all that was written at the last look."""
        try:
            place = await self._primary.ask()
        except FAILING as error:
            # Without a primary there is nothing to compare with, and no query chooses a replica.
            for replica in self._replicas:
                if replica.state is State.USED:
                    replica.mark(State.LAGGING, error)
            return
        before = self._before
        self._before = place
        if before is None or before.history != place.history:
            before = place
        await asyncio.gather(*(replica.check(before) for replica in self._replicas))

    async def choose(self) -> Replica | None:
        """Return a replica that has all that was committed before this call, None if the primary has to be read."""
        used = [replica for replica in self._replicas if replica.is_used]
        if not used:
            return None
        try:
            place = await self._primary.ask()
        except FAILING:
            return None
        for replica in sorted(used, key=lambda each: (not each.has(place), sum(each.engine.usage()))):
            if await replica.catch_up(place):
                return replica
        return None

    def usage(self) -> Usage:
        """Return the sums of the replicas' usages."""
        usages = [replica.engine.usage() for replica in self._replicas]
        return Usage(sum(each.in_use for each in usages), sum(each.waiting for each in usages))

    async def close(self) -> None:
        """Close every connection."""
        await self._primary.close()
        for replica in self._replicas:
            await replica.close()


class QueryReads:
    """Reads of a query, all of them on one server, so that none sees an older state than one before it."""

    def __init__(self, replicas: Replicas) -> None:
        """Choose no server before the first read."""
        self._replicas = replicas
        self._choosing = asyncio.Lock()
        self._has_chosen = False
        self._replica: Replica | None = None
        """The chosen replica, None for the primary."""

    async def read(self, work: Work[Result], until: Deadline | None, primary: Reader, *, alone: bool = False) -> Result:
        """Run a unit of work on the chosen replica, or on the primary, which also replaces a replica that fails.

        Raises TookTooLongError at the deadline, and CallerGoneError when the caller goes away.
        """
        if until is None:
            await self._choose()
        else:
            until.check()
            await unless_over(until, self._choose())
        if (replica := self._replica) is not None:
            try:
                result = await replica.engine.read(work, until, alone=alone)
            except Exception as error:
                kind = failures.kind_of(error, reading=True)
                if kind is None:
                    raise
                if kind in _OF_THE_SERVER:
                    replica.fail(error)
                self._replica = None
            else:
                self._replicas.reads["replica"] += 1
                return result
        self._replicas.reads["primary"] += 1
        return await primary.read(work, until, alone=alone)

    async def _choose(self) -> None:
        async with self._choosing:
            if not self._has_chosen:
                self._replica, self._has_chosen = await self._replicas.choose(), True


current: ContextVar[QueryReads | None] = ContextVar("query", default=None)
"""Query whose reads may be answered by replicas; None for all other work, which is the primary's."""
