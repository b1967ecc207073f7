"""Backlog: bytes of answers that the callers have not read yet."""

from collections.abc import Callable

import structlog
from starlette.types import Scope

from domain.errors import Unavailable

FREE_BYTES = 64 * 1024
"""Size up to which an answer is never refused: each connection may hold one of them unread."""

BACKLOG_MAX_BYTES = 48 * 1024 * 1024
"""Maximum unread bytes in a process at which a longer answer is accepted; a single answer may be longer."""

log = structlog.get_logger("portal.http")


class Backlog:
    """Counter of the bytes of longer answers, on their way to the connections or held by them."""

    def __init__(self, held: Callable[[], int] = int) -> None:
        """Start with none; `held` returns the bytes that all connections of the process hold."""
        self._held = held
        self._coming = 0

    def add(self, size: int) -> None:
        """Count an answer until `remove`; raise Unavailable if the process holds too much already."""
        unread = self._coming + self._held()
        if unread > FREE_BYTES and unread + size > BACKLOG_MAX_BYTES:
            log.warning(
                "answer refused: too many bytes of others are unread", bytes=size, unread=unread, max=BACKLOG_MAX_BYTES
            )
            message = "Too many answers have not been read yet by those who asked for them. Try again, or select less."
            raise Unavailable(message)
        self._coming += size

    def remove(self, size: int) -> None:
        """Stop counting the bytes, which the connection now holds, or which were dropped."""
        self._coming -= size


def backlog_of(scope: Scope) -> Backlog:
    """Return the backlog of the process; a new one if another server runs the application."""
    found: Backlog = scope["state"].setdefault("backlog", Backlog())
    return found
