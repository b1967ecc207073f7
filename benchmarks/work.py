"""Work of requests, counted instead of timed: the same on any machine, however busy it is.

`python -m benchmarks.work` is the process that counts, which gets requests as lines of JSON. It has the application and
nothing beside it: no tasks in the background, no collection of garbage within a request, the same hashes of texts, and
a clock that stops. What a thread of SQLite does is done in place, since how often the event loop turns while it waits
for a thread is chance.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, partial
from types import FrameType
from typing import IO, Any, NamedTuple, cast

import orjson

from benchmarks.asgi import answer
from benchmarks.bytecodes import opcodes

STEP = 4
"""Bytecodes of Python that take as long as a step of SQLite's virtual machine."""

TURN = 7_000
"""Bytecodes that take as long as to hand a unit of work to a thread, and its result back."""

BYTECODES_OF_A_SECOND = 45_000_000
"""Bytecodes that a processor of the usual pace runs in a second.

These three were fitted to the least processor time of the same documents, new and repeated, in a process that counted
nothing: 22 ns for a bytecode, 90 ns for a step, and 150 µs for a turn are within a third of what each took, but for one
that is planned for long, which takes a third of what is counted.
"""

_EVERY = 8
"""Steps after which SQLite calls the counter, a call of which takes as long as several steps.

Of a statement that is compiled, up to seven steps are not counted.
"""

_PAUSE_SECONDS = 10
"""Time between two requests: nothing is kept for a few seconds."""

_LOOP = ("/asyncio/", "/aiosqlite/")
"""What runs the application, which no request asks for."""


class Work(NamedTuple):
    """What a request took."""

    bytecodes: int
    steps: int
    """Steps of SQLite's virtual machine."""
    turns: int
    """Units of work that threads would have done."""

    @property
    def sum(self) -> int:
        """All of it, in bytecodes."""
        return self.bytecodes + STEP * self.steps + TURN * self.turns

    @property
    def seconds(self) -> float:
        """Processor time of as much work, on a processor of the usual pace."""
        return self.sum / BYTECODES_OF_A_SECOND


class Counted(NamedTuple):
    """Response of a request, and what it took; no bytecodes if they were not counted."""

    response: Mapping[str, Any]
    work: Work


class Worker:
    """Process that counts what requests take."""

    def __init__(self, sent: IO[bytes], got: IO[bytes], token: str) -> None:
        """Take the process's standard input and output, and the token of all requests."""
        self._sent, self._got, self._token = sent, got, token

    def with_token(self, token: str) -> "Worker":
        """Return the same process, with another token."""
        return Worker(self._sent, self._got, token)

    def ask(self, query: str, variables: Mapping[str, Any] | None = None, *, counted: bool = True) -> Counted:
        """Send a request; without counting its bytecodes, it takes a tenth of the time."""
        given = {"query": query, "variables": variables or {}}
        request = {"body": orjson.dumps(given).decode(), "token": self._token, "counted": counted}
        self._sent.write(orjson.dumps(request) + b"\n")
        self._sent.flush()
        answer = orjson.loads(self._got.readline())
        return Counted(answer["response"], Work(*answer["work"]))


@contextmanager
def working(environment: Mapping[str, str], token: str) -> Iterator[Worker]:
    """Yield a process with the application that the environment describes."""
    command = [sys.executable, "-m", "benchmarks.work"]
    # Sets of texts have the same order each time.
    settings = {**environment, "PYTHONHASHSEED": "0", "LOG_LEVEL": "ERROR"}
    with subprocess.Popen(command, env=settings, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield Worker(cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout), token)
        finally:
            process.kill()


class _Clock:
    """Clock that does not advance within a request."""

    def __init__(self) -> None:
        self.seconds = 1_000_000.0

    def stop_all(self) -> None:
        """Stop the clocks of modules that are not imported yet."""
        time.monotonic = time.perf_counter = lambda: self.seconds
        time.time_ns = lambda: int(self.seconds * 10**9)


class _Counter:
    """Counter of bytecodes and steps."""

    def __init__(self) -> None:
        self.turns = 0
        self._steps = bytearray()
        self._ran, self._taken = opcodes()

    def watch_sqlite(self) -> None:
        """Count the steps of the connections that are opened from now on, and do in place what their threads would."""
        import sqlite3  # noqa: PLC0415 — after the clock has stopped.

        import aiosqlite  # noqa: PLC0415 — the same.

        # A function of C, of which no bytecodes are counted; the result of one that is true would end the statement.
        step = partial(self._steps.append, 0)

        class Connection(sqlite3.Connection):
            def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 — the driver's.
                super().__init__(*arguments, **named)
                super().set_progress_handler(step, _EVERY)

            def set_progress_handler(self, *_: object) -> None:
                """Keep the counter: while the clock does not advance, no deadline ends."""

        async def execute(_: aiosqlite.Connection, work: Callable[..., Any], *given: Any, **named: Any) -> Any:  # noqa: ANN401 — the driver's.
            self.turns += 1
            return work(*given, **named)

        sqlite3.connect = partial(sqlite3.connect, factory=Connection, check_same_thread=False)  # type: ignore[assignment]
        aiosqlite.Connection._execute = execute  # type: ignore[assignment, method-assign]  # noqa: SLF001 — all of its methods use it.

    @contextmanager
    def counting(self, *, bytecodes: bool) -> Iterator[None]:
        """Count from 0."""
        self.turns = 0
        self._steps.clear()
        self._taken()
        sys.settrace(self._called if bytecodes else None)
        try:
            yield
        finally:
            sys.settrace(None)

    def work(self) -> Work:
        """Return what was counted."""
        return Work(self._taken(), _EVERY * len(self._steps), self.turns)

    def _called(self, frame: FrameType, _event: str, _argument: object) -> Callable[..., Any] | None:
        if _is_of_loop(frame.f_code.co_filename):
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return self._ran


@cache
def _is_of_loop(file: str) -> bool:
    return any(part in file for part in _LOOP)


def main() -> None:
    """Answer the requests of standard input with what they took."""
    clock, counter = _Clock(), _Counter()
    clock.stop_all()
    counter.watch_sqlite()
    # All that reads a clock keeps the function that it finds when it is imported.
    import asyncio  # noqa: PLC0415
    import gc  # noqa: PLC0415
    from datetime import UTC, datetime  # noqa: PLC0415

    from db.engine import sqlite_engine  # noqa: PLC0415
    from server.app import create_app, open_portal  # noqa: PLC0415
    from server.settings import Settings  # noqa: PLC0415

    # Machines with more cores have more.
    sqlite_engine.READING_THREADS = 3
    settings = Settings.load()
    portal = open_portal(settings)
    began = datetime.now(UTC).timestamp() - clock.seconds
    portal.now = lambda: datetime.fromtimestamp(began + clock.seconds, UTC)
    app = create_app(portal, settings)

    async def answer_all() -> None:
        gc.disable()
        for line in sys.stdin.buffer:
            request = orjson.loads(line)
            with counter.counting(bytecodes=request["counted"]):
                body = await answer(app, request["body"].encode(), request["token"])
            sys.stdout.buffer.write(b'{"work":%b,"response":%b}\n' % (orjson.dumps([*counter.work()]), body))
            sys.stdout.buffer.flush()
            clock.seconds += _PAUSE_SECONDS
            gc.collect()
            gc.freeze()

    try:
        asyncio.run(answer_all())
    finally:
        sys.stderr.flush()
        # Threads of open connections would keep it alive.
        os._exit(0)


if __name__ == "__main__":
    main()
