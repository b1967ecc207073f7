"""Number of SQL statements of a request, in all threads."""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Protocol, TypeVar

Result = TypeVar("Result")


class Counting(Protocol):
    """Connection that counts its statements."""

    @property
    def statements(self) -> int:
        """Number of statements run so far."""


Unit = TypeVar("Unit", bound=Counting)

tally: ContextVar[list[int] | None] = ContextVar("tally", default=None)
"""The number of statements of each unit of work of this request; None if they are not counted."""


def counted(work: Callable[[Unit], Awaitable[Result]]) -> Callable[[Unit], Awaitable[Result]]:
    """Return the unit of work, which will add its statements to the caller's tally from any thread."""
    # A thread has another context than the caller.
    mine = tally.get()
    if mine is None:
        return work

    async def counting(unit: Unit) -> Result:
        before = unit.statements
        try:
            return await work(unit)
        finally:
            # Units of one request may end in several threads at once, and only `append` is atomic.
            mine.append(unit.statements - before)

    return counting
