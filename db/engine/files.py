"""The files of a SQLite database under open connections: the database, its log (-wal), and the log's index (-shm).

SQLite does not notice that another program removes, replaces or overwrites them. Two cases are not noticed here either:
a log that is overwritten in place, and a database file that is overwritten between two looks that have a checkpoint
between them, which writes to the file too. The second is rare, as each transaction that writes has a look of its own.
"""

import os
import threading
from time import monotonic
from typing import NamedTuple

from db.engine import storage
from db.engine.failures import FileMissingError, FilesChangedError, FilesOverwrittenError

_LOOKED_AGAIN_AFTER_SECONDS = 1

_DESCRIPTORS = "/dev/fd"
_SALT, _PROGRESS, _INDEX_HEADER = slice(32, 40), slice(96, 100), 136
"""Of the index, in bytes: the number of the log's round, pages that checkpoints copied, and the header's length."""
_ATTEMPT = slice(128, 132)


class Files(NamedTuple):
    """Device and inodes; the files of the log may be missing."""

    device: int
    database: int
    wal: int | None
    shm: int | None

    @property
    def is_overwritten(self) -> bool:
        """Return whether another program has changed the content of the database file."""
        return self.database == _NO_INODE


_NO_INODE = -1
_OVERWRITTEN = Files(_NO_INODE, _NO_INODE, None, None)


class _Content(NamedTuple):
    """Time of modification and size of the database file, and how far checkpoints had come."""

    modified: int
    size: int
    checkpoint: bytes | None


class DatabaseFile:
    """The path of a SQLite database, which files are there, and which ones the connections have open."""

    def __init__(self, path: str) -> None:
        """Take the path; nothing is opened."""
        self.path = path
        self._lock = threading.Lock()
        self.look_at = 0.0
        """When what was found is too old."""
        self.found: Files | None = None
        """Files that were there at the last look; None if there was no database file."""
        self._used: Files | None = None
        self._content: _Content | None = None
        self._index: int | None = None

    def seen(self) -> Files | None:
        """Return which files were there at most a second ago, None if there was no database file."""
        if (now := monotonic()) >= self.look_at:
            self.look_at, self.found = now + _LOOKED_AGAIN_AFTER_SECONDS, self.look()
        return self.found

    def look(self) -> Files | None:
        """Return which files are there now."""
        with self._lock:
            used = self._used
            before = None if used is None else self._checkpoint(used)
            database = _status(self.path)
            if database is None:
                return None
            if used is not None and (database.st_dev, database.st_ino) == used[:2]:
                content = _Content(database.st_mtime_ns, database.st_size, before)
                if self._is_overwritten(content):
                    return _OVERWRITTEN
            found = Files(
                database.st_dev, database.st_ino, _inode(_status(self._wal)), _inode(_status(f"{self.path}-shm"))
            )
        # The comparison with the files of a connection is short if it is the same object.
        return used if found == used else found

    def verify(self) -> None:
        """Raise an error if what is written now would be lost: called when the transaction has its lock."""
        found = self.look()
        if found != self._used:
            self.look_at = 0.0
            raise FileMissingError if found is None else FilesChangedError

    def prepare(self) -> None:
        """Raise FilesChangedError unless one more connection would have the same files open as the others have."""
        found = self.look()
        if found is None:
            raise FileMissingError
        if self._used not in {found, None}:
            raise FilesChangedError

    def opened(self) -> Files:
        """Return the files that a new connection has open, or raise FilesChangedError if others have other ones."""
        found = self.look()
        if found is None or found.is_overwritten or self._used not in {None, found}:
            raise FilesChangedError
        self._used = found
        self.look_at, self.found = 0.0, found
        return found

    def have_changed(self) -> bool:
        """Return whether the files at the path are not those that connections have open."""
        return self._used is not None and self.look() not in {self._used, None}

    def loss(self) -> "Loss":
        """Return what became of the files; raise FilesOverwrittenError if no connection may write to them again."""
        used, found = self._used, self.look()
        if used is None or found is None:
            return Loss(is_replaced=True, can_save=False, has_unsaved=False)
        if found.is_overwritten:
            raise FilesOverwrittenError
        has_unsaved = _size_of_open(used.device, used.wal) > 0
        if found[:2] != used[:2]:
            # The former file may have been renamed: with all that is in its log it is a backup.
            return Loss(is_replaced=True, can_save=has_unsaved, has_unsaved=has_unsaved)
        if found.wal != used.wal and has_unsaved and _size(self._wal) > 0:
            # Two logs of one file: each has commits that the other one lacks, and pages of both don't fit together.
            raise FilesOverwrittenError
        # A process that made a new index has read the log: it writes there now, and a checkpoint would empty it.
        is_shared = found.wal == used.wal and found.shm not in {used.shm, None}
        return Loss(is_replaced=False, can_save=has_unsaved and not is_shared, has_unsaved=has_unsaved)

    def release(self) -> None:
        """Forget the files, when all connections to them are closed; SQLite leaves the log of a replaced file."""
        used, found = self._used, self.look()
        if used is not None and found is not None and found[:2] != used[:2]:
            # SQLite would take it for the log of the other file.
            for path, inode in ((self._wal, used.wal), (f"{self.path}-shm", used.shm)):
                if _inode(_status(path)) == inode is not None:
                    os.unlink(path)  # noqa: PTH108 — the same reason.
        self._used = self._content = self._index = None
        self.look_at = 0.0

    @property
    def name(self) -> str:
        """Return the URI by which SQLite opens the file without creating it."""
        return storage.uri(self.path)

    def is_writable(self) -> bool:
        """Return whether the process may write the file, and create the files of the log."""
        kwargs = {"effective_ids": True} if os.access in os.supports_effective_ids else {}
        folder = os.path.dirname(self.path) or "."  # noqa: PTH120 — a Path takes as long to make as the call itself.
        return os.access(self.path, os.W_OK, **kwargs) and os.access(folder, os.W_OK | os.X_OK, **kwargs)

    @property
    def _wal(self) -> str:
        return f"{self.path}-wal"

    def _is_overwritten(self, found: _Content) -> bool:
        """Return whether the database file was written other than by a checkpoint since the last call.

        While the log is in use, SQLite writes to the file during checkpoints only, which the index counts.
        """
        if found.size == 0:
            return True
        former = self._content
        if found.checkpoint is None or found.checkpoint != self._read_index():
            self._content = None
            return False
        if former is not None and former.checkpoint == found.checkpoint and former != found:
            return True
        self._content = found
        return False

    def _checkpoint(self, used: Files) -> bytes | None:
        """Return how far checkpoints have come, None while one is under way."""
        if self._index is None or _inode_of(self._index) != (used.device, used.shm):
            self._index = _descriptor(used.device, used.shm)
        return self._read_index()

    def _read_index(self) -> bytes | None:
        if self._index is None:
            return None
        try:
            # A descriptor of its own would take SQLite's locks away when it is closed, so this reads by SQLite's.
            header = os.pread(self._index, _INDEX_HEADER, 0)
        except OSError:
            return None
        return header[_SALT] + header[_PROGRESS] if header[_PROGRESS] == header[_ATTEMPT] else None


class Loss(NamedTuple):
    """Loss of the files that connections have open."""

    is_replaced: bool
    """Whether another database file has the path."""
    can_save: bool
    """Whether a checkpoint may copy to the file what the open log has."""
    has_unsaved: bool
    """Whether the open log has any pages."""


def _status(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)  # noqa: PTH116 — the same reason.
    except OSError:
        return None


def _inode(status: os.stat_result | None) -> int | None:
    return None if status is None else status.st_ino


def _size(path: str) -> int:
    status = _status(path)
    return 0 if status is None else status.st_size


def _inode_of(descriptor: int) -> tuple[int, int] | None:
    try:
        status = os.fstat(descriptor)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _descriptor(device: int, inode: int | None) -> int | None:
    """Return a descriptor of this process for the file, as SQLite has opened it."""
    try:
        names = os.listdir(_DESCRIPTORS)  # noqa: PTH208 — the same reason.
    except OSError:
        return None
    return next((int(name) for name in names if _inode_of(int(name)) == (device, inode)), None)


def _size_of_open(device: int, inode: int | None) -> int:
    descriptor = _descriptor(device, inode)
    return 0 if descriptor is None else os.fstat(descriptor).st_size
