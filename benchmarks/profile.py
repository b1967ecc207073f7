"""`python -m benchmarks.profile W2`: profile of the portal's time within a request, without a network.

The application gets requests one after the other, in this process. Every thread is profiled, without the calls in which
it waits for another one. The sum is scaled to the unprofiled time of the same requests, since many small functions look
more expensive under a profiler. Then each of a request's statements is run alone, which shows the part that is
SQLite's.
"""

import argparse
import asyncio
import gc
import os
import sqlite3
import threading
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from cProfile import Profile
from pathlib import Path
from secrets import token_hex
from types import CodeType
from typing import Any, NamedTuple

import orjson
from graphql import parse, validate
from starlette.applications import Starlette

from benchmarks import data
from benchmarks.asgi import answer
from benchmarks.paths import CACHE, PROJECT
from benchmarks.pragmas import portal_url
from benchmarks.workloads import WORKLOADS, Workload
from schema.root import GRAPHQL_SCHEMA
from server.app import create_app, open_portal
from server.settings import Settings

_WARM_UP, _REQUESTS = 50, 300
_AREAS = (
    ("SQLite itself", ("sqlite3.",)),
    ("JSON, by orjson", ("orjson.",)),
    ("execution by batch", ("breadth/",)),
    ("graphql-core", ("site-packages/graphql/",)),
    ("strawberry", ("site-packages/strawberry/",)),
    ("fields (schema/)", (f"{PROJECT}/schema/",)),
    ("resolvers/", (f"{PROJECT}/resolvers/",)),
    ("statements (db/)", (f"{PROJECT}/db/",)),
    ("domain/", (f"{PROJECT}/domain/",)),
    ("SQLAlchemy", ("site-packages/sqlalchemy/",)),
    ("aiosqlite and its thread", ("site-packages/aiosqlite/", "threading.py", "queue.py", "_queue.")),
    ("HTTP (server/, starlette)", (f"{PROJECT}/server/", "site-packages/starlette/", "site-packages/anyio/")),
    ("log", ("structlog/", "logging/")),
    ("asyncio", ("asyncio/", "contextvars", "select", "_asyncio", "_socket")),
)
_REST = "the rest"
_WAITING = (
    "'get' of '_queue.SimpleQueue'",
    "'poll' of 'select.epoll'",
    "'acquire' of '_thread.lock'",
    # Wakes the event loop, which then has the interpreter until it waits again.
    "'send' of '_socket.socket'",
)
_SHOWN = 20


class Spent(NamedTuple):
    """Time of a function itself, and of the built-in functions that it called."""

    code: CodeType | str
    calls: int
    seconds: float
    built_in: Sequence[tuple[str, float]]

    def and_more(self, calls: int, seconds: float, built_in: Sequence[tuple[str, float]]) -> "Spent":
        """Return the sum with the same function's time in another thread."""
        return Spent(self.code, self.calls + calls, self.seconds + seconds, [*self.built_in, *built_in])


class _Threads:
    """Profiles of this thread and of those that start within `begun`, counted within `counting`."""

    def __init__(self) -> None:
        self._profiles: list[Profile] = []
        self._run = threading.Thread.run

    @contextmanager
    def begun(self) -> Iterator[None]:
        """Profile the threads that start in this context."""
        run, profiles = self._run, self._profiles

        def profiled(thread: threading.Thread) -> None:
            profile = Profile()
            profiles.append(profile)
            profile.enable()
            try:
                run(thread)
            finally:
                profile.disable()

        threading.Thread.run = profiled  # type: ignore[method-assign, assignment]
        try:
            yield
        finally:
            threading.Thread.run = run  # type: ignore[method-assign]

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Count in this thread and the profiled ones within this context, and keep the result."""
        for profile in self._profiles:
            profile.clear()
        mine = Profile()
        self._profiles.append(mine)
        mine.enable()
        yield
        mine.disable()

    def spent(self) -> list[Spent]:
        """Return the counted times. The profiles stay enabled: disabling one takes the clock of its own thread."""
        found = dict[CodeType | str, Spent]()
        for entry in [entry for profile in self._profiles for entry in profile.getstats()]:
            callees = [(callee.code, callee.inlinetime) for callee in entry.calls or ()]
            built_in = [(code, seconds) for code, seconds in callees if isinstance(code, str) and not _waits(code)]
            before = found.get(entry.code, Spent(entry.code, 0, 0.0, []))
            if not _waits(entry.code):
                found[entry.code] = before.and_more(entry.callcount, entry.inlinetime, built_in)
        return list(found.values())


def _waits(code: CodeType | str) -> bool:
    return isinstance(code, str) and any(waiting in code for waiting in _WAITING)


def main() -> None:
    """Profile the workload of the arguments."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profile", description=__doc__)
    names = [workload.name for workload in WORKLOADS]
    parser.add_argument("workload", choices=names)
    parser.add_argument("--requests", type=int, default=_REQUESTS)
    given = parser.parse_args()
    chosen = next(workload for workload in WORKLOADS if workload.name == given.workload)
    file = set_environment()
    print(f"{chosen.name}: {chosen.title}; {given.requests} requests\n")
    alone = asyncio.run(_alone(chosen, given.requests))
    statements, spent = asyncio.run(_profiled(chosen, given.requests))
    _print_areas(spent, alone, given.requests)
    _print_functions(spent, alone)
    _print_statements(file, statements, given.requests)
    _print_document(chosen)


def set_environment() -> Path:
    """Set the portal's settings to a copy of the database, and return it."""
    (CACHE / "run").mkdir(parents=True, exist_ok=True)
    file = data.copy(CACHE / "run" / "profile.db")
    os.environ |= {"DATABASE_URL": portal_url(file, "FULL"), "LOG_LEVEL": "WARNING", "SECRET_KEY": token_hex(32)}
    return file


async def _alone(workload: Workload, requests: int) -> float:
    """Return the milliseconds of processor time per request, unprofiled."""
    async with application() as app:
        bodies = workload.bodies()
        await ask_all(app, bodies[:_WARM_UP])
        gc.collect()
        begin, cpu = time.perf_counter(), time.process_time()
        size = await ask_all(app, bodies[_WARM_UP : _WARM_UP + requests])
        wall, cpu = time.perf_counter() - begin, time.process_time() - cpu
    print(f"unprofiled: {wall * 1000 / requests:.3f} ms a request, {cpu * 1000 / requests:.3f} ms of it at work")
    print(f"an answer has {size / requests / 1024:.1f} KiB\n")
    return cpu * 1000 / requests


async def _profiled(workload: Workload, requests: int) -> tuple[list[str], list[Spent]]:
    """Return the statements that the requests ran, and the profile of running them."""
    threads, statements = _Threads(), list[str]()
    with threads.begun(), traced(statements.append):
        async with application() as app:
            bodies = workload.bodies()
            await ask_all(app, bodies[:_WARM_UP])
            statements.clear()
            with threads.counting():
                await ask_all(app, bodies[_WARM_UP : _WARM_UP + requests])
            return statements, threads.spent()


@asynccontextmanager
async def application() -> AsyncIterator[Starlette]:
    """Yield the portal's application, within its lifespan."""
    settings = Settings.load()
    app = create_app(open_portal(settings), settings)
    async with app.router.lifespan_context(app):
        yield app


async def ask_all(app: Starlette, bodies: Sequence[bytes]) -> int:
    """Return the bytes of all answers together."""
    return sum([await ask(app, body) for body in bodies])


async def ask(app: Starlette, body: bytes) -> int:
    """Return the bytes of an answer; raise LookupError if it has errors."""
    given = await answer(app, body, data.SECRET)
    if b'"errors":' in given:
        raise LookupError(given[:500])
    return len(given)


@contextmanager
def traced(observe: Callable[[str], object]) -> Iterator[None]:
    """Call `observe` with every statement and its values, on the connections opened in this context."""
    connect = sqlite3.connect

    def traced(*arguments: Any, **named: Any) -> sqlite3.Connection:  # noqa: ANN401 — the driver's.
        connection: sqlite3.Connection = connect(*arguments, **named)
        connection.set_trace_callback(observe)
        return connection

    sqlite3.connect = traced  # type: ignore[assignment]
    try:
        yield
    finally:
        sqlite3.connect = connect


def _area(code: CodeType | str) -> str | None:
    """Return the area that a function belongs to; None for a built-in one that belongs to its caller."""
    where, otherwise = (code, None) if isinstance(code, str) else (code.co_filename, _REST)
    return next((area for area, parts in _AREAS if any(part in where for part in parts)), otherwise)


def _print_areas(spent: Sequence[Spent], alone: float, requests: int) -> None:
    areas = defaultdict[str, float](float)
    for function in spent:
        area = _area(function.code)
        if area is not None:
            areas[area] += function.seconds
            for built_in, seconds in function.built_in:
                if _area(built_in) is None:
                    areas[area] += seconds
    total = sum(areas.values())
    print(f"profiled: {total * 1000 / requests:.3f} ms at work a request; scaled to the unprofiled {alone:.3f} ms\n")
    for area, seconds in sorted(areas.items(), key=lambda each: -each[1]):
        print(f"  {area:30} {alone * seconds / total:8.3f} ms  {seconds / total:6.1%}")


def _print_functions(spent: Sequence[Spent], alone: float) -> None:
    total = sum(function.seconds for function in spent)
    print(f"\nThe {_SHOWN} functions that take most of it by themselves:\n")
    for code, calls, own, _ in sorted(spent, key=lambda function: -function.seconds)[:_SHOWN]:
        where = code if isinstance(code, str) else f"{_short(code.co_filename)}:{code.co_firstlineno} {code.co_name}"
        print(f"  {alone * own / total:8.3f} ms  {own / total:6.1%}  {calls:8} calls  {where}")


def _short(file: str) -> str:
    return file.removeprefix(f"{PROJECT}/").rpartition("site-packages/")[2]


def _print_statements(file: Path, statements: Sequence[str], requests: int) -> None:
    """Run the reading statements once more, alone, and print the time of each kind of statement."""
    connection = sqlite3.connect(file, isolation_level=None)
    reading = [statement for statement in statements if statement.lstrip().startswith(("SELECT", "WITH"))]
    kinds, seconds = Counter[str](), defaultdict[str, float](float)
    for statement in reading:
        begin = time.perf_counter()
        connection.execute(statement).fetchall()
        kind = statement.partition("FROM ")[2].split(maxsplit=1)[0]
        seconds[kind] += time.perf_counter() - begin
        kinds[kind] += 1
    connection.close()
    whole = sum(seconds.values()) * 1000 / requests
    print(
        f"\n{len(statements) / requests:.1f} statements a request. Those that read, run alone, parsing included: "
        f"{whole:.3f} ms\n"
    )
    for kind, spent in sorted(seconds.items(), key=lambda each: -each[1]):
        print(f"  {spent * 1000 / requests:8.3f} ms  {kinds[kind] / requests:6.2f} a request  FROM {kind}")


def _print_document(workload: Workload) -> None:
    """Print what is saved by caching a parsed and validated document."""
    text = orjson.loads(workload.bodies()[0])["query"]
    begin = time.perf_counter()
    document = parse(text)
    parsed = time.perf_counter()
    validate(GRAPHQL_SCHEMA, document)
    validated = time.perf_counter()
    print(
        f"\nA document that was not asked for lately: {(parsed - begin) * 1000:.3f} ms to parse, "
        f"{(validated - parsed) * 1000:.3f} ms to validate."
    )


if __name__ == "__main__":
    main()
