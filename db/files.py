"""The file of a SQLite database, which may be replaced or removed while connections to it are open."""

import os
from time import monotonic
from typing import NamedTuple

from db import storage

_LOOKED_AGAIN_AFTER_SECONDS = 1


class Identity(NamedTuple):
    """The device and the inode of a file."""

    device: int
    inode: int


class DatabaseFile:
    """The path of a SQLite database, and which file is there."""

    def __init__(self, path: str) -> None:
        """Name the path; nothing is opened."""
        self.path = path
        self._look_at, self._seen = 0.0, self.identity()

    def identity(self) -> Identity | None:
        """Return which file has the path now, None for none."""
        try:
            status = os.stat(self.path)  # noqa: PTH116 — a Path takes as long to make as the call itself.
        except OSError:
            return None
        return Identity(status.st_dev, status.st_ino)

    def seen(self) -> Identity | None:
        """Return the same as it was at most a second ago."""
        if (now := monotonic()) >= self._look_at:
            self._look_at, self._seen = now + _LOOKED_AGAIN_AFTER_SECONDS, self.identity()
        return self._seen

    def opened(self, before: Identity | None) -> Identity | None:
        """Return which file a connection has opened; `before` says which one was there before that."""
        identity = before or self.identity()
        if identity is not None:
            self._look_at, self._seen = 0.0, identity
        return identity

    @property
    def name(self) -> str:
        """URI for SQLite, which creates no file by it."""
        return storage.uri(self.path)

    def is_writable(self) -> bool:
        """Whether the process may write the file, and make the files of the log beside it."""
        kwargs = {"effective_ids": True} if os.access in os.supports_effective_ids else {}
        folder = os.path.dirname(self.path) or "."  # noqa: PTH120 — the same reason.
        return os.access(self.path, os.W_OK, **kwargs) and os.access(folder, os.W_OK | os.X_OK, **kwargs)
