"""Alarms of units of work that run until their deadlines, all by one timer of the event loop.

Nearly every unit ends long before its deadline, and a timer of its own would be made and thrown away for each.
"""

import asyncio
from math import inf
from time import perf_counter
from types import TracebackType
from typing import Any, Self

from db.engine.connection import CallerGoneError, TookTooLongError
from db.engine.deadline import Deadline


class Alarms:
    """Alarms of one event loop."""

    def __init__(self) -> None:
        self._set: set[Alarm] = set()
        self._rings_at = inf
        self._timer: asyncio.TimerHandle | None = None

    def add(self, alarm: "Alarm") -> None:
        """Ring the alarm at its deadline, until it is removed."""
        self._set.add(alarm)
        if alarm.until.ends < self._rings_at:
            self._start(alarm.until.ends)

    def remove(self, alarm: "Alarm") -> None:
        """Forget an alarm. The timer stays, since one that is set later is for a later time."""
        self._set.discard(alarm)

    def close(self) -> None:
        """Stop the timer, unless an alarm is set."""
        if not self._set:
            self._stop()

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._rings_at = None, inf

    def _start(self, at: float) -> None:
        self._stop()
        self._rings_at = at
        self._timer = asyncio.get_running_loop().call_later(max(0.0, at - perf_counter()), self._ring)

    def _ring(self) -> None:
        self._stop()
        now = perf_counter()
        for alarm in [each for each in self._set if each.until.ends <= now]:
            self._set.discard(alarm)
            alarm.ring()
        if self._set:
            self._start(min(each.until.ends for each in self._set))


class Alarm:
    """Context of work that is ended by the cancellation of the task that runs it.

    Leaving it raises TookTooLongError at the deadline, and CallerGoneError when the caller has gone away.
    """

    __slots__ = ("_alarms", "_cancelled", "_cancelling", "_has_rung", "_task", "until")

    def __init__(self, alarms: Alarms, until: Deadline) -> None:
        """Take the alarms of the loop, and the deadline."""
        self._alarms, self.until = alarms, until
        self._has_rung = False
        self._cancelled = 0
        """How often it has cancelled the task."""
        self._task: asyncio.Task[Any]

    def __enter__(self) -> Self:
        """Begin in the task of the caller."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 — of the loop, which runs this.
        self._task, self._cancelling = task, task.cancelling()
        self.until.add_stop(self)
        self._alarms.add(self)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        """Stop waiting for the deadline."""
        self._alarms.remove(self)
        self.until.remove_stop(self)
        if not self._cancelled:
            return
        for _ in range(self._cancelled):
            self._task.uncancel()
        # What others have cancelled stays so.
        if self._task.cancelling() <= self._cancelling and isinstance(error, asyncio.CancelledError):
            raise TookTooLongError if self._has_rung else CallerGoneError from None

    def __call__(self) -> None:
        """End the work because its caller has gone."""
        self._cancel()

    def ring(self) -> None:
        """End the work at its deadline."""
        self._has_rung = True
        self._cancel()

    def _cancel(self) -> None:
        self._cancelled += 1
        self._task.cancel()
