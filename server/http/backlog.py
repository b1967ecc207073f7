"""Backlog: bytes of answers that are made and that their callers have not read yet."""

from collections.abc import Callable

import structlog

from domain.faults import Unavailable

FREE_BYTES = 64 * 1024
"""Size of an answer up to which it is never refused: each connection may hold one of them unread."""

BACKLOG_MAX_BYTES = 48 * 1024 * 1024
"""Most bytes of unread answers in a process when a longer answer is added; a single one may be longer."""

log = structlog.get_logger("portal.http")


class Backlog:
    """Bytes of longer answers on their way to the connections, and those that the connections hold."""

    def __init__(self, held: Callable[[], int] = int) -> None:
        """Begin without answers; `held` returns the bytes that all connections of the process hold."""
        self._held = held
        self._coming = 0

    def add(self, size: int) -> None:
        """Count an answer until `remove` is called; raise Unavailable if the process holds too much already."""
        unread = self._coming + self._held()
        if unread > FREE_BYTES and unread + size > BACKLOG_MAX_BYTES:
            log.warning(
                "answer refused: too many bytes of others are unread", bytes=size, unread=unread, max=BACKLOG_MAX_BYTES
            )
            message = "Too many answers have not been read yet by those who asked for them. Try again, or select less."
            raise Unavailable(message)
        self._coming += size

    def remove(self, size: int) -> None:
        """Count the bytes no longer: the connection holds them, or they are dropped."""
        self._coming -= size
