"""Disks that fail: limits of this process that are lifted at once."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NOBODY = 65534


@contextmanager
def no_longer_files(longest: int, *, pid: int = 0) -> Iterator[None]:
    """Let a process, this one by default, write no file beyond that length."""
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (longest, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


@contextmanager
def read_only(file: Path) -> Iterator[None]:
    """Take from this process the permission to write the file and its folder."""
    with _as_nobody(file) if os.geteuid() == 0 else _without_bits(file):
        yield


@contextmanager
def _as_nobody(file: Path) -> Iterator[None]:
    # Root may write everything, and no other user may enter the folders of tests.
    closed = [each for each in file.parents if not each.stat().st_mode & 0o001]
    for each in closed:
        each.chmod(each.stat().st_mode | 0o011)
    os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
        for each in closed:
            each.chmod(each.stat().st_mode & ~0o011)


@contextmanager
def _without_bits(file: Path) -> Iterator[None]:
    paths = [*file.parent.iterdir(), file.parent]
    for each in paths:
        each.chmod(each.stat().st_mode & ~0o222)
    try:
        yield
    finally:
        for each in reversed(paths):
            each.chmod(each.stat().st_mode | 0o200)
