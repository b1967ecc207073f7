"""Requests take turns, so that an iteration of the event loop stays short, however many of them are ready.

Most of a request runs without waiting for anything. Of all that are ready, the loop runs each up to there before it
reads, accepts and answers anything else, and of the connections that wait to be accepted libuv takes one an iteration:
with many busy connections, a new one would wait for as many requests as there are busy ones, times its place in line.
"""

from asyncio import Future, get_running_loop
from collections import deque
from collections.abc import Callable
from math import inf
from time import perf_counter

_SLICE_SECONDS = 0.002
_AT_ONCE_MAX = 16
"""So many are let go ahead by what those before them took, which says little of what they will take."""


class Turns:
    """Lets requests go ahead in their order, in each iteration of the loop as many as fit into a slice of time."""

    def __init__(self, seconds: float = _SLICE_SECONDS, clock: Callable[[], float] = perf_counter) -> None:
        """Begin with nobody; `seconds` is how long a slice is."""
        self._seconds = seconds
        self._clock = clock
        self._waiting: deque[Future[None]] = deque()
        self._queueing = False
        self._expected = False
        self._began = -inf
        self._taken = 0

    async def take(self) -> None:
        """Return at once where the slice has time left, and else in an iteration to come, after all who wait."""
        now = self._clock()
        if self._queueing or now - self._began >= self._seconds:
            if self._expected:
                self._queueing = True
                turn: Future[None] = get_running_loop().create_future()
                self._waiting.append(turn)
                await turn
            else:
                # The slice before may have been of the same iteration: telling takes a callback for each request,
                # this one for each slice, and two slices in one iteration are short enough.
                self._begin(now)
        self._taken += 1

    def _begin(self, now: float) -> None:
        self._began, self._taken, self._expected = now, 0, True
        get_running_loop().call_soon(self._next)

    def _next(self) -> None:
        # Whoever is told here to go ahead does so in the iteration that follows, before this is called again. Those who
        # come in between have to wait, or they would be served first.
        self._expected = False
        if not self._queueing:
            return
        now = self._clock()
        each = (now - self._began) / max(1, self._taken)
        at_once = max(1, min(_AT_ONCE_MAX, int(self._seconds / each))) if each else _AT_ONCE_MAX
        self._queueing = False
        while self._waiting and at_once:
            turn = self._waiting.popleft()
            # One that was cancelled takes nobody's turn.
            if not turn.done():
                turn.set_result(None)
                self._queueing = True
                at_once -= 1
        if self._queueing:
            self._begin(now)
