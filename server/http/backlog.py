"""Backlog: bytes of answers that the callers have not read yet."""

from collections.abc import Callable
from math import inf
from time import monotonic

import structlog
from starlette.types import Scope

from domain.errors import Unavailable

FREE_BYTES = 64 * 1024
"""Size up to which an answer is never refused: each connection may hold one of them unread."""

BACKLOG_MAX_BYTES = 48 * 1024 * 1024
"""Maximum unread bytes in a process at which a longer answer is accepted; a single answer may be longer."""

_COUNTED_SECONDS = 0.05
"""Seconds for which the bytes that connections hold are not counted anew, while there is room."""

log = structlog.get_logger("portal.http")


class Backlog:
    """Counter of the bytes of longer answers, on their way to the connections or held by them."""

    def __init__(self, held: Callable[[], int] = int) -> None:
        """Start with none; `held` returns the bytes that all connections of the process hold."""
        self._held = held
        self._coming = self._held_at_most = 0
        self._counted_at = -inf

    def add(self, size: int) -> None:
        """Count an answer until `remove`; raise Unavailable if the process holds too much already."""
        if not self.has_room(size):
            self._count_held()
        if self._is_too_much(size):
            unread = self._coming + self._held_at_most
            log.warning(
                "answer refused: too many bytes of others are unread", bytes=size, unread=unread, max=BACKLOG_MAX_BYTES
            )
            message = "Too many answers have not been read yet by those who asked for them. Try again, or select less."
            raise Unavailable(message)
        self._coming += size

    def has_room(self, size: int) -> bool:
        """Return whether an answer would be accepted, by the bytes that connections held a moment ago."""
        # Asking thousands of connections takes as long as a short operation.
        if monotonic() - self._counted_at >= _COUNTED_SECONDS:
            self._count_held()
        return not self._is_too_much(size)

    def remove(self, size: int) -> None:
        """Stop counting the bytes, which the connection now holds, or which were dropped."""
        self._coming -= size
        self._held_at_most += size

    def _count_held(self) -> None:
        self._held_at_most, self._counted_at = self._held(), monotonic()

    def _is_too_much(self, size: int) -> bool:
        unread = self._coming + self._held_at_most
        return unread > FREE_BYTES and unread + size > BACKLOG_MAX_BYTES


def backlog_of(scope: Scope) -> Backlog:
    """Return the backlog of the process; a new one if another server runs the application."""
    found: Backlog = scope["state"].setdefault("backlog", Backlog())
    return found
