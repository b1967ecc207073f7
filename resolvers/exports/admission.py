"""Limits of exports in a process: how many are made and sent at once, and how often a user may ask."""

from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from typing import TypeAlias

AT_ONCE_PER_USER = 2
"""Exports of one user at once, so that one can be tried again while another one hangs."""

PER_USER = 20
WITHIN_SECONDS = 600.0
"""A user can read so many exports in this time."""

User: TypeAlias = tuple[int, int]
"""Ids of partner and user."""


class Excess(Enum):
    """Limit of exports that is reached."""

    AT_ONCE = "at once"
    OF_USER_AT_ONCE = "of the user at once"
    OF_USER = "of the user"


class ExportsBusyError(Exception):
    """There are too many exports; the caller may try again after these seconds."""

    def __init__(self, excess: Excess, seconds: int) -> None:
        super().__init__(excess, seconds)
        self.excess, self.seconds = excess, seconds


class ExportAdmission:
    """Counter of the exports of a process."""

    def __init__(self, at_once: int, *, retry_seconds: int) -> None:
        """Take how many exports are made and sent at once."""
        self._at_once, self._retry_seconds = at_once, retry_seconds
        self._running: Counter[User] = Counter()
        self._begun: defaultdict[User, deque[float]] = defaultdict(deque)

    @contextmanager
    def admit(self, user: User, seconds: float) -> Iterator[None]:
        """Count an export that begins at these seconds of the monotonic clock until it is sent.

        Raises ExportsBusyError if there are too many.
        """
        if self._running[user] >= AT_ONCE_PER_USER:
            raise ExportsBusyError(Excess.OF_USER_AT_ONCE, self._retry_seconds)
        if self._running.total() >= self._at_once:
            raise ExportsBusyError(Excess.AT_ONCE, self._retry_seconds)
        self._count(user, seconds)
        self._running[user] += 1
        try:
            yield
        finally:
            self._running[user] -= 1
            if not self._running[user]:
                del self._running[user]

    def _count(self, user: User, seconds: float) -> None:
        for each in [each for each, begun in self._begun.items() if begun[-1] <= seconds - WITHIN_SECONDS]:
            del self._begun[each]
        begun = self._begun[user]
        while begun and begun[0] <= seconds - WITHIN_SECONDS:
            begun.popleft()
        if len(begun) >= PER_USER:
            raise ExportsBusyError(Excess.OF_USER, int(begun[0] + WITHIN_SECONDS - seconds) + 1)
        begun.append(seconds)
