"""Files of a SQLite database: creation for their owner only, and what prevents their use."""

import errno
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

_MODE = 0o600
_OTHERS = 0o077
_INDEX = "-shm"
_LOGS = ("", "-wal", _INDEX, "-journal")
"""Suffixes of a database file, the files of its log, and its rollback journal."""
_HEADER = b"SQLite format 3\0"


def uri(path: str) -> str:
    """Return the URI by which SQLite opens the file, and never creates it."""
    return f"{Path(path).absolute().as_uri()}?mode=rw"


def regular(path: Path) -> Path:
    """Return the regular or new file that the path is or links to; raise OSError if it is of another kind.

    What takes the place of a link would leave the other file as it is, and what takes the place of a device, the
    machine without it.
    """
    file = Path(os.path.realpath(path))
    if file.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if file.exists() and not file.is_file():
        raise OSError(errno.EINVAL, "It is no regular file", str(path))
    return file


def create(path: str) -> bool:
    """Create an empty file, and its folder, unless the file exists; return whether it was created.

    SQLite gives the files of its log the mode of the database file.
    """
    file = Path(os.path.realpath(path))
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE))
    except FileExistsError:
        return False
    return True


def beside(path: str) -> list[Path]:
    """Return the database file and the files of its log."""
    return [Path(f"{path}{suffix}") for suffix in ("", "-wal", "-shm")]


def logs_of(file: Path) -> list[Path]:
    """Return the files of a log or rollback journal that are beside a database file, whether it exists or not."""
    return [log for suffix in _LOGS[1:] if (log := Path(f"{file}{suffix}")).exists()]


def left_logs(file: Path) -> list[Path]:
    """Return the logs that a database file has left which was moved or removed.

    SQLite does not know whose they are: it would add them to another file of the name, or remove them.
    """
    if file.exists():
        return []
    return [log for log in logs_of(file) if not log.name.endswith(_INDEX) and log.stat().st_size]


def is_part_of(file: Path, path: str, others: Iterable[Path]) -> bool:
    """Return whether a name is that of the database, of a file that is kept beside it, or of one of the others."""
    # SQLite puts the log beside the file that a link names.
    databases = (path, str(Path(path).resolve()))
    parts = [Path(f"{database}{part}{log}") for database in databases for part in ("", "-rates") for log in _LOGS]
    return any(_are_same(file, each) for each in [*parts, *others])


def _are_same(file: Path, other: Path) -> bool:
    if file.exists() and other.exists():
        return file.samefile(other)
    return file.resolve() == other.resolve()


def open_to_others(files: Iterable[Path]) -> Iterator[Path]:
    """Yield the files that users of the machine other than their owner may read or write."""
    for file in files:
        try:
            mode = file.stat().st_mode
        except FileNotFoundError:
            continue
        if mode & _OTHERS:
            yield file


def narrow(file: Path) -> None:
    """Take the file from all users but its owner."""
    file.chmod(_MODE)


def is_database(file: Path) -> bool:
    """Return whether the file can be read and begins as SQLite's do."""
    try:
        with file.open("rb") as opened:
            return file.is_file() and opened.read(len(_HEADER)) == _HEADER
    except OSError:
        return False


def complaint(path: str, *, writes: bool = True) -> str | None:
    """Return a sentence that says why the file can't be read, or written unless that is not needed; None if it can."""
    file = Path(path)
    try:
        return _complaint(file) or (_complaint_of_writing(file) if writes else None)
    except PermissionError as error:
        return f"{error.filename} can't be read: the user who runs this lacks the permission."
    except NotADirectoryError:
        return f"{file.parent} is not a folder; DATABASE_URL names a file in it."


def _complaint(file: Path) -> str | None:
    if not file.exists():
        wrong = f"The database file {file} does not exist"
        if not file.parent.is_dir():
            wrong += f", and neither does its folder {file.parent}"
        return f"{wrong}. Correct DATABASE_URL, or make a new database with: portal migrate"
    if file.is_dir():
        return f"{file} is a folder; DATABASE_URL has to name a file."
    if not file.is_file():
        return f"{file} is not a regular file; DATABASE_URL has to name one."
    with file.open("rb") as opened:
        beginning = opened.read(len(_HEADER))
    if beginning and beginning != _HEADER:
        return f"{file} is not a SQLite database; DATABASE_URL has to name one. The file was not changed."
    return None


def _complaint_of_writing(file: Path) -> str | None:
    # The files of the log are made in the folder.
    for written in (file, file.parent):
        if not os.access(written, os.W_OK):
            return f"{written} can't be written: the user who runs this lacks the permission, or the disk is read-only."
    return None
