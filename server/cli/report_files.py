"""Files of reports, written beside their name and moved into place at the end: an import may read the older file."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TextIO

from db.engine import drafts, storage
from domain.sheet_files import UnwritableReport
from server import diagnosis
from server.settings import Settings

_OPEN_ALREADY = ("/dev/std", "/dev/fd/", "/proc/")
"""How paths of open files begin, such as `/dev/stdout`: who has them open would not see a new file in their place."""


@contextmanager
def report_file(path: Path, *, complete: type[Exception]) -> Iterator[TextIO]:
    """Open the file of a report; raise a refusal that names it if that fails.

    A regular file gets its content at the end, or after an error of the type `complete`. After another error it is left
    as it was, because the report would lack bad rows. Other files, such as pipes, are written directly.
    """
    with refused(path):
        replaced = _replaced(path)
        before = None if replaced is None else _usable(replaced)
    with nullcontext(path) if replaced is None else drafts.named(replaced) as written:
        with refused(path):
            # A new file has the permissions of any other.
            file = written.open("w" if replaced is None else "x", encoding="utf-8", newline="")
        try:
            try:
                yield file
            except complete:
                _finish(file, written, replaced, before, path)
                raise
            _finish(file, written, replaced, before, path)
        finally:
            # Closing fails again if the last bytes could not be written.
            with suppress(OSError):
                file.close()
            if replaced is not None:
                written.unlink(missing_ok=True)


@contextmanager
def refused(path: Path) -> Iterator[None]:
    """Turn errors of the operating system into a refusal that names the report."""
    try:
        yield
    except OSError as error:
        raise UnwritableReport(str(path), error) from None


def is_same(file: Path, other: Path) -> bool:
    """Return whether both paths name the same file."""
    try:
        return file.samefile(other)
    except OSError:
        return False


def is_of_database(file: Path, given: Settings) -> bool:
    """Return whether the file is the database of the settings, is kept beside it, or has its secret."""
    path, others = diagnosis.sqlite_file(given.database_url), given.secret_files()
    return any(is_same(file, each) for each in others) if path is None else storage.is_part_of(file, path, others)


def _replaced(path: Path) -> Path | None:
    """Return the regular or new file that the path is or links to, None for any other kind."""
    if str(path.absolute()).startswith(_OPEN_ALREADY):
        return None
    try:
        regular = stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError:
        regular = True
    return Path(os.path.realpath(path)) if regular else None


def _usable(path: Path) -> os.stat_result | None:
    """Return the status of the file, None for a new one; raise an error if it may not be written."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    if not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    return found


def _finish(file: TextIO, written: Path, replaced: Path | None, before: os.stat_result | None, path: Path) -> None:
    with refused(path):
        file.close()
        if replaced is None:
            return
        if before is not None:
            # Only the superuser may give a file away.
            with suppress(PermissionError):
                os.chown(written, before.st_uid, before.st_gid)
            written.chmod(stat.S_IMODE(before.st_mode))
        written.replace(replaced)
