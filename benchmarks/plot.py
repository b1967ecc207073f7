"""Plot: bars of requests per second, one group per workload, in SVG for any browser."""

from collections.abc import Iterator, Mapping
from html import escape

from benchmarks.measurement import Cell, Figures, Plan
from benchmarks.workloads import Workload

_WIDTH, _LABELS, _VALUES = 860, 330, 110
_BAR, _GAP, _HEADING = 18, 6, 44
_OURS, _OTHERS, _LIMITS = "#1f6f4a", "#7d93ab", "#c9cfd6"


def drawn(medians: Mapping[Cell, Figures], plan: Plan, connections: int) -> str:
    """Return the plot of the figures with this number of connections."""
    parts: list[str] = []
    top = 8
    for workload in plan.workloads:
        group = list(_group(medians, plan, workload, connections, top))
        if group:
            parts += group
            top += _HEADING + (len(group) - 1) // 3 * (_BAR + _GAP) + 14
    style = "text { font: 13px system-ui, sans-serif; fill: #24292f } .heading { font-weight: 600; font-size: 15px }"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {top}" width="{_WIDTH}" height="{top}">\n'
        f"<style>{style}</style>\n"
        f'<rect width="{_WIDTH}" height="{top}" fill="white"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _group(
    medians: Mapping[Cell, Figures], plan: Plan, workload: Workload, connections: int, top: int
) -> Iterator[str]:
    """Yield a heading, and three elements for each bar."""
    cells = [(contender, Cell(workload.name, connections, contender.name)) for contender in plan.contenders]
    # A constant answer is so much faster that the other bars would be invisible beside it.
    bars = [(each, medians[cell].rps) for each, cell in cells if cell in medians and each.answers]
    if not bars:
        return
    highest = max(rps for _, rps in bars)
    heading = f"{workload.name}: {workload.title}, requests a second with {connections} connections"
    yield f'<text class="heading" x="8" y="{top + 24}">{escape(heading)}</text>'
    for place, (contender, rps) in enumerate(sorted(bars, key=lambda bar: -bar[1])):
        y = top + _HEADING + place * (_BAR + _GAP)
        width = (_WIDTH - _LABELS - _VALUES) * rps / highest
        limit = contender.title.startswith("Limit")
        colour = _OURS if contender.name.startswith("ours") else _LIMITS if limit else _OTHERS
        yield f'<text x="{_LABELS - 8}" y="{y + 14}" text-anchor="end">{escape(contender.title)}</text>'
        yield f'<rect x="{_LABELS}" y="{y}" width="{width:.1f}" height="{_BAR}" fill="{colour}"/>'
        yield f'<text x="{_LABELS + width + 6:.1f}" y="{y + 14}">{rps:,.0f}</text>'
