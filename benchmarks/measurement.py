"""Measurement: one workload after the other, in rounds with every contender."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import median
from typing import Any, NamedTuple

from benchmarks import comparison, data
from benchmarks.comparison import OtherAnswerError
from benchmarks.contenders import Contender
from benchmarks.load import Load, load
from benchmarks.paths import CACHE
from benchmarks.pragmas import CannotError
from benchmarks.processes import FailedError, Server, Writing, serving, stay_off_the_servers_core
from benchmarks.workloads import ORDERS, REQUESTS, Workload

_STRIDE = 137
"""Offset between the first requests of two runs, so that no two start with the same pages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is measured, and for how long."""

    contenders: Sequence[Contender]
    workloads: Sequence[Workload]
    connections: Sequence[int]
    seconds: int
    warm_up: int
    rounds: int


class Cell(NamedTuple):
    """Figures that are compared: a workload with a number of connections."""

    workload: str
    connections: int
    contender: str


class Figures(NamedTuple):
    """Requests per second, milliseconds of latency and of work, and MiB."""

    rps: float
    p50: float
    p99: float
    work: float
    memory: float


@dataclass(slots=True)
class Found:
    """Results, and the reasons for contenders that were not measured."""

    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    rounds: dict[Cell, list[Figures]] = field(default_factory=dict)
    refused: dict[tuple[str, str], str] = field(default_factory=dict)

    def medians(self) -> Mapping[Cell, Figures]:
        """Return the median of the rounds, separately for each figure."""
        return {
            cell: Figures(*(median(values) for values in zip(*rounds, strict=True)))
            for cell, rounds in self.rounds.items()
        }


def measure(plan: Plan, measured: Callable[[Found], object]) -> Found:
    """Measure; call `measured` with the results so far after each workload."""
    data.database()
    (CACHE / "run").mkdir(exist_ok=True)
    stay_off_the_servers_core()
    found = Found()
    for workload in plan.workloads:
        right = comparison.reference(workload)
        for number in range(plan.rounds):
            for contender in plan.contenders:
                if contender.only is None or workload.name in contender.only:
                    _try(_Turn(plan, workload, contender, number), right, found)
        measured(found)
    return found


class _Turn(NamedTuple):
    plan: Plan
    workload: Workload
    contender: Contender
    round: int


def _try(turn: _Turn, right: Sequence[Any], found: Found) -> None:
    """Measure a contender, unless it has failed or answered differently before."""
    place = turn.contender.name, turn.workload.name
    if place in found.refused:
        return
    try:
        with serving(turn.contender, turn.workload.durability) as server:
            if turn.round == 0:
                comparison.compare(turn.contender, server, turn.workload, right)
            _measure(turn, server, found)
    except (OtherAnswerError, CannotError, FailedError) as error:
        found.refused[place] = str(error)
        print(f"{turn.workload.name:4} {turn.contender.name:10} not measured: {error}", flush=True)


def _measure(turn: _Turn, server: Server, found: Found) -> None:
    plan, workload = turn.plan, turn.workload
    bodies = workload.write_bodies(CACHE / "run" / "bodies")
    load(server, bodies, connections=max(plan.connections), seconds=plan.warm_up, begin=0)
    for place, connections in enumerate(plan.connections, turn.round * len(plan.connections) + 1):
        begin = place * _STRIDE % REQUESTS
        with Writing(server, ORDERS.bodies() if turn.contender.answers else []) as writing:
            loaded = load(server, bodies, connections=connections, seconds=plan.seconds, begin=begin)
        if loaded.faults or writing.failed:
            message = f"{loaded.faults} requests failed, and {writing.failed} of the orders beside them"
            raise FailedError(message)
        cell = Cell(workload.name, connections, turn.contender.name)
        found.rounds.setdefault(cell, []).append(_figures(loaded, server))
        _print(cell, found.rounds[cell][-1], turn.round)


def _figures(loaded: Load, server: Server) -> Figures:
    return Figures(loaded.rps, loaded.p50, loaded.p99, loaded.work, server.memory())


def _print(cell: Cell, figures: Figures, number: int) -> None:
    print(
        f"{cell.workload:4} {cell.contender:10} {cell.connections:3} connections, round {number + 1}: "
        f"{figures.rps:8.0f} requests/s  p50 {figures.p50:7.2f} ms  p99 {figures.p99:7.2f} ms  "
        f"work {figures.work:6.2f} ms  {figures.memory:5.0f} MiB",
        flush=True,
    )
