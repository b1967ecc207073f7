"""Timeouts of connections.

Instead of a timer for each request, one check per second visits all connections of the process, and each of them uses
the time of the last check as the beginning of its current part.
"""

import fcntl
import socket
import struct
import termios
from abc import ABC, abstractmethod
from asyncio import Transport
from collections.abc import Callable
from dataclasses import dataclass, field

from uvicorn.server import ServerState

from server.http.cors import Cors
from server.http.places import Caps, Places

_CHECKS_PER_LIMIT = 4
_LONGEST_INTERVAL = 1.0
_INTERVAL_WHILE_STOPPING = 0.1
_LAST_CALL_SECONDS = 1.0
"""Seconds for which an idle connection may still send a request when the server stops, or is crowded."""
LINGER_SECONDS = 2.0
"""Seconds for which bytes after the last answer are discarded: a reset could destroy the answer."""

_INT = struct.Struct("i")
_LONG = struct.Struct("Q")
_ACKNOWLEDGED_AT = 120
"""Where Linux writes the number of bytes that the other side has acknowledged: `tcpi_bytes_acked` of TCP_INFO."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps of connections, and timeouts in seconds.

    They are for a request's header and body, for reading an answer, and for an idle connection. `ping` is how long the
    caller of a WebSocket is silent until it gets a ping, and how long it may take to answer.
    """

    header: float
    body: float
    answer: float
    keep_alive: float
    ping: float
    caps: Caps = field(default_factory=Caps)


class TimedConnection(ABC):
    """Connection with timeouts, registered in `Connections`."""

    transport: Transport

    @abstractmethod
    def check(self) -> None:
        """End what takes longer than its timeout."""

    @abstractmethod
    def give_up(self) -> None:
        """End what is not done when the server stops."""


class Connections(ServerState):
    """uvicorn's state of a process's connections, with the clock of their timeouts."""

    def __init__(self, limits: Limits) -> None:
        super().__init__()
        self.limits = limits
        self.places = Places(limits.caps)
        self.before = self.now = 0.0
        """Times of the last two checks, in seconds. Only a part of a longer stall is counted."""
        self.stopping = False
        self.cors: Cors | None = None
        """Origins whose pages may read the answers that a connection gives by itself, too."""
        self.on_answer: Callable[[int], None] = lambda _: None
        """Called with the status of an answer that a connection gives by itself."""
        shortest = min(limits.header, limits.body, limits.answer, limits.keep_alive, limits.ping)
        self._interval = min(_LONGEST_INTERVAL, shortest / _CHECKS_PER_LIMIT)
        self._checked_at: float | None = None
        self.elapsed = 0.0

    def idle_limit(self, limit: float) -> float:
        """Return the seconds for which a connection may be without a request."""
        return min(limit, _LAST_CALL_SECONDS) if self.stopping or self.places.is_crowded else limit

    def check_all(self, time: float) -> None:
        """Let each connection check its timeouts, if the last check was long enough ago."""
        between = _INTERVAL_WHILE_STOPPING if self.stopping else self._interval
        if self._checked_at is None:
            self._checked_at = time
        passed = time - self._checked_at
        if passed < between:
            return
        self._checked_at = time
        self.elapsed = min(passed, 2 * between)
        self.before = self.now
        self.now += self.elapsed
        self.places.log_refusals(self.now)
        for connection in self._timed():
            connection.check()

    def give_up(self) -> None:
        """Let each connection end what is not done."""
        for connection in self._timed():
            connection.give_up()

    def held_bytes(self) -> int:
        """Return the number of bytes of answers in the write buffers of all connections."""
        return sum(connection.transport.get_write_buffer_size() for connection in self._timed())

    def _timed(self) -> list[TimedConnection]:
        return [each for each in self.connections if isinstance(each, TimedConnection)]


class ReadProgress:
    """Progress of a caller that reads an answer."""

    def __init__(self) -> None:
        self._read: tuple[int, ...] | None = None
        self._since = self._seen_at = 0.0

    def stuck_for(self, transport: Transport, *, now: float, before: float) -> float:
        """Return the seconds in which the other side acknowledged no byte of those written, as seen at each check."""
        read = _acknowledged(transport) or (transport.get_write_buffer_size(), unsent(transport))
        if read != self._read or self._seen_at != before:
            self._read, self._since = read, now
        self._seen_at = now
        return now - self._since


def unsent(transport: Transport) -> int:
    """Return the number of bytes in the kernel that the caller has not acknowledged."""
    return _asked(transport, termios.TIOCOUTQ)


def unread(transport: Transport) -> int:
    """Return the number of bytes in the kernel that the process has not read."""
    return _asked(transport, termios.FIONREAD)


def _acknowledged(transport: Transport) -> tuple[int] | None:
    """Return the number of bytes that the caller has acknowledged; None if the system does not tell it."""
    try:
        connection = transport.get_extra_info("socket")
        told = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _ACKNOWLEDGED_AT + _LONG.size)
        return _LONG.unpack_from(told, _ACKNOWLEDGED_AT)
    except (AttributeError, OSError, struct.error):
        return None


def _asked(transport: Transport, request: int) -> int:
    try:
        descriptor = transport.get_extra_info("socket").fileno()
        (size,) = _INT.unpack(fcntl.ioctl(descriptor, request, bytes(_INT.size)))
    except (AttributeError, OSError):
        # The socket is closed.
        return 0
    return int(size)
