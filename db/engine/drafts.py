"""Drafts: files that get their name when they are complete, and are removed otherwise."""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory

from db.engine import storage


@contextmanager
def near(file: Path) -> Iterator[Path]:
    """Yield an empty file beside the file, or in the folder of temporary files if that folder can't be written."""
    with ExitStack() as stack:
        is_writable = os.access(file.parent, os.W_OK, effective_ids=True)
        folder = file.parent if is_writable else Path(stack.enter_context(TemporaryDirectory()))
        yield stack.enter_context(beside(folder / file.name))


@contextmanager
def beside(file: Path) -> Iterator[Path]:
    """Yield an empty file beside the file, for its owner only, which is removed at the end unless it was renamed."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with named(file) as draft:
        storage.create(str(draft))
        try:
            yield draft
        finally:
            for each in (*storage.logs_of(draft), draft):
                each.unlink(missing_ok=True)


@contextmanager
def named(file: Path) -> Iterator[Path]:
    """Yield a name for a draft beside the file, and remove drafts of the file that killed processes have left."""
    draft = file.with_name(f".{file.name}.{token_hex(4)}.draft")
    with ExitStack() as stack:
        # The caller, who makes the draft, says what is wrong with the folder.
        with suppress(OSError):
            folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
            stack.callback(os.close, folder)
            _remove_left(file, folder)
        yield draft


def _remove_left(file: Path, folder: int) -> None:
    """Remove drafts of the file unless a process makes one in the folder, which has a lock on it meanwhile."""
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pass
    else:
        left = re.compile(rf"\.{re.escape(file.name)}\.[0-9a-f]{{8}}\.draft(-wal|-shm|-journal)?")
        for each in file.parent.iterdir():
            if left.fullmatch(each.name):
                each.unlink(missing_ok=True)
    # Without waiting: the program that runs this one may have the lock.
    fcntl.flock(folder, fcntl.LOCK_SH | fcntl.LOCK_NB)
