"""`portal` for scripts of many commands, and for servers: a process that has imported it forks for each command.

The command runs as ever, with the arguments, environment, folder and streams of its caller; only the seconds that its
imports take are saved, and most of the work of hashing passwords.
"""

import contextlib
import gc
import importlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from itertools import pairwise
from multiprocessing import util
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from tests import cheap_passwords, once

ROOT = Path(__file__).parents[2]

_PRELOADED = (
    "server.__main__",
    "server.app",
    "db.doctor.checks",
    "db.migrations.migrate",
    "aiosqlite",
    "alembic.util.exc",
    "anyio._backends._asyncio",
    "asyncpg",
    "uvicorn.lifespan.on",
    "uvicorn.loops.uvloop",
)
_PLAIN, _MEASURED = "tests.e2e.forks", "tests.e2e.measured_forks"
_SOCKET, _GROUP = "socket", "group"
_CALLER = """#!{python} -IS
import json, os, signal, socket, sys
with socket.socket(socket.AF_UNIX) as portal:
    portal.connect({address!r})
    call = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ), False, None]).encode() + b"\\n"
    socket.send_fds(portal, [call], [0, 1, 2])
    with portal.makefile() as answers:
        process = int(answers.readline())
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, lambda number, _frame: os.kill(process, number))
        if status := answers.readline():
            sys.exit(int(status))
    # It was killed.
    os.kill(os.getpid(), signal.SIGKILL)
"""

PROGRAM = "FORKED_PROGRAM"
"""Variable with the module of another program, whose `main` is to run instead of that of `portal`."""


@cache
def portal() -> Path:
    """Return the path of a program that calls for one, for all tests of the run."""
    return once.made("portal", _write_caller) / "portal"


def _write_caller(folder: Path) -> None:
    program = folder / "portal"
    program.write_text(_CALLER.format(python=sys.executable, address=str(_address(_PLAIN))), encoding="utf-8")
    program.chmod(0o755)


@cache
def _address(module: str) -> Path:
    """Return the socket of the process of the run that forks, which runs a module."""
    return once.made(module, partial(_begin, module)) / _SOCKET


def _begin(module: str, folder: Path) -> None:
    # It ends when the one that it forks listens, which runs until the tests end, also those of other processes.
    command = [sys.executable, "-m", module, str(folder / _SOCKET)]
    log = folder / "log"
    # A process that outlives the run must not keep the run's output open.
    with log.open("wb") as output:
        done = subprocess.run(
            command,
            cwd=ROOT,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    if done.returncode != 0:
        raise RuntimeError(log.read_text(encoding="utf-8"))


def stop(run: Path) -> None:
    """Stop the processes of the run."""
    for each in run.glob(f"*/{_GROUP}"):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(int(each.read_text(encoding="ascii")), signal.SIGKILL)


class Process:
    """Command that was forked, and leads a group of processes. It offers what `subprocess.Popen` does."""

    def __init__(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        output: BinaryIO,
        error_output: BinaryIO,
        *,
        given: BinaryIO | None = None,
        folder: Path = ROOT,
        user: int | None = None,
        is_measured: bool = False,
    ) -> None:
        """Start the command in a folder, with what it reads, measured if asked; only root can choose another user."""
        self.returncode: int | None = None
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(_address(_MEASURED if is_measured else _PLAIN)))
        call = json.dumps([arguments, str(folder), dict(environment), True, user]).encode() + b"\n"
        with Path(os.devnull).open("rb") as nothing:
            streams = [each.fileno() for each in (given or nothing, output, error_output)]
            socket.send_fds(self._socket, [call], streams)
        self.pid = int(self._read_line(None))

    def send_signal(self, sig: int) -> None:
        """Send a signal to a process that has not ended."""
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, sig)

    def kill(self) -> None:
        """End the process at once."""
        self.send_signal(signal.SIGKILL)

    def poll(self) -> int | None:
        """Return the status of the process if it has ended."""
        if self.returncode is None and select.select([self._socket], [], [], 0)[0]:
            self.wait()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait until the process has ended, and return its status; -9 if it was killed before it had one."""
        if self.returncode is None:
            status = self._read_line(timeout)
            # The kernel closes the connection when the process ends.
            self._read_line(timeout)
            self._socket.close()
            self.returncode = int(status or -signal.SIGKILL)
        return self.returncode

    def _read_line(self, timeout: float | None) -> bytes:
        self._socket.settimeout(timeout)
        read = b""
        with contextlib.suppress(ConnectionResetError):
            while not read.endswith(b"\n") and (part := self._socket.recv(1)):
                read += part
        return read


def serve(address: str, *, at_end: Callable[[], object] = lambda: None) -> None:
    """Fork a process for each call at the socket, which calls `at_end` after the command, while the run lasts."""
    for module in _PRELOADED:
        importlib.import_module(module)
    cheap_passwords.hash_cheaply()
    util.spawnv_passfds = _fork_interpreter
    # Else the first collection in each process would copy all pages with objects.
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        Path(address).with_name(_GROUP).write_text(str(os.getpgrp()), encoding="ascii")
        if os.fork() != 0:
            return
        run = Path(address).parents[1]
        with once.life(run) as life:
            while life.read(1) is None:
                if listener.fileno() not in select.select([life.fileno(), listener.fileno()], [], [])[0]:
                    continue
                caller, _ = listener.accept()
                with caller:
                    if os.fork() == 0:
                        listener.close()
                        os._exit(_run(caller, run, at_end))
    _end_killed(run)


def _end_killed(run: Path) -> NoReturn:
    """Stop what was forked, and delete the folder of a run that was killed, so that its PostgreSQL servers end too."""
    own = os.getpid()
    for each in Path(f"/proc/{own}/task/{own}/children").read_text(encoding="ascii").split():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(each), signal.SIGTERM)
    shutil.rmtree(run, ignore_errors=True)
    os._exit(0)


def _run(caller: socket.socket, run: Path, at_end: Callable[[], object]) -> int:
    """Become the command that the caller wants, and return its status."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    # A run that a shell put into the background ignores the one, a run of nohup the other, and so would all that they
    # start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    call, streams, _, _ = socket.recv_fds(caller, 1 << 20, 3)
    arguments, folder, environment, leads, user = json.loads(call)
    if leads:
        os.setsid()
    if user is not None:
        os.setgid(user)
        os.setuid(user)
    elif environment.get("TMPDIR") == os.environ.get("TMPDIR"):
        # What a killed server leaves is deleted with the folder of the run.
        tempfile.tempdir = str(run)
    caller.sendall(b"%d\n" % os.getpid())
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    status = _status(os.environ.pop(PROGRAM, "server.__main__"), arguments)
    sys.stdout.flush()
    sys.stderr.flush()
    at_end()
    caller.sendall(b"%d\n" % status)
    return status


def _fork_interpreter(path: bytes, args: Sequence[Any], passfds: Sequence[int]) -> int:  # noqa: ARG001 — of multiprocessing.
    """Fork what a server starts as `python -c`, with the files that are passed; return its id.

    It is the process from which workers are forked, one that looks after their files, or a worker that is not forked:
    each would import anew.
    """
    if process := os.fork():
        return process
    signal.set_wakeup_fd(-1)
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_DFL)
    for below, kept in pairwise([2, *sorted(passfds), os.sysconf("SC_OPEN_MAX")]):
        os.closerange(below + 1, kept)
    place = args.index("-c") + 1
    sys.argv = ["-c", *args[place + 1 :]]
    try:
        exec(args[place], {})  # noqa: S102 — it is what multiprocessing runs.
    except SystemExit as end:
        os._exit(_code(end))
    except BaseException:  # noqa: BLE001 — what the interpreter does with any error at the end.
        traceback.print_exc()
    os._exit(1)


def _status(program: str, arguments: list[str]) -> int:
    """Run the command line as `python -m` does."""
    try:
        sys.argv = ["portal", *arguments]
        importlib.import_module(program).main()
    except SystemExit as end:
        return _code(end)
    except BaseException:  # noqa: BLE001 — what the interpreter does with any error at the end.
        traceback.print_exc()
        return 1
    return 0


def _code(end: SystemExit) -> int:
    return end.code if isinstance(end.code, int) else int(end.code is not None)


if __name__ == "__mp_main__":
    # A process that a server starts imports its main module, which is this one and not the program.
    importlib.import_module("server.__main__")
if __name__ == "__main__":
    serve(sys.argv[1])
