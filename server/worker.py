"""Server process of several that share a listening socket: as its parent sees it, and what it runs."""

import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, Pipe
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TypeAlias

from uvicorn import Config

from server import forking, logs
from server.http.deadlines import Limits
from server.pause import Pause
from server.shutdown import StoppingServer

KILLED_SECONDS = 5
"""How long a process that was killed may take to end."""
_STARTING_SECONDS = 300
"""How long a worker may take until its first answer on a busy machine."""
ENDING_SECONDS = 1
"""How long a process may take to end after its end of the pipe is closed."""
_PING, _RETIRE, _HURRY = b"ping", b"retire", b"hurry"
"""What the parent says through a worker's pipe. A signal to hurry could be mistaken for Ctrl-C, which reaches all."""
_METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Variable with the folder of the workers' metrics. This process need not import prometheus-client."""

Begin: TypeAlias = Callable[[Callable[..., None], Sequence[object]], BaseProcess]


class Worker:
    """Server process, as its parent sees it."""

    def __init__(self, config: Config, limits: Limits, listening: socket.socket, *, begin: Begin, pause: Pause) -> None:
        self._pipe, end = Pipe()
        self.process = begin(work, (config, limits, listening, end))
        # The worker has the other end: once it has ended, reading finds the end of the pipe.
        end.close()
        self._asked_at: float | None = None
        self._answered = False
        self.pause = pause
        """Pause of its place, which passes to the worker that replaces it."""
        self.serves = self.is_given_up = False

    def answers(self, patience_seconds: float) -> bool:
        """Return, without waiting, whether the process lives and answered lately."""
        if self.is_given_up:
            # Its pipe may still have an answer, though no process is in its place.
            return False
        try:
            if self._pipe.poll():
                self.serves = self._pipe.recv()
                self._answered, self._asked_at = True, None
            if self._asked_at is None:
                self._asked_at = time.monotonic()
                self._pipe.send(_PING)
        except (EOFError, OSError):
            # The pipe ends a little before the process does, whose status says why.
            self.process.join(ENDING_SECONDS)
            return False
        # A worker imports the portal before its first answer, and another in its place would only begin anew.
        patience_seconds = patience_seconds if self._answered else max(patience_seconds, _STARTING_SECONDS)
        return self.process.is_alive() and time.monotonic() - self._asked_at < patience_seconds

    def stop(self) -> None:
        """Let it answer its callers and end; one that still imports the portal ends at once."""
        self._signal(signal.SIGTERM)

    def retire(self) -> None:
        """Let it stop, and be ready to its last connection: others go on behind the same socket."""
        with contextlib.suppress(OSError):
            self._pipe.send(_RETIRE)

    def hurry(self) -> None:
        """Let it end without an answer to the requests in flight."""
        with contextlib.suppress(OSError):
            self._pipe.send(_HURRY)

    def has_ended(self) -> bool:
        """Return whether the process has ended: its end of the pipe says so, also if the one that forked it hangs."""
        if self.process.exitcode is not None and self.process.exitcode != forking.LOST:
            return True
        try:
            while self._pipe.poll():
                self._pipe.recv()
        except (EOFError, OSError):
            return True
        return False

    def kill(self) -> None:
        """End it at once."""
        self._signal(signal.SIGKILL)

    def end(self) -> None:
        """Kill the process unless it has ended, and know its status."""
        if self.process.exitcode is not None:
            return
        self.kill()
        self.process.join(KILLED_SECONDS)
        if self.process.exitcode is None:
            # The process that forked it does not say so.
            forking.end()
            self.process.join(ENDING_SECONDS)

    def forget_gauges(self) -> None:
        """Delete what the ended process had in use; its counters remain."""
        if (folder := os.environ.get(_METRICS_FOLDER)) is not None:
            for file in Path(folder).glob(f"gauge_live*_{self.process.pid}.db"):
                file.unlink(missing_ok=True)

    def _signal(self, sig: signal.Signals) -> None:
        if self.process.pid is not None and not self.has_ended():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process.pid, sig)


def work(config: Config, limits: Limits, listening: socket.socket, parent: Connection) -> None:
    """Serve in a process of its own until the parent says to stop, or ends."""
    # Until the server takes signals.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    forking.take_signals()
    server = StoppingServer(config, limits, shares_socket=True)
    threading.Thread(target=_answer, args=(parent, server), daemon=True).start()
    try:
        server.run(sockets=[listening])
    finally:
        # Python does so at the end of a process, but not of one that was forked so.
        logs.flush()


def _answer(parent: Connection, server: StoppingServer) -> None:
    try:
        while True:
            said = parent.recv()
            if said == _RETIRE:
                server.retires = True
                os.kill(os.getpid(), signal.SIGTERM)
            elif said == _HURRY:
                server.force_exit = True
            else:
                parent.send(server.started)
    except (EOFError, OSError):
        os.kill(os.getpid(), signal.SIGTERM)
