"""`python -m benchmarks.house`: figures of how much a reader of the code has to take in.

The last four lines need the benchmarks' database, which is made if it is missing. With `--entered`, the files that
the page enters follow, each with its functions.
"""

import argparse
import asyncio
import re
import subprocess
import sys
from collections.abc import Collection, Iterable, Sequence
from itertools import groupby
from operator import itemgetter
from types import FrameType

from starlette.applications import Starlette

from benchmarks.paths import PROJECT
from benchmarks.profile import application, ask_all, set_environment
from benchmarks.workloads import WORKLOADS

ROOMS = ("breadth", "domain", "db", "resolvers", "schema", "demo", "server")
_SUPPRESSION = re.compile(r"# noqa|# type: ignore|# pragma|\bcast\(")
_ANY = re.compile(r"\bAny\b")
_IMPORT = re.compile(r"^\s*(from|import) ")
_PICTURES = re.compile(r"\b(stands|whoever|nobody|as above|leads to|is told|brought|at hand)\b", re.IGNORECASE)
"""Words that STYLE.md excludes: pictures of a thing, or names of no actor."""

_PAGE = "W2"
_WARM_UP, _REQUESTS = 20, 5

Entered = frozenset[tuple[str, str]]
"""Functions, each with its file."""


def main() -> None:
    """Print the figures, one per line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.house", description=__doc__)
    parser.add_argument("--entered", action="store_true")
    lists_entered = parser.parse_args().entered
    sources = _lines(f"{room}/**/*.py" for room in ROOMS)
    executor = _lines(["breadth/**/*.py"])
    for name, pattern in (("suppressions", _SUPPRESSION), ("Any", _ANY)):
        print(f"{name} per 1,000 lines: {_rate(pattern, sources):.1f}; in the executor {_rate(pattern, executor):.1f}")
    prose = sources + _lines(["tests/**/*.py", "benchmarks/*.py", "*.md", "docs/**/*.md", "schema.graphql"])
    print(f"pictures in code, tests, docs and SDL: {sum(len(_PICTURES.findall(line)) for line in prose)}")
    print(f"lines of README: {len(_lines(['README.md']))}")
    set_environment()
    entered = asyncio.run(_entered())
    library = {(file, function) for file, function in entered if file.startswith("breadth/")}
    for name, found in (("files", _files), ("functions", len)):
        of_library = found(library)
        print(f"{name} entered by a page of activations with two relations: {found(entered) - of_library}")
        print(f"{name} of the library breadth entered by it: {of_library}")
    if lists_entered:
        for file, functions in groupby(sorted(entered), itemgetter(0)):
            print(f"{file}: {', '.join(function for _, function in functions)}")


def _files(entered: Collection[tuple[str, str]]) -> int:
    return len({file for file, _ in entered})


def _lines(globs: Iterable[str]) -> list[str]:
    tracked = subprocess.run(
        ["git", "ls-files", "--", *(f":(glob){each}" for each in globs)],  # noqa: S607 — the Git of the machine.
        cwd=PROJECT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    return [line for name in tracked for line in (PROJECT / name).read_text(encoding="utf-8").splitlines()]


def _rate(pattern: re.Pattern[str], lines: Sequence[str]) -> float:
    found = sum(len(pattern.findall(line)) for line in lines if not _IMPORT.match(line))
    return found * 1000 / len(lines)


async def _entered() -> Entered:
    """Return the portal's functions that a warm request enters: those of the one of a few that enters the fewest.

    The others have work that comes once in a while, such as a look at the database's files each second.
    """
    (workload,) = (each for each in WORKLOADS if each.name == _PAGE)
    async with application() as app:
        bodies = workload.bodies()
        await ask_all(app, bodies[:_WARM_UP])
        return min([await _entered_by(app, bodies[0]) for _ in range(_REQUESTS)], key=len)


async def _entered_by(app: Starlette, body: bytes) -> Entered:
    entered: set[tuple[str, str]] = set()

    def profile(frame: FrameType, event: str, _argument: object) -> None:
        code = frame.f_code
        name = code.co_filename.removeprefix(f"{PROJECT}/")
        if event == "call" and name.startswith(ROOMS):
            entered.add((name, code.co_qualname))

    # A request that follows another one in the same iteration of the event loop waits for its admission.
    await asyncio.sleep(0)
    sys.setprofile(profile)
    try:
        await ask_all(app, [body])
    finally:
        sys.setprofile(None)
    return frozenset(entered)


if __name__ == "__main__":
    main()
