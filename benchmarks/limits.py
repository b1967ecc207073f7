"""`python -m benchmarks.limits`: what the limits of callers take of a request, beside the same tree without them.

Bytecodes are counted in this process, in all threads, from a request to its answer: with the limits, without any, and
without those of each kind. With `--instructions`, Valgrind counts those of the processor in `portal serve`, as
`benchmarks.instructions` does, but the fewest of some tens of requests: those have the least of the process's periodic
work, which is not the callers', and differs by more than the limits on a busy machine.
"""

import argparse
import asyncio
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from types import FrameType
from typing import Any

from starlette.applications import Starlette

from benchmarks import data, unlimited
from benchmarks.contenders import CONTENDERS
from benchmarks.instructions import PATIENCE_SECONDS, Callgrind, counted
from benchmarks.processes import serving
from benchmarks.profile import application, ask_all, set_environment
from benchmarks.results import OURS
from benchmarks.workloads import WORKLOADS, Workload

_WARM_UP, _REQUESTS, _TIMES = 30, 15, 3
_DURABILITY = "FULL"


class Bytecodes:
    """Counter of the bytecodes that Python runs, in this thread and in those that start within `begun`."""

    def __init__(self) -> None:
        self.number = 0
        self._is_counting = False

    @contextmanager
    def begun(self) -> Iterator[None]:
        """Prepare to count in threads that start in this context."""
        threading.settrace(self._trace)
        try:
            yield
        finally:
            threading.settrace(None)

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Count within this context, from 0."""
        self.number, self._is_counting = 0, True
        sys.settrace(self._trace)
        try:
            yield
        finally:
            sys.settrace(None)
            self._is_counting = False

    def _trace(self, frame: FrameType, event: str, _argument: object) -> Callable[..., Any] | None:
        if event == "opcode":
            self.number += 1
        elif event == "call":
            if not self._is_counting:
                return None
            frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return self._trace


def main() -> None:
    """Print what the workloads of the arguments take with the limits and without them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.limits", description=__doc__)
    known = {workload.name: workload for workload in WORKLOADS if workload.durability == _DURABILITY}
    parser.add_argument("workloads", nargs="*", default=list(known), help=f"some of {' '.join(known)}")
    parser.add_argument("--instructions", action="store_true", help="count processor instructions; needs Valgrind")
    given = parser.parse_args()
    workloads = [known[name] for name in given.workloads]
    if given.instructions:
        _print_instructions(workloads)
    else:
        _print_bytecodes(workloads)


def _print_instructions(workloads: Sequence[Workload]) -> None:
    data.database()
    print("thousands of instructions a request: without limits, with them, and how much more that is")
    without, limited = (_instructions(workloads, free=free) for free in (True, False))
    for workload, one, other in zip(workloads, without, limited, strict=True):
        print(f"{workload.name} {one / 1000:10,.0f} {other / 1000:10,.0f} {_percent(other - one, one)}")


def _print_bytecodes(workloads: Sequence[Workload]) -> None:
    set_environment()
    limited = asyncio.run(_bytecodes(workloads))
    found: list[list[list[int]]] = []
    for kinds in (tuple(unlimited.EDITS), *([kind] for kind in unlimited.EDITS)):
        with unlimited.without(kinds):
            found.append(asyncio.run(_bytecodes(workloads)))
    print("bytecodes a request, and what the limits take of them")
    print(f"   {'with':>9} {'all':>8}   ", "".join(f"{kind:>13}" for kind in unlimited.EDITS))
    for number, workload in enumerate(workloads):
        counts, without = limited[number], [each[number] for each in found]
        # Pages differ, so each is compared with itself.
        taken = [median(one - other for one, other in zip(counts, each, strict=True)) for each in without]
        parts = (f"{each:5.0f} {_percent(each, median(without[0]))}" for each in taken)
        print(workload.name, f"{median(counts):9,.0f}", *parts)


def _percent(part: float, whole: float) -> str:
    return f"{part / whole:+6.1%}"


async def _bytecodes(workloads: Sequence[Workload]) -> list[list[int]]:
    """Return the bytecodes of some requests of each workload: the fewest of several times."""
    counter = Bytecodes()
    with counter.begun():
        async with application() as app:
            return [[await _fewest(app, counter, body) for body in await _warm(app, each)] for each in workloads]


async def _warm(app: Starlette, workload: Workload) -> Sequence[bytes]:
    bodies = workload.bodies()[: _WARM_UP + _REQUESTS]
    # The ids of all of them, since what the process keeps of them is kept for the next application too.
    await ask_all(app, bodies)
    return bodies[_WARM_UP:]


async def _fewest(app: Starlette, counter: Bytecodes, body: bytes) -> int:
    counts = []
    for _ in range(_TIMES):
        with counter.counting():
            await ask_all(app, [body])
        counts.append(counter.number)
    return min(counts)


def _instructions(workloads: Sequence[Workload], *, free: bool) -> list[float]:
    """Return the processor instructions of a request of each workload."""
    (ours,) = (contender for contender in CONTENDERS if contender.name == OURS)
    with tempfile.TemporaryDirectory() as folder:
        callgrind = Callgrind(Path(folder) / "counts")
        under = [*callgrind.command(), *(["-m", "benchmarks.unlimited"] if free else [])]
        with serving(ours, _DURABILITY, under=under, patience_seconds=PATIENCE_SECONDS) as server:
            return [counted(server, callgrind, workload, chosen=min) for workload in workloads]


if __name__ == "__main__":
    main()
