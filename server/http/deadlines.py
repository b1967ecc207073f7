"""How long a connection may take over each of its parts.

A timer for each request would be made and cancelled for each: instead, one look per second goes over all connections of
the process, and each of them keeps the time of the last look as the beginning of what it is doing.
"""

import fcntl
import struct
import termios
from abc import ABC, abstractmethod
from asyncio import Transport
from dataclasses import dataclass

from uvicorn.server import ServerState

_LOOKS_PER_LIMIT = 4
_LONGEST_BETWEEN_LOOKS = 1.0
_BETWEEN_LOOKS_WHILE_STOPPING = 0.1
_LAST_CALL_SECONDS = 1.0
"""How long an idle connection may still send a request when the server stops."""
LINGER_SECONDS = 2.0
"""How long what a caller still sends is discarded after its last answer: a reset could destroy the answer."""

_INT = struct.Struct("i")


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds until a request's header and body have to be there, an answer is read, and an idle connection closed."""

    header: float
    body: float
    answer: float
    keep_alive: float


class Watched(ABC):
    """A connection that holds itself to the limits; all of this process are."""

    transport: Transport

    @abstractmethod
    def check(self) -> None:
        """End what takes too long by now."""

    @abstractmethod
    def give_up(self) -> None:
        """End what is not done when the server stops."""


class Connections(ServerState):
    """What uvicorn keeps of a process's connections, and the time by which they are held to their limits."""

    def __init__(self, limits: Limits) -> None:
        """Begin without connections."""
        super().__init__()
        self.limits = limits
        self.before = self.now = 0.0
        """Seconds until the look before the last one, and until the last. A longer stall counts only in part."""
        self.stopping = False
        shortest = min(limits.header, limits.body, limits.answer, limits.keep_alive)
        self._between_looks = min(_LONGEST_BETWEEN_LOOKS, shortest / _LOOKS_PER_LIMIT)
        self._looked_at: float | None = None
        self.elapsed = 0.0

    def idle_limit(self, limit: float) -> float:
        """Return how long a connection may be without a request."""
        return min(limit, _LAST_CALL_SECONDS) if self.stopping else limit

    def look(self, time: float) -> None:
        """Let each connection check its limits, if the last look was long enough ago."""
        between = _BETWEEN_LOOKS_WHILE_STOPPING if self.stopping else self._between_looks
        if self._looked_at is None:
            self._looked_at = time
        passed = time - self._looked_at
        if passed < between:
            return
        self._looked_at = time
        self.elapsed = min(passed, 2 * between)
        self.before = self.now
        self.now += self.elapsed
        for connection in self._watched():
            connection.check()

    def give_up(self) -> None:
        """Let each connection end what is not done."""
        for connection in self._watched():
            connection.give_up()

    def held_bytes(self) -> int:
        """Return how many bytes of answers the connections hold that the kernel has not taken."""
        return sum(connection.transport.get_write_buffer_size() for connection in self._watched())

    def _watched(self) -> list[Watched]:
        return [each for each in self.connections if isinstance(each, Watched)]


class Reading:
    """Whether the caller goes on reading what was written for it."""

    def __init__(self) -> None:
        """Begin with nothing written."""
        self._left: tuple[int, int] | None = None
        self._since = self._seen_at = 0.0

    def stuck_for(self, transport: Transport, *, now: float, before: float) -> float:
        """Return the seconds in which neither the process nor the kernel got rid of a byte, as seen at each look."""
        left = (transport.get_write_buffer_size(), unsent(transport))
        if left != self._left or self._seen_at != before:
            self._left, self._since = left, now
        self._seen_at = now
        return now - self._since


def unsent(transport: Transport) -> int:
    """Return how many bytes the kernel holds that the caller has not acknowledged."""
    return _asked(transport, termios.TIOCOUTQ)


def unread(transport: Transport) -> int:
    """Return how many bytes the kernel holds that the process has not read."""
    return _asked(transport, termios.FIONREAD)


def _asked(transport: Transport, request: int) -> int:
    try:
        descriptor = transport.get_extra_info("socket").fileno()
        (size,) = _INT.unpack(fcntl.ioctl(descriptor, request, bytes(_INT.size)))
    except (AttributeError, OSError):
        # The socket is closed.
        return 0
    return int(size)
