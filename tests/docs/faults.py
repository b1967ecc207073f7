"""The table of faults: `python -m tests.docs.faults` runs the tests of its figures, and writes what they measured."""

import re
import sys
from collections.abc import Iterator, Mapping
from math import ceil

import pytest

from tests.docs.pages import ROOT, text

PAGE = "docs/operate/faults.md"
_PREFIX = "fault "
"""What the names of properties of tests begin with that the fixture `recovered` notes."""


def faults(page: str) -> list[list[str]]:
    """Return the cells of each fault: what it is, what callers see, after how many seconds all is well, its test."""
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| ")]
    return [[*cells, test.strip("`")] for *cells, test in rows[2:]]


def is_figure(seconds: str) -> bool:
    """Return whether a cell is a number, and not words."""
    return seconds.replace(".", "").isdecimal()


def measured(report: pytest.TestReport) -> Iterator[tuple[str, float]]:
    """Yield what a test that passed measured, with the name that it noted it by: its own, and perhaps a remark."""
    if report.when == "call" and report.passed:
        for name, seconds in report.user_properties:
            if name.startswith(_PREFIX) and isinstance(seconds, float):
                yield name.removeprefix(_PREFIX), seconds


def with_figures(page: str, found: Mapping[str, float]) -> str:
    """Return the page with these figures, in whole tenths; a row whose test has several cases has the greatest."""
    for fault, seen, seconds, test in faults(page):
        cases = re.compile(re.escape(test) + r"(\[[^\]]*\])?")
        figures = [figure for name, figure in found.items() if cases.fullmatch(name)]
        if is_figure(seconds) and figures:
            before, after = f"| {fault} | {seen} | ", f" | `{test}` |"
            greatest = max(1, ceil(max(figures) * 10)) / 10
            page = page.replace(f"{before}{seconds}{after}", f"{before}{greatest}{after}")
    return page


class _Notes:
    """Plugin of pytest that keeps what the tests measured."""

    def __init__(self) -> None:
        self.found: dict[str, float] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the longest times that a test measured."""
        for name, seconds in measured(report):
            self.found[name] = max(seconds, self.found.get(name, 0))


def main() -> int:
    """Measure, and write the page if all tests passed."""
    page, notes = text(PAGE), _Notes()
    named = {test for *_, seconds, test in faults(page) if is_figure(seconds)}
    status = pytest.main(["-v", *sorted(named)], plugins=[notes])
    if status == pytest.ExitCode.OK:
        (ROOT / PAGE).write_text(with_figures(page, notes.found), encoding="utf-8")
    return int(status)


if __name__ == "__main__":
    sys.exit(main())
