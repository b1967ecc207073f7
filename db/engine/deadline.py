"""Deadlines of requests, which also end the database's work for them.

The deadline of a request is in a context variable, so that each unit of work of the request has it. A unit of work
outside of a request has the default of its `Database`, from its own beginning.
"""

from asyncio import current_task
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from time import perf_counter
from typing import Protocol

from db.engine.connection import CallerGoneError, TookTooLongError


class Caller(Protocol):
    """Caller for whom work is done, such as a viewer."""

    @property
    def partner_id(self) -> Hashable:
        """Partner whose turn it takes."""


class Deadline:
    """Time at which a request must be answered, and whether its caller still waits."""

    # Values of the class, because a request has a deadline that needs none of its own.
    for_change = False
    """Whether the request changes data: then the end of its connection stops nothing."""
    committed = False
    """Whether the request has committed anything, such as a count of its attempts."""
    changed = False
    """Whether it has committed the change that it asks for."""
    gone = False
    """Whether the caller of a request that only reads has closed the connection."""
    on_late: Callable[[], object] | None = None
    """Called when a read has been stopped at the deadline, before its error is raised."""
    caller: Caller | None = None
    """Caller of the request; None for strangers and the portal's own work."""
    task_id = 0
    """Identity of the task that runs the request; 0 if it is not known.

    Not the task itself, whose context holds this.
    """
    _stops: set[Callable[[], object]] | None = None
    seconds: float
    _change_seconds: float | None

    def __init__(self, seconds: float, change_seconds: float | None = None) -> None:
        """Begin now, for a request that only reads; one that changes data may take other seconds."""
        self.seconds, self._change_seconds = seconds, change_seconds
        self._ends = perf_counter() + seconds

    @property
    def ends(self) -> float:
        """Time of the deadline, by `perf_counter`."""
        return self._ends

    @property
    def left(self) -> float:
        """Seconds until the deadline; not positive afterwards."""
        return self._ends - perf_counter()

    @property
    def is_over(self) -> bool:
        """Whether the work must stop: at the deadline, or because the caller of a read has gone."""
        return self.gone or perf_counter() >= self._ends

    def check(self) -> None:
        """Raise CallerGoneError or TookTooLongError if the work must stop."""
        if self.gone:
            raise CallerGoneError
        if perf_counter() >= self._ends:
            raise TookTooLongError

    def allow_change(self) -> None:
        """Give the request the seconds of one that changes data, counted from its beginning."""
        if not self.for_change:
            self.for_change = True
            # The caller may have gone before this was known.
            self.gone = False
            if self._change_seconds is not None:
                self._ends += self._change_seconds - self.seconds
                self.seconds = self._change_seconds

    def note_commit(self, *, reading_seconds: float) -> None:
        """Note a commit of a request that changes data, and leave at least these seconds for reading its result."""
        if not self.for_change:
            return
        self.committed = True
        self._ends = max(self._ends, perf_counter() + reading_seconds)

    def again(self) -> "Deadline":
        """Return a deadline for the same caller with the same seconds that begins now."""
        other = Deadline(self.seconds)
        other.caller = self.caller
        return other

    def abandon(self) -> None:
        """Stop the reads of a request whose caller has gone; a request that changes data goes on."""
        if self.for_change:
            return
        self.gone = True
        for stop in list(self._stops or ()):
            stop()

    def on_gone(self, stop: Callable[[], object]) -> Callable[[], None]:
        """Call the function if the caller goes away, until the returned function is called."""
        # Two callers may give the same one, such as the `cancel` of a task, and each is called.
        own = partial(stop)
        self.add_stop(own)
        return lambda: self.remove_stop(own)

    def add_stop(self, stop: Callable[[], object]) -> None:
        """Call this object, which must not be added twice, if the caller goes away."""
        if self._stops is None:
            self._stops = set()
        self._stops.add(stop)

    def remove_stop(self, stop: Callable[[], object]) -> None:
        """Forget an object that is called if the caller goes away."""
        if self._stops is not None:
            self._stops.discard(stop)


def of_requests(
    seconds: float, change_seconds: float, *, know_task: bool
) -> Callable[[float, Caller | None], Deadline]:
    """Return the class of the deadlines of requests, which all have the same seconds, and may know their tasks.

    Each is made of the time by `perf_counter`, and of the caller.
    """

    class RequestDeadline(Deadline):
        _change_seconds = change_seconds

        def __init__(self, now: float, caller: Caller | None) -> None:
            self._ends, self.caller = now + seconds, caller

    class TaskDeadline(RequestDeadline):
        def __init__(self, now: float, caller: Caller | None) -> None:
            # Without a call of the one above.
            self._ends, self.caller, self.task_id = now + seconds, caller, id(current_task())

    RequestDeadline.seconds = seconds
    return TaskDeadline if know_task else RequestDeadline


current: ContextVar[Deadline | None] = ContextVar("deadline", default=None)
"""Deadline of the request; None outside of one."""


@contextmanager
def limited(seconds: float, *, for_change: bool = False) -> Iterator[None]:
    """Give what is read within it so many seconds, or also what is changed, as a part of no request."""
    until, around = Deadline(seconds), current.get()
    if around is not None:
        until.caller, until.changed = around.caller, around.changed
    if for_change:
        until.allow_change()
    before = current.set(until)
    try:
        yield
    finally:
        current.reset(before)


def key_of_caller() -> Hashable:
    """Return the partner whose turn it is for this request, None without one."""
    found = current.get()
    of = None if found is None else found.caller
    return None if of is None else of.partner_id


def of_unit(default: float | None) -> Deadline | None:
    """Return the deadline of a unit of work that begins now: its request's, or one after the default seconds."""
    found = current.get()
    if found is not None or default is None:
        return found
    return Deadline(default)
