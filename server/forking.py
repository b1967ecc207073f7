"""The process that has imported the portal, from which server processes are forked: each starts in a moment.

It serves nothing and has no thread, and it ends after its parent and all that were forked from it.
"""

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import forkserver, get_context, resource_tracker
from multiprocessing.process import BaseProcess

import structlog

PRELOADED = ["server.preloaded"]
"""Modules that are imported once for all processes."""

_SIGNALS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
"""What a terminal or a service manager may send to all processes. If the process that forks ended, its parent would not
know when the others do."""

_FORKING_SECONDS = 10
_IMPORTING_SECONDS = 300
"""How long a fork may take, and the first one, before which the process imports the portal on a busy machine."""

LOST = 255
"""Status of a process if the one that forked it has ended before."""

_awaited: list[threading.Timer] = []
"""What ends the process that forks, while this one waits for it."""

_forking, _spawning = get_context("forkserver"), get_context("spawn")

log = structlog.get_logger("portal.server")


def fork(target: Callable[..., None], args: Sequence[object]) -> BaseProcess:
    """Start a process that is forked, and has to call `take_signals`; start the one to fork it from, if none runs.

    The new process imports all itself if it can't be forked.
    """
    forked = _forking.Process(target=target, args=args)
    before = _pid()
    try:
        _prepare()
        with _ended_after(_FORKING_SECONDS if _pid() == before else _IMPORTING_SECONDS):
            forked.start()
    except (EOFError, OSError) as error:
        # Forking needs a socket in the folder of temporary files, and a process at its other end; either may be gone.
        log.warning("a worker is not forked, and starts more slowly", error=repr(error))
        return spawn(target, args)
    return forked


def end() -> None:
    """Kill the process that forks, which hangs: what waits for it goes on, and those that it forked seem to end."""
    if (pid := _pid()) is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def end_if_awaited() -> None:
    """Kill the process that forks if this one waits for it, from the handler of a signal."""
    if _awaited:
        end()


@contextmanager
def _ended_after(seconds: float) -> Iterator[None]:
    """Kill the process that forks if it takes longer than that, such as one that was stopped."""
    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    _awaited.append(timer)
    try:
        yield
    finally:
        _awaited.clear()
        timer.cancel()


def _pid() -> int | None:
    """Return the id of the process that forks, for which there is no public name."""
    pid: int | None = getattr(forkserver, "_forkserver")._forkserver_pid  # noqa: B009, SLF001 — the same reason.
    return pid


def spawn(target: Callable[..., None], args: Sequence[object]) -> BaseProcess:
    """Start a process that imports all itself, and calls `take_signals` too."""
    spawned = _spawning.Process(target=target, args=args)
    spawned.start()
    return spawned


def _prepare() -> None:
    # While signals are blocked, the start of this process would let them through again.
    resource_tracker.ensure_running()
    forkserver.set_forkserver_preload(PRELOADED)
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)


def take_signals() -> None:
    """Take the signals that came to this process since it was forked, and all that come."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
