"""Copies of a SQLite file: made while others write, and put in the place of a database that is not open."""

import contextlib
import errno
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import chain, count
from pathlib import Path

import sqlalchemy as sa

from db.engine import storage

_LOCKS, _LOCKS_LENGTH = 0x40000000, 512
"""Bytes of a file on which SQLite puts its locks: each connection that uses a log has one of them all the time."""

_DAMAGED = frozenset({sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT})
_PAGE_BYTES = 4096
"""Length of a page, the only one of a file without tables."""


_READING = frozenset(
    {
        sqlite3.SQLITE_IOERR_CORRUPTFS,
        sqlite3.SQLITE_IOERR_READ,
        sqlite3.SQLITE_IOERR_SHORT_READ,
        sqlite3.SQLITE_IOERR_SHMLOCK,
        sqlite3.SQLITE_IOERR_SHMMAP,
        sqlite3.SQLITE_IOERR_SHMOPEN,
        sqlite3.SQLITE_IOERR_SHMSIZE,
    }
)
"""Errors of a disk, while a copy is made, that only the file that is read has."""
_OF_A_DISK = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY})
_WITHOUT_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})
"""Errors of disks that have no hard links."""


class InUseError(Exception):
    """Another process has the database open."""


class UnwritableCopyError(Exception):
    """The disk that a copy is written to failed; the cause is SQLite's error."""


def url_of(file: Path) -> str:
    """Return the URL of a SQLite file."""
    return sa.URL.create("sqlite+aiosqlite", database=str(file)).render_as_string()


def copy(source: Path, target: Path) -> None:
    """Copy a database, with what is in its log, as it is at one moment; writers don't wait meanwhile.

    The target is an empty file. Raises sqlite3.Error if the source can't be read, and UnwritableCopyError if the
    target can't be written.
    """
    try:
        _copy(storage.uri(str(source)), target)
    except sqlite3.OperationalError:
        if not _is_alone_on_a_read_only_disk(source):
            raise
        before = source.stat().st_mtime_ns
        _copy(f"{source.absolute().as_uri()}?mode=ro&immutable=1", target)
        # Another user may write what this one can't.
        if source.stat().st_mtime_ns != before or _has_log(source):
            _copy(storage.uri(str(source)), target)


def check_unused(path: Path) -> None:
    """Raise InUseError if another process has the database open, as far as this user may find out."""
    try:
        with _alone(path):
            pass
    except FileNotFoundError:
        pass
    except OSError as error:
        if error.errno not in {errno.EACCES, errno.EPERM, errno.EROFS}:
            raise


def discard_empty(path: Path) -> bool:
    """Remove a database file without tables that no other process has open; return whether it was removed."""
    _, log, index = storage.beside(str(path))
    try:
        with _alone(path):
            if path.stat().st_size > _PAGE_BYTES or (log.exists() and log.stat().st_size):
                return False
            for each in (index, log, path):
                each.unlink(missing_ok=True)
    except (InUseError, OSError):
        return False
    return True


def publish(draft: Path, path: Path, *, former: Path | None) -> None:
    """Give a complete file a name of its own. Raises FileExistsError if another file has it, having changed nothing.

    Logs that a removed file of the name has left are removed, or get the name of the former file, if it is given.
    """
    if path.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    _clear_logs(path, _free(former))
    _synchronise(draft)
    _move(draft, path)
    _synchronise(path.parent)


def replace(draft: Path, path: Path, *, former: Path | None) -> Path | None:
    """Put a complete file in the place of a database, and keep the former one by a name of its own, if it is given.

    Return the name of the former database, None if there was none. Raises InUseError if another process has it open,
    having changed nothing.
    """
    exists = path.exists()
    with _settled(path, even_unwritable=former is None) if exists else contextlib.nullcontext():
        former = _free(former)
        is_kept = former is None or not exists or _link(former, path)
        _clear_logs(path, former)
        _synchronise(draft)
        if former is not None and not is_kept:
            # For a moment there is no database. A server that starts then says so, and makes none of its own.
            path.rename(former)
        draft.replace(path)
        _synchronise(path.parent)
    return former if exists else None


def _free(former: Path | None) -> Path | None:
    """Return the name, with a number if a file or a log has it."""
    if former is None:
        return None
    names = chain([former], (Path(f"{former}.{number}") for number in count(2)))
    return next(each for each in names if not each.exists() and not storage.logs_of(each))


def _clear_logs(path: Path, former: Path | None) -> None:
    """Remove or rename logs that SQLite would take for those of a new file; a damaged or removed file has left them."""
    for log in storage.logs_of(path):
        if former is None:
            log.unlink()
        else:
            log.rename(f"{former}{log.name.removeprefix(path.name)}")
    # The name of the new file must not be on the disk before that.
    _synchronise(path.parent)


def _move(draft: Path, path: Path) -> None:
    """Rename a file, unless another one has the name."""
    if _link(path, draft):
        draft.unlink()
    elif storage.create(str(path)):
        draft.replace(path)
    else:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))


def _link(name: Path, file: Path) -> bool:
    """Give a file another name, and return whether the disk has hard links; raise OSError if the name is taken."""
    try:
        name.hardlink_to(file)
    except OSError as error:
        if error.errno not in _WITHOUT_LINKS:
            raise
        return False
    return True


def _copy(uri: str, target: Path) -> None:
    with (
        closing(sqlite3.connect(uri, uri=True)) as read,
        closing(sqlite3.connect(storage.uri(str(target)), uri=True)) as written,
    ):
        # Opens the file and its log: an error is not the target's.
        read.execute("SELECT count(*) FROM sqlite_master").fetchone()
        try:
            # All pages in one step, which reads in one transaction: with several, each commit would begin it anew.
            read.backup(written, pages=-1)
        except sqlite3.OperationalError as error:
            code = error.sqlite_errorcode
            if code & 0xFF in _OF_A_DISK and code not in _READING:
                raise UnwritableCopyError from error
            raise


def _is_alone_on_a_read_only_disk(file: Path) -> bool:
    """Return whether the file is the whole database, and SQLite can't make the files of its log beside it."""
    return not _has_log(file) and not os.access(file.parent, os.W_OK, effective_ids=True)


def _has_log(file: Path) -> bool:
    return any(Path(f"{file}{suffix}").exists() for suffix in ("-wal", "-journal"))


def _settle(path: Path) -> None:
    """Copy the log to the file and remove it, unless the file is damaged."""
    with closing(sqlite3.connect(storage.uri(str(path)), uri=True, timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.DatabaseError as error:
            code = error.sqlite_errorcode & 0xFF
            if code == sqlite3.SQLITE_BUSY:
                raise InUseError from error
            if code not in _DAMAGED:
                raise


@contextmanager
def _settled(path: Path, *, even_unwritable: bool) -> Iterator[None]:
    """Copy the log of a database to its file, and keep other processes from opening it.

    Of a file that this user can't write, neither is possible: that is an error, unless `even_unwritable`.
    """
    if even_unwritable and not os.access(path, os.W_OK, effective_ids=True):
        yield
        return
    _settle(path)
    with _alone(path):
        yield


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep other processes from opening the database as SQLite does."""
    with path.open("r+b") as opened:
        try:
            fcntl.lockf(opened, fcntl.LOCK_EX | fcntl.LOCK_NB, _LOCKS_LENGTH, _LOCKS)
        except BlockingIOError as error:
            raise InUseError from error
        yield


def _synchronise(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
