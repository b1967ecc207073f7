"""Log lines for a pipe or socket, whose reader may be slow or stopped: no line makes the process wait."""

import contextlib
import logging
import os
import select
import socket
import stat
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from logging import LogRecord
from threading import Condition, Thread
from typing import TypeAlias

import structlog

BYTES_MAX = 4 << 20
"""How many bytes of lines wait at most for the reader."""
FLUSH_SECONDS = 1
"""How long a process that ends waits for the reader."""
_AGAIN_SECONDS = 0.01

_Write: TypeAlias = Callable[[bytes], int]

log = structlog.get_logger("portal.log")


class PipeHandler(logging.Handler):
    """Handler that writes at once what the reader has room for, and the rest in a thread, in the same order.

    Lines beyond a bound are dropped until the reader has taken those that wait; then a line says how many.
    """

    def __init__(self, descriptor: int) -> None:
        """Take the descriptor of a pipe or socket."""
        super().__init__()
        self._descriptor = descriptor
        self._opened = contextlib.ExitStack()
        self._write = _without_waiting(descriptor, self._opened)
        self._waiting: deque[bytes] = deque()
        self._bytes = self._dropped = 0
        # Its lock is reentrant: the handler of a signal may log while its thread holds it.
        self._taken = Condition()
        self._thread: Thread | None = None

    def createLock(self) -> None:  # noqa: N802 — of logging.
        """Do without the lock of logging, which would be held while a flush waits for the thread."""
        self.lock = None

    def emit(self, record: LogRecord) -> None:
        """Write a line, or let it wait."""
        try:
            line = f"{self.format(record)}\n".encode(errors="backslashreplace")
        except Exception:  # noqa: BLE001 — as each handler of logging does: a line fails, and not the request.
            self.handleError(record)
            return
        with self._taken:
            if not self._waiting:
                line = line[self._written(line) :]
            if line:
                self._let_wait(line)

    def flush(self) -> None:
        """Wait a moment for the reader of lines that wait."""
        with self._taken:
            self._taken.wait_for(lambda: self._thread is None, FLUSH_SECONDS)

    def close(self) -> None:
        """Close what was opened beside the descriptor, unless lines wait."""
        with self._taken:
            if self._thread is None:
                self._write = len
                self._opened.close()
        super().close()

    def _written(self, line: bytes) -> int:
        """Return how many bytes were written without waiting."""
        try:
            return self._write(line)
        except BlockingIOError:
            return 0
        except OSError:
            # The reader has ended.
            return len(line)

    def _let_wait(self, line: bytes) -> None:
        if self._dropped or self._bytes + len(line) > BYTES_MAX:
            self._dropped += 1
            return
        self._waiting.append(line)
        self._bytes += len(line)
        if self._thread is None:
            # Only while lines wait: a process is seldom forked meanwhile, and a thread would not survive it.
            self._thread = Thread(target=self._write_waiting, name="log", daemon=True)
            self._thread.start()

    def _write_waiting(self) -> None:
        while (line := self._next()) is not None:
            if line:
                self._write_all(line)
                with self._taken:
                    self._waiting.popleft()
                    self._bytes -= len(line)

    def _next(self) -> bytes | None:
        """Return the line that waits longest, an empty one if some were dropped, and None if the thread may end."""
        with self._taken:
            if self._waiting:
                return self._waiting[0]
            dropped, self._dropped = self._dropped, 0
            if not dropped:
                self._thread = None
                self._taken.notify_all()
                return None
        log.warning("lines were dropped", lines=dropped)
        return b""

    def _write_all(self, line: bytes) -> None:
        writable = select.poll()
        writable.register(self._descriptor, select.POLLOUT)
        while line:
            writable.poll()
            try:
                written = self._write(line) or os.write(self._descriptor, line[: select.PIPE_BUF])
            except BlockingIOError:
                time.sleep(_AGAIN_SECONDS)
                continue
            except OSError:
                return
            line = line[written:]


def is_pipe(descriptor: int) -> bool:
    """Return whether a descriptor is a pipe or socket, which a reader has to empty."""
    mode = os.fstat(descriptor).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def _without_waiting(descriptor: int, opened: contextlib.ExitStack) -> _Write:
    """Return a function that writes what there is room for, and returns how many bytes.

    The descriptor itself is left alone: a flag of it would be that of all processes that share the stream.
    """
    if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
        shared = opened.enter_context(socket.socket(fileno=os.dup(descriptor)))
        return partial(_send, shared)
    with contextlib.suppress(OSError):
        own = os.open(f"/proc/self/fd/{descriptor}", os.O_WRONLY | os.O_NONBLOCK)
        opened.callback(os.close, own)
        return partial(os.write, own)
    # The pipe is another user's, or the system has no such folder: the thread writes all.
    return _nothing


def _send(shared: socket.socket, line: bytes) -> int:
    return shared.send(line, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)


def _nothing(_line: bytes) -> int:
    return 0
