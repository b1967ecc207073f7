"""Protocol of engines: each runs units of work on one kind of database."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from db.engine.connection import Usage, Work
from db.engine.deadline import Deadline
from db.engine.hints import Listener
from db.engine.sqlite_inline import InlineReader

Result = TypeVar("Result")


class Engine(Protocol):
    """Engine of one kind of database."""

    @property
    def inline(self) -> InlineReader | None:
        """What reads in the thread of the event loop, if the engine can."""

    async def read(self, work: Work[Result], until: Deadline | None, *, alone: bool = False) -> Result:
        """Run a unit of work on a snapshot of the database, or `alone` without a transaction if the engine can.

        Raises TookTooLongError at the deadline, CallerGoneError when its caller goes away, and TooManyReads if too many
        reads of its partner wait.
        """

    async def read_long(self, work: Work[Result], *, seconds: float) -> Result:
        """Run a unit of work on a snapshot, once, for a time; raise TookTooLongError afterwards."""

    async def write(self, work: Work[Result], until: Deadline | None) -> Result:
        """Run a unit of work in a transaction, committed at its end and rolled back if it raises.

        Raises TookTooLongError at the deadline, if nothing was changed.
        """

    async def purge(self) -> bool:
        """Remove what was erased from the files, as far as this process can; return False if it has to wait."""

    async def is_writable(self) -> bool:
        """Return whether a transaction could write, without writing."""

    def usage(self) -> Usage:
        """Return how many connections are in use, and how many units of work wait for one."""

    @property
    def reads_waiting(self) -> int:
        """The number of reads that wait for their caller's turn."""

    def version(self) -> object:
        """Return a value that another commit of any process changes; None if only a statement could tell."""

    def listener(self, call: Callable[[], None]) -> Listener | None:
        """Return what calls the function at hints of other processes, if the engine can."""

    async def hint(self) -> None:
        """Send a hint to the listeners of all processes, if the engine can."""

    async def close(self) -> None:
        """Close every connection."""
