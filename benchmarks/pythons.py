"""Choice of the Python that the portal and its tests run with: `python3 benchmarks/pythons.py` prints its path.

It is the one that runs it, unless another one of this machine is faster by a tenth: a Python that a version manager
compiled without optimizations takes a quarter longer than that of a Linux distribution.
It needs nothing but the standard library, since it runs before anything is installed.
"""

import os
import subprocess
import sys
from pathlib import Path
from timeit import repeat

OLDEST = (3, 11)
NAMES = ("python3", "python3.14", "python3.13", "python3.12", "python3.11")
GAIN_MIN = 1.1
"""How many times as fast another Python has to be: the pace of one varies by a twentieth."""
ROUNDS = 9
"""How often each Python is measured, in turns: a machine that is shared is slow for seconds."""

_FOLDERS = ("/usr/bin", "/usr/local/bin")
_PATIENCE_SECONDS = 20
_MEASURE = "--measure"


class _Row:
    def __init__(self, number: int) -> None:
        self.number = number
        self.name = f"row {number}"

    def shown(self, wanted: dict[str, int]) -> str:
        return f"{self.name}: {wanted.get(self.name, self.number)}"


def _work() -> list[str]:
    """Make objects, call them, and look names up, as most of the portal's code does."""
    rows = [_Row(number) for number in range(500)]
    wanted = {row.name: row.number for row in rows if row.number % 3}
    return sorted(row.shown(wanted) for row in rows)


def pace() -> float:
    """Return how many times a second this Python does the same work: that of the quickest of nine tries."""
    return 20 / min(repeat(_work, number=20, repeat=9))


def pace_of(python: str) -> tuple[str, float] | None:
    """Return the program that a name runs, and its pace; None if it is too old, or can't make environments."""
    try:
        found = subprocess.run(
            [python, "-I", __file__, _MEASURE], capture_output=True, text=True, timeout=_PATIENCE_SECONDS, check=True
        )
        program, measured = found.stdout.splitlines()
        return program, float(measured)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


def fastest(preferred: str) -> str:
    """Return the fastest Python of this machine; the preferred one, unless the gain is large."""
    folders = dict.fromkeys([*os.environ.get("PATH", "").split(os.pathsep), *_FOLDERS])
    files = [Path(folder, name) for folder in folders if folder for name in NAMES]
    others = {os.path.realpath(file): str(file) for file in reversed(files) if file.is_file()}
    paces = dict[str, float]()
    # A version manager has the same program behind several names.
    programs = {os.path.realpath(program): program for program, _ in filter(None, map(pace_of, others.values()))}
    programs.pop(os.path.realpath(preferred), None)
    for program, measured in filter(None, map(pace_of, [preferred, *programs.values()] * ROUNDS)):
        paces[program] = max(measured, paces.get(program, 0))
    best = max(paces, key=paces.__getitem__, default=preferred)
    return best if paces.get(best, 0) > GAIN_MIN * paces.get(preferred, 0) else preferred


def main() -> None:
    """Print the path of the Python to use, or what one of them measures."""
    if sys.version_info < OLDEST:
        sys.exit(1)
    if sys.argv[1:] != [_MEASURE]:
        print(fastest(sys.executable))
        return
    import ensurepip  # noqa: F401, PLC0415 — packages of their own where Debian's Python is installed in parts.
    import venv  # noqa: F401, PLC0415 — the same.

    print(sys.executable, pace(), sep="\n")


if __name__ == "__main__":
    main()
