"""Shutdown of a server process that leaves no caller unanswered.

The kernel completes the handshakes of new connections and queues them until a process accepts them; closing the
listening socket resets the queued ones. So a stopping server prevents new handshakes, accepts and answers the
connections of the queue, and only then closes the socket. Meanwhile, a new connection's first packet is ignored: its
caller's system sends it again a second later, and finds the port closed, or the next server.
"""

import asyncio
import ctypes
import errno
import logging
import signal
import socket
import struct
import sys
from collections.abc import Iterable
from types import FrameType

import structlog
from uvicorn import Config, Server

from resolvers.counts import Counts
from resolvers.feed import Feed
from server import logs
from server.http.backlog import Backlog
from server.http.deadlines import Connections, Limits
from server.http.protocol import Protocol

_HANDSHAKE_SECONDS = 0.3
"""Time for handshakes that have begun, and for the signal to reach the other processes."""
_CHECK_INTERVAL_SECONDS = 0.05

_SO_ATTACH_FILTER = 26
_TCP_FLAGS_OFFSET = 13
_SYN, _ACK = 0x02, 0x10
_LOAD_BYTE, _AND, _JUMP_IF_EQUAL, _RETURN = 0x30, 0x54, 0x15, 0x06
_EVERYTHING, _NOTHING = 0xFFFFFFFF, 0
_IGNORE_FIRST_PACKETS = (
    (_LOAD_BYTE, 0, 0, _TCP_FLAGS_OFFSET),
    (_AND, 0, 0, _SYN | _ACK),
    (_JUMP_IF_EQUAL, 0, 1, _SYN),
    (_RETURN, 0, 0, _NOTHING),
    (_RETURN, 0, 0, _EVERYTHING),
)
"""Filter of Linux, as packet(7) and the kernel's documentation of socket filters have it."""

_OF_ONE_CONNECTION = frozenset(
    {
        *(errno.ECONNABORTED, errno.EPERM, errno.EPROTO, errno.EOPNOTSUPP, errno.ENOPROTOOPT),
        *(errno.ENETDOWN, errno.ENETUNREACH, errno.EHOSTDOWN, errno.EHOSTUNREACH),
    }
)
"""Errors of a connection that accept(2) has in its place."""

log = structlog.get_logger("portal.server")


def let_no_handshake_begin(listening: socket.socket) -> None:
    """Ignore the first packets of new connections, for all processes that share the socket."""
    if sys.platform != "linux":
        return
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *each) for each in _IGNORE_FIRST_PACKETS))
    described = struct.pack("HP", len(_IGNORE_FIRST_PACKETS), ctypes.addressof(program))
    try:
        listening.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, described)
    except OSError:
        # Without the filter, a connection may be reset that arrives just as the socket is closed.
        log.warning("new connections can't be ignored while the server stops")


class StoppingServer(Server):
    """Server of uvicorn in one process, with timeouts of connections and a graceful shutdown."""

    def __init__(self, config: Config, limits: Limits, *, shares_socket: bool) -> None:
        """Take whether the process has a parent, which shares the socket with it and says when to stop."""
        super().__init__(config)
        self._connections = Connections(limits)
        self.server_state = self._connections
        self._shares_socket = shares_socket
        self._listening: list[socket.socket] = []
        self._stopping, self._unready = asyncio.Event(), asyncio.Event()
        self.retires = False
        """Whether other processes go on to accept connections."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop, or exit at once at a second Ctrl-C. A parent gets Ctrl-C too, and says what to do."""
        if self._shares_socket and sig == signal.SIGINT:
            return
        super().handle_exit(sig, frame)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start listening."""
        # A copy by `dup` would make the socket block for a moment, in all processes that share it.
        self._listening = [socket.fromfd(each.fileno(), each.family, each.type) for each in sockets or []]
        self.lifespan.state["backlog"] = Backlog(self._connections.held_bytes)
        # For WebSockets, which have no end of their own.
        self.lifespan.state["stopping"] = self._stopping
        self.lifespan.state["unready"] = self._unready
        await super().startup(sockets)
        # Requests need no reference to it.
        self._connections.cors = self.lifespan.state.pop("cors", None)
        counts = self.lifespan.state.get("counts")
        if isinstance(counts, Counts):
            self._connections.places.on_refusal = lambda cap: counts.refused_connections.update([cap])
            self._connections.on_answer = lambda status: counts.answers_of_connections.update([str(status)])

    async def on_tick(self, counter: int) -> bool:
        """Check the timeouts of connections too."""
        self._connections.check_all(asyncio.get_running_loop().time())
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer all accepted connections, and close."""
        log.info("stopping")
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + (self.config.timeout_graceful_shutdown or 0)
        if not self._shares_socket:
            for each in self._listening:
                let_no_handshake_begin(each)
        self._begin_to_stop()
        # Connections accepted meanwhile are answered as usual.
        await self._wait(min(ends_at, loop.time() + _HANDSHAKE_SECONDS), for_all=False)
        for server in self.servers:
            server.close()
        for each in self._listening:
            await self._accept_all(each)
        for each in (*self._listening, *(sockets or [])):
            each.close()
        await self._wait(ends_at, for_all=True)
        if self._connections.connections and not self.force_exit:
            log.warning("stopped before all was answered", connections=len(self._connections.connections))
            self._connections.give_up()
        self._connections.places.log_refusals(self._connections.now, at_end=True)
        # uvicorn logs what ends the task of a request as an error.
        logging.getLogger("uvicorn.error").addFilter(_is_no_cancellation)
        for task in self._connections.tasks:
            task.cancel()
        if not self.force_exit:
            await self._close()
        # Here, since the signal that stopped a worker then ends its process.
        logs.flush()

    async def _close(self) -> None:
        """Wait until the application has closed what it has open, or a second Ctrl-C says to end at once."""
        closing = asyncio.ensure_future(self.lifespan.shutdown())
        while not self.force_exit and not closing.done():
            await asyncio.wait((closing,), timeout=_CHECK_INTERVAL_SECONDS)
        if closing.done():
            closing.result()

    def _begin_to_stop(self) -> None:
        self._connections.stopping = True
        self._stopping.set()
        if not self.retires:
            self._unready.set()
        feed = self.lifespan.state.get("feed")
        if isinstance(feed, Feed):
            feed.close()
        for connection in list(self._connections.connections):
            connection.shutdown()

    async def _wait(self, until: float, *, for_all: bool) -> None:
        loop = asyncio.get_running_loop()
        while not self.force_exit and (now := loop.time()) < until:
            if for_all and not self._connections.connections and not self._connections.tasks:
                return
            self._connections.check_all(now)
            await asyncio.sleep(_CHECK_INTERVAL_SECONDS)

    async def _accept_all(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        for accepted in _waiting(listening):
            accepted.settimeout(0)
            await loop.connect_accepted_socket(
                lambda: Protocol(self.config, self._connections, self.lifespan.state, loop),
                accepted,
            )


def _is_no_cancellation(record: logging.LogRecord) -> bool:
    if record.exc_info is not None:
        return not isinstance(record.exc_info[1], asyncio.CancelledError)
    # The router gives the traceback of the application's end as a text.
    return not record.getMessage().rstrip().endswith(asyncio.CancelledError.__name__)


def _waiting(listening: socket.socket) -> Iterable[socket.socket]:
    while True:
        try:
            accepted, _ = listening.accept()
        except BlockingIOError:
            return
        except OSError as error:
            if error.errno not in _OF_ONE_CONNECTION:
                # There are no more files, or nothing listens.
                log.warning("connections of the queue can't be accepted", error=str(error))
                return
            # The connection is closed already; the next call has the next one.
            continue
        yield accepted
