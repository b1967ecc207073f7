"""Admission of requests: limits the time of an event loop iteration, however many requests are ready.

Most of a request runs without waiting. The loop would run all ready requests before it reads, accepts or answers
anything else, and libuv accepts one pending connection per iteration. So with many busy connections, a new one would
wait for all of them once for each pending connection before it.
"""

from asyncio import Future, get_running_loop
from collections.abc import Callable, Hashable
from math import inf
from time import perf_counter

from db.engine.round_robin import RoundRobin

_SLICE_SECONDS = 0.002
_ADMITTED_MAX = 16
"""Maximum number of requests admitted per iteration, since the time of earlier requests predicts little."""


class Admission:
    """Queue that admits requests, in each iteration as many as fit into a slice of time.

    Keys take turns; requests of one key are admitted in order.
    """

    def __init__(self, seconds: float = _SLICE_SECONDS, clock: Callable[[], float] = perf_counter) -> None:
        """Take the seconds of a slice, and its clock."""
        self._seconds = seconds
        self._clock = clock
        self._waiting: RoundRobin[Future[None]] = RoundRobin()
        self._queueing = False
        self._expected = False
        self._began = -inf
        self._admitted = 0

    @property
    def waiting(self) -> int:
        """The number of requests that wait."""
        return len(self._waiting)

    async def admit(self, key: Hashable = None) -> None:
        """Return at once if the slice has time left, and otherwise in a later iteration, when it is the key's turn."""
        if not self.admit_now(self._clock()):
            await self.wait(key)

    def admit_now(self, now: float) -> bool:
        """Admit a request if the slice has time left by this time; otherwise return False, and it must `wait`."""
        if self._queueing or now - self._began >= self._seconds:
            if self._expected:
                return False
            # The slice before may be of the same iteration: finding out takes a callback per request, this one per
            # slice, and two slices in one iteration are short enough.
            self._begin(now)
        self._admitted += 1
        return True

    async def wait(self, key: Hashable) -> None:
        """Admit a request in a later iteration, when it is the key's turn."""
        self._queueing = True
        waiter: Future[None] = get_running_loop().create_future()
        self._waiting.add(key, waiter)
        await waiter
        self._admitted += 1

    def _begin(self, now: float) -> None:
        self._began, self._admitted, self._expected = now, 0, True
        get_running_loop().call_soon(self._admit_waiting)

    def _admit_waiting(self) -> None:
        # A request admitted here runs in the next iteration, before this is called again. Requests that arrive in
        # between have to wait, or they would be served first.
        self._expected = False
        if not self._queueing:
            return
        now = self._clock()
        each = (now - self._began) / max(1, self._admitted)
        left = max(1, min(_ADMITTED_MAX, int(self._seconds / each))) if each else _ADMITTED_MAX
        self._queueing = False
        while left and (found := self._waiting.pop()) is not None:
            _, waiter = found
            # Skip cancelled waiters.
            if not waiter.done():
                waiter.set_result(None)
                self._queueing = True
                left -= 1
        if self._queueing:
            self._begin(now)
