"""What all processes of a test run share, and the first that needs it makes."""

import fcntl
import os
import shutil
from collections.abc import Callable
from io import FileIO
from pathlib import Path

_LIFE = "life"

_runs: list[Path] = []


def begin(folder: Path, *, is_first: bool) -> None:
    """Take the folder of the run, which is deleted at its end; the run lasts as long as its first process."""
    _runs.append(folder)
    if is_first:
        os.mkfifo(folder / _LIFE)
        # It stays open until this process ends, also if it is killed. Only as a reader can a writer open it at once.
        os.open(folder / _LIFE, os.O_RDWR)


def life(folder: Path) -> FileIO:
    """Open what has nothing to read while the first process of the run lives, and then is at its end."""
    return FileIO(os.open(folder / _LIFE, os.O_RDONLY | os.O_NONBLOCK))


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
