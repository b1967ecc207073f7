"""Units of work that wait to write to a SQLite file, and their outcomes."""

from typing import Any, NamedTuple

from db.engine.connection import Work
from db.engine.deadline import Deadline


class WaitingUnit:
    """Unit of work that waits to write, and belongs to the first of its caller and its thread that claims it."""

    __slots__ = ("_claims", "_is_taken", "until", "work")

    def __init__(self, work: Work[Any], until: Deadline | None) -> None:
        self.work, self.until = work, until
        # Only one thread can take the only element.
        self._claims = [None]
        self._is_taken = False

    def claim(self) -> bool:
        """Return whether it was not claimed before."""
        try:
            self._claims.pop()
        except IndexError:
            return False
        return True

    def take(self) -> bool:
        """Return whether it is the thread's to run, which may run it twice."""
        self._is_taken = self._is_taken or self.claim()
        return self._is_taken

    def waits(self, *, in_time: bool) -> bool:
        """Return whether it may wait longer; one without a deadline waits while it is `in_time`."""
        if self.until is None:
            return in_time
        return not self.until.is_over and (self._is_taken or bool(self._claims))


class Outcome(NamedTuple):
    """Outcome of a unit: its value, or its error."""

    result: Any = None
    error: Exception | None = None
