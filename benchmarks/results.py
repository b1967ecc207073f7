"""RESULTS.md: the results, and where, when and how they were measured."""

import os
import platform
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from benchmarks import plot
from benchmarks.contenders import CONTENDERS, Contender
from benchmarks.measurement import Cell, Figures, Found, Plan

OURS = "ours"
_JUDGED = "## Assessment"
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
        f"## Requests a second, with {_shown(plan)} connections",
        "",
        "In brackets: how many times as many as the portal answers.",
        "",
        *_overview(medians, plan, lambda figures: figures.rps, ",.0f"),
        f"## Milliseconds of work for a request, with {_shown(plan)} connections",
        "",
        "In brackets: how many times as much as the portal's.",
        "",
        *_overview(medians, plan, lambda figures: figures.work, ",.2f"),
        *_tables(found, medians, plan),
        *_refusals(found),
        *_versions(plan),
        "",
        *_judged(into / "RESULTS.md"),
    ]
    (into / "RESULTS.md").write_text("\n".join(lines).rstrip() + "\n")
    (into / "results.svg").write_text(plot.drawn(medians, plan, _shown(plan)))
    print(f"\n{into / 'RESULTS.md'} and results.svg have it in tables and as a picture.")


def _judged(file: Path) -> list[str]:
    """Return the people's judgement of earlier results, which is kept until they rewrite it."""
    _, heading, text = file.read_text().partition(_JUDGED) if file.exists() else ("", "", "")
    return (heading + text).splitlines()


def _shown(plan: Plan) -> int:
    """Return the number of connections of the plot and the overview: the number in the middle."""
    return sorted(plan.connections)[len(plan.connections) // 2]


def _circumstances(found: Found, plan: Plan, command: str) -> Iterator[str]:
    yield (
        f"Measured on {found.began:%Y-%m-%d} with `{command}`: {plan.seconds} s after {plan.warm_up} s of "
        f"warming up, {plan.rounds} times; every figure is the median. Made by the benchmark itself; "
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


def _overview(
    medians: Mapping[Cell, Figures], plan: Plan, figure: Callable[[Figures], float], form: str
) -> Iterator[str]:
    """Yield one figure of every contender, with the number of connections in the middle."""
    names = [workload.name for workload in plan.workloads]
    yield f"| | {' | '.join(names)} |"
    yield f"| --- |{' ---: |' * len(names)}"
    for contender in plan.contenders:
        row = [contender.title]
        for name in names:
            cell = Cell(name, _shown(plan), contender.name)
            here, ours = medians.get(cell), medians.get(cell._replace(contender=OURS))
            ratio = f" ({figure(here) / figure(ours):.2f}×)" if here and ours and here is not ours else ""
            row.append(f"{figure(here):{form}}{ratio}" if here else "–")
        yield f"| {' | '.join(row)} |"
    yield ""


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
    ratio = "–" if ours is None or not ours.rps else f"{figures.rps / ours.rps:.2f}×"
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
