"""Parent of several server processes that share a listening socket; it replaces those that end.

They are forked from one process that has imported the portal. They share one socket, not a port by SO_REUSEPORT: any
free process accepts the queued connections, and none are lost with a process that ends.
"""

import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, Pipe, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType
from typing import TypeAlias

import structlog
from uvicorn import Config
from uvicorn.config import STARTUP_FAILURE

from server import forking, logs
from server.http.deadlines import Limits
from server.pause import Pause
from server.shutdown import StoppingServer, let_no_handshake_begin

_ROUND_SECONDS = 0.5
_KILLED_AFTER_SECONDS = 5
"""Seconds after its time to stop until a process is killed."""
_STARTING_SECONDS = 300
"""How long a worker may take until its first answer on a busy machine."""
_ENDING_SECONDS = 1
"""How long a process may take to end after its end of the pipe is closed."""
_PING, _RETIRE, _HURRY = b"ping", b"retire", b"hurry"
"""What the parent says through a worker's pipe. A signal to hurry could be mistaken for Ctrl-C, which reaches all."""
_METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Variable with the folder of the workers' metrics. This process need not import prometheus-client."""

_Begin: TypeAlias = Callable[[Callable[..., None], Sequence[object]], BaseProcess]

log = structlog.get_logger("portal.server")


class Supervisor:
    """Parent of a server's processes."""

    def __init__(self, config: Config, limits: Limits, listening: socket.socket, *, patience_seconds: float) -> None:
        """Take the configuration; a process that is silent for longer than `patience_seconds` is replaced."""
        self._start: Callable[[Pause], _Worker] = lambda pause: _Worker(
            config, limits, listening, begin=self._begin, pause=pause
        )
        self._begin: _Begin = forking.fork
        self._begin_before: _Begin = self._begin
        self._listening = listening
        self._count = config.workers
        self._grace_seconds = config.timeout_graceful_shutdown or 0
        self._patience_seconds = patience_seconds
        self._workers: list[_Worker] = []
        self._retiring: list[_Worker] = []
        self._leaving: list[_Worker] = []
        self._stopping = self._hurried = self._renewing = False
        self._woken, self._waking = socket.socketpair()

    def run(self) -> int:
        """Serve until a signal says to stop; return the exit status."""
        self._woken.settimeout(0)
        self._waking.settimeout(0)
        signal.set_wakeup_fd(self._waking.fileno(), warn_on_full_buffer=False)
        for sig in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sig, self._on_stop)
        signal.signal(signal.SIGHUP, self._on_renew)
        log.info("starting", workers=self._count, pid=os.getpid())
        status = 0
        try:
            self._start_all()
            while not self._stopping and not status:
                self._sleep(_ROUND_SECONDS)
                status = self._check_workers()
        finally:
            # After an error too, such as one of a full system: this process would wait for workers at its end.
            self._stop()
            log.info("stopped", pid=os.getpid())
        return status

    def _start_all(self) -> None:
        self._workers = []
        for _ in range(self._count):
            # One by one, so that those that have started are stopped if another can't be.
            self._workers.append(self._start(Pause()))

    def _on_stop(self, sig: int, _frame: FrameType | None) -> None:
        if self._stopping:
            self._hurried = sig == signal.SIGINT
            return
        self._stopping = True
        # At once: the same signal may have reached the workers, which soon accept no more connections.
        let_no_handshake_begin(self._listening)

    def _on_renew(self, _signal: int, _frame: FrameType | None) -> None:
        self._renewing = True

    def _sleep(self, seconds: float) -> None:
        # A worker that ends and a signal wake it.
        known = (*self._workers, *self._retiring, *self._leaving)
        alive = [worker.process for worker in known if worker.process.exitcode is None]
        wait([self._woken, *(process.sentinel for process in alive)], seconds)
        try:
            while self._woken.recv(64):
                pass
        except BlockingIOError:
            return

    def _check_workers(self) -> int:
        """Replace workers that ended or are silent; return a status other than 0 if that would not help."""
        if self._renewing:
            self._renewing = False
            log.info("renewing the workers")
            self._renew()
        for place, worker in enumerate(self._workers):
            if self._stopping:
                return 0
            if worker.answers(self._patience_seconds):
                continue
            if self._retiring and not worker.serves:
                self._keep_the_old(worker)
                return 0
            if worker.process.exitcode == STARTUP_FAILURE:
                log.error("a worker can't start", pid=worker.process.pid)
                return STARTUP_FAILURE
            if not worker.is_given_up:
                self._give_up(worker)
            if worker.pause.is_over(now=time.monotonic()):
                self._workers[place] = self._start(worker.pause)
        if all(worker.serves for worker in self._workers):
            self._dismiss(self._retiring)
            self._retiring = []
        self._forget_ended()
        return 0

    def _give_up(self, worker: "_Worker") -> None:
        """End a worker that is to be replaced: soon, unless what ends those that start may end the next one too."""
        pause = worker.pause.begin(now=time.monotonic(), has_served=worker.serves)
        log.warning(
            "worker ended" if worker.process.exitcode is not None else "worker is silent",
            pid=worker.process.pid,
            replaced_after_seconds=pause,
        )
        worker.kill()
        worker.forget_gauges()
        worker.is_given_up, worker.serves = True, False

    def _renew(self) -> None:
        if self._retiring:
            # The new ones of before may be of another version, and do not all serve yet.
            self._dismiss(self._workers)
        else:
            self._retiring, self._begin_before = self._workers, self._begin
        # They import the version that is installed now, as no process does that is forked.
        self._begin = forking.spawn
        self._start_all()

    def _keep_the_old(self, failed: "_Worker") -> None:
        log.error("the workers are not renewed: a new one can't start", pid=failed.process.pid)
        failed.kill()
        self._dismiss(self._workers)
        self._workers, self._retiring = self._retiring, []
        self._begin = self._begin_before

    def _dismiss(self, workers: "Sequence[_Worker]") -> None:
        for worker in workers:
            worker.retire()
        self._leaving += workers

    def _forget_ended(self) -> None:
        for worker in [each for each in self._leaving if each.process.exitcode is not None]:
            worker.forget_gauges()
            self._leaving.remove(worker)

    def _stop(self) -> None:
        workers = (*self._workers, *self._retiring, *self._leaving)
        let_no_handshake_begin(self._listening)
        for worker in workers:
            worker.stop()
        self._listening.close()
        until = time.monotonic() + self._grace_seconds + _KILLED_AFTER_SECONDS
        hurried = False
        while left := [worker for worker in workers if worker.process.exitcode is None]:
            if self._hurried and not hurried:
                hurried = True
                for worker in left:
                    worker.hurry()
            if time.monotonic() > until:
                for worker in left:
                    worker.kill()
            self._sleep(_ROUND_SECONDS)


class _Worker:
    """Server process, as its parent sees it."""

    def __init__(
        self, config: Config, limits: Limits, listening: socket.socket, *, begin: "_Begin", pause: Pause
    ) -> None:
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
            self.process.join(_ENDING_SECONDS)
            return False
        # A worker imports the portal before its first answer, and another in its place would only begin anew.
        patience_seconds = patience_seconds if self._answered else max(patience_seconds, _STARTING_SECONDS)
        return self.process.is_alive() and time.monotonic() - self._asked_at < patience_seconds

    def stop(self) -> None:
        self._signal(signal.SIGTERM)

    def retire(self) -> None:
        """Let it stop, and be ready to its last connection: others go on behind the same socket."""
        with contextlib.suppress(OSError):
            self._pipe.send(_RETIRE)

    def hurry(self) -> None:
        """Let it end without an answer to the requests in flight."""
        with contextlib.suppress(OSError):
            self._pipe.send(_HURRY)

    def kill(self) -> None:
        self.process.kill()
        self.process.join()

    def forget_gauges(self) -> None:
        """Delete what the ended process had in use; its counters remain."""
        if (folder := os.environ.get(_METRICS_FOLDER)) is not None:
            for file in Path(folder).glob(f"gauge_live*_{self.process.pid}.db"):
                file.unlink(missing_ok=True)

    def _signal(self, sig: signal.Signals) -> None:
        if self.process.pid is not None and self.process.exitcode is None:
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
