"""What all processes of a test run share, and the first that needs it makes."""

import fcntl
import shutil
from collections.abc import Callable
from pathlib import Path

_runs: list[Path] = []


def begin(folder: Path) -> None:
    """Take the folder of the run, which is deleted at its end."""
    _runs.append(folder)


def made(name: str, make: Callable[[Path], object], *, within: Path | None = None) -> Path:
    """Return a folder of the run, or within another one, which `make` fills in one process while the others wait."""
    within = within or _runs[-1]
    found = within / name
    with (within / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not found.exists():
            filling = within / f"{name}.new"
            # What failed in another process is made again.
            shutil.rmtree(filling, ignore_errors=True)
            filling.mkdir()
            make(filling)
            filling.rename(found)
    return found
