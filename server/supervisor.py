"""Parent of several server processes that share a listening socket; it replaces those that end.

They are forked from one process that has imported the portal. They share one socket, not a port by SO_REUSEPORT: any
free process accepts the queued connections, and none are lost with a process that ends.
"""

import os
import signal
import socket
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import wait
from types import FrameType

import structlog
from uvicorn import Config
from uvicorn.config import STARTUP_FAILURE

from server import forking
from server.http.deadlines import Limits
from server.pause import Pause
from server.shutdown import let_no_handshake_begin
from server.worker import ENDING_SECONDS, Begin, Worker

_ROUND_SECONDS = 0.5
KILLED_AFTER_SECONDS = 5
"""Seconds after its time to stop until a process is killed."""

log = structlog.get_logger("portal.server")


class Supervisor:
    """Parent of a server's processes."""

    def __init__(self, config: Config, limits: Limits, listening: socket.socket, *, patience_seconds: float) -> None:
        """Take the configuration; a process that is silent for longer than `patience_seconds` is replaced."""
        self._start: Callable[[Pause], Worker] = lambda pause: Worker(
            config, limits, listening, begin=self._begin, pause=pause
        )
        self._begin: Begin = forking.fork
        self._begin_before: Begin = self._begin
        self._listening = listening
        self._count = config.workers
        self._grace_seconds = config.timeout_graceful_shutdown or 0
        self._patience_seconds = patience_seconds
        self._workers: list[Worker] = []
        self._retiring: list[Worker] = []
        self._leaving: list[Worker] = []
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
            if self._stopping:
                return
            # One by one, so that those that have started are stopped if another can't be.
            self._workers.append(self._start(Pause()))

    def _on_stop(self, sig: int, _frame: FrameType | None) -> None:
        if self._stopping:
            self._hurried = sig == signal.SIGINT
            return
        self._stopping = True
        forking.end_if_awaited()
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

    def _give_up(self, worker: Worker) -> None:
        """End a worker that is to be replaced: soon, unless what ends those that start may end the next one too."""
        pause = worker.pause.begin(now=time.monotonic(), has_served=worker.serves)
        log.warning(
            "worker ended" if worker.process.exitcode is not None else "worker is silent",
            pid=worker.process.pid,
            replaced_after_seconds=pause,
        )
        worker.end()
        worker.forget_gauges()
        worker.is_given_up, worker.serves = True, False

    def _renew(self) -> None:
        if self._retiring:
            # The new ones of before may be of another version, and do not all serve yet.
            self._dismiss(self._workers)
            for worker in self._workers:
                if not worker.serves:
                    # It may not read its pipe before it has imported all, and many of them would be a burden.
                    worker.stop()
        else:
            self._retiring, self._begin_before = self._workers, self._begin
        # They import the version that is installed now, as no process does that is forked.
        self._begin = forking.spawn
        self._start_all()

    def _keep_the_old(self, failed: Worker) -> None:
        log.error("the workers are not renewed: a new one can't start", pid=failed.process.pid)
        failed.end()
        self._dismiss(self._workers)
        self._workers, self._retiring = self._retiring, []
        self._begin = self._begin_before

    def _dismiss(self, workers: Sequence[Worker]) -> None:
        for worker in workers:
            worker.retire()
        self._leaving += workers

    def _forget_ended(self) -> None:
        for worker in [each for each in self._leaving if each.has_ended()]:
            worker.forget_gauges()
            self._leaving.remove(worker)

    def _stop(self) -> None:
        workers = (*self._workers, *self._retiring, *self._leaving)
        let_no_handshake_begin(self._listening)
        for worker in workers:
            worker.stop()
        self._listening.close()
        until = time.monotonic() + self._grace_seconds + KILLED_AFTER_SECONDS
        hurried = False
        while left := [worker for worker in workers if not worker.has_ended()]:
            if self._hurried and not hurried:
                hurried = True
                for worker in left:
                    worker.hurry()
            if time.monotonic() > until:
                for worker in left:
                    worker.kill()
            self._sleep(_ROUND_SECONDS)
        for worker in workers:
            # Python would wait without an end for the status of one that the process that forks does not tell.
            worker.process.join(ENDING_SECONDS)
            worker.end()
