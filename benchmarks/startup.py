"""`python -m benchmarks.startup`: time until the portal answers, compared with importing its packages."""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from benchmarks import data
from benchmarks.contenders import CONTENDERS
from benchmarks.processes import serving
from benchmarks.results import OURS

_ROUNDS = 5
_PACKAGES = "import sqlalchemy.ext.asyncio, starlette.applications, strawberry, uvicorn"


def main() -> None:
    """Measure one after the other, several times, and print the medians."""
    data.database()
    ways: dict[str, Callable[[], float]] = {
        "the packages": lambda: _run(_PACKAGES),
        "the portal imported": lambda: _run("import server.app"),
        "until it answers": _until_it_answers,
    }
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(_ROUNDS):
        for name, measure in ways.items():
            taken[name].append(measure())
    medians = {name: statistics.median(seconds) for name, seconds in taken.items()}
    for name, median in medians.items():
        print(f"{name:22} {median:6.2f} s   {median / medians['the packages']:5.2f} times the packages")


def _run(statement: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True)
    return time.perf_counter() - began


def _until_it_answers() -> float:
    (ours,) = (contender for contender in CONTENDERS if contender.name == OURS)
    began = time.perf_counter()
    with serving(ours, "FULL"):
        return time.perf_counter() - began


if __name__ == "__main__":
    main()
