"""RESULTS.md: what was found, and where, when and how."""

import os
import platform
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks import plot
from benchmarks.contenders import CONTENDERS, Contender
from benchmarks.measuring import Cell, Figures, Found, Plan

OURS = "ours"
_COLUMNS = (
    "connections",
    "contender",
    "requests/s",
    "of the portal's",
    "p50 ms",
    "p99 ms",
    "work ms",
    "memory MiB",
    "rounds",
)


def write(found: Found, plan: Plan, into: Path, *, command: str) -> None:
    """Write the tables and the plot into that folder."""
    into.mkdir(parents=True, exist_ok=True)
    medians = found.medians()
    lines = [
        "# Results",
        "",
        *_circumstances(found, plan, command),
        "",
        f"![Requests a second with {_shown(plan)} connections](results.svg)",
        "",
        *_overview(medians, plan),
        *_tables(found, medians, plan),
        *_refusals(found),
        *_versions(plan),
    ]
    (into / "RESULTS.md").write_text("\n".join(lines).rstrip() + "\n")
    (into / "results.svg").write_text(plot.drawn(medians, plan, _shown(plan)))
    print(f"\n{into / 'RESULTS.md'} and results.svg have it in tables and as a picture.")


def _shown(plan: Plan) -> int:
    """How many connections the picture and the overview are of: the number in the middle."""
    return sorted(plan.connections)[len(plan.connections) // 2]


def _circumstances(found: Found, plan: Plan, command: str) -> Iterator[str]:
    yield (
        f"Measured on {found.began:%Y-%m-%d} with `{command}`: {plan.rounds} rounds of {plan.seconds} s after "
        f"{plan.warm_up} s of warming up; every figure is the median of its rounds. Made by the benchmark itself; "
        "[README.md](README.md) says what the workloads are, how fair they are, and what the columns mean."
    )
    yield ""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    yield (
        f"Machine: {_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} "
        f"{platform.release()}. The server has one core, and wrk the other one."
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _overview(medians: Mapping[Cell, Figures], plan: Plan) -> Iterator[str]:
    connections = _shown(plan)
    names = [workload.name for workload in plan.workloads]
    yield f"## Requests a second, with {connections} connections"
    yield ""
    yield "In brackets: how many times as many as the portal answers."
    yield ""
    yield f"| | {' | '.join(names)} |"
    yield f"| --- |{' ---: |' * len(names)}"
    for contender in plan.contenders:
        cells = [_rate(medians, Cell(name, connections, contender.name)) for name in names]
        yield f"| {contender.title} | {' | '.join(cells)} |"
    yield ""


def _rate(medians: Mapping[Cell, Figures], cell: Cell) -> str:
    figures = medians.get(cell)
    if figures is None:
        return "–"
    ours = medians.get(cell._replace(contender=OURS))
    ratio = "" if ours is None or cell.contender == OURS else f" ({figures.rps / ours.rps:.2f}×)"
    return f"{figures.rps:,.0f}{ratio}"


def _tables(found: Found, medians: Mapping[Cell, Figures], plan: Plan) -> Iterator[str]:
    for workload in plan.workloads:
        yield f"## {workload.name}: {workload.title}"
        yield ""
        yield f"| {' | '.join(_COLUMNS)} |"
        yield f"| ---: | --- |{' ---: |' * (len(_COLUMNS) - 3)} --- |"
        for connections in plan.connections:
            for contender in plan.contenders:
                cell = Cell(workload.name, connections, contender.name)
                if cell in medians:
                    yield _row(cell, contender, medians, found)
        yield ""


def _row(cell: Cell, contender: Contender, medians: Mapping[Cell, Figures], found: Found) -> str:
    figures, ours = medians[cell], medians.get(cell._replace(contender=OURS))
    ratio = "–" if ours is None else f"{figures.rps / ours.rps:.2f}×"
    rounds = ", ".join(f"{each.rps:.0f}" for each in found.rounds[cell])
    return (
        f"| {cell.connections} | {contender.title} | {figures.rps:,.0f} | {ratio} | {figures.p50:.2f} | "
        f"{figures.p99:.2f} | {figures.work:.2f} | {figures.memory:.0f} | {rounds} |"
    )


def _refusals(found: Found) -> Iterator[str]:
    if found.refused:
        yield "## Not measured"
        yield ""
        for (contender, workload), reason in found.refused.items():
            yield f"- {contender} with {workload}: {reason}"
        yield ""


def _versions(plan: Plan) -> Iterator[str]:
    yield "## Versions"
    yield ""
    yield "| | |"
    yield "| --- | --- |"
    for contender in CONTENDERS:
        if contender in plan.contenders:
            versions = ", ".join(f"{name} {version}" for name, version in contender.versions().items())
            yield f"| {contender.title} | {versions} |"
