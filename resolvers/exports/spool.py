"""Spool between the thread that writes a file and the connection that sends it.

The database is read at full speed, so that a slow caller does not hold its snapshot. Bytes that are not sent yet are in
memory, and beyond a limit in a temporary file of bounded size that has no name, encrypted with a key that no file has.
"""

import asyncio
import os
import tempfile
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import IO, NamedTuple

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MEMORY_BYTES = 4 * 1024 * 1024
"""Bytes that are kept in memory before others go to the file."""

_KEY_BITS = 256
_NONCE_LENGTH = 12


class SpoolClosedError(Exception):
    """The reader of the spool has given up."""


class SpoolFullError(Exception):
    """The file has its maximum size, or the disk has no room for bytes that are not sent yet."""


class _Stored(NamedTuple):
    """Encrypted part in the file."""

    begin: int
    size: int
    number: int


class Spool:
    """Queue of bytes from one thread at a time to a coroutine.

    The lock is held for changes in memory only, never while the file is read or written, since the event loop takes it.
    """

    def __init__(self, *, file_bytes: int) -> None:
        """Take the maximum size of the file."""
        self._loop = asyncio.get_running_loop()
        self._lock = Lock()
        self._ready = asyncio.Event()
        self._in_memory: deque[bytes] = deque()
        self._held = 0
        self._file_bytes = file_bytes
        self._file: IO[bytes] | None = None
        self._users = 0
        """Number of threads that read or write the file."""
        self._in_file: deque[_Stored] = deque()
        """Parts in the file, all of which come after those in memory."""
        self._cipher = AESGCM(AESGCM.generate_key(_KEY_BITS))
        self._sealed = 0
        self._ended = self._closed = False

    def uses_file(self) -> bool:
        """Return whether the next `put` writes to the file."""
        with self._lock:
            return bool(self._in_file) or self._held >= MEMORY_BYTES

    def put(self, part: bytes) -> None:
        """Append a part; raise SpoolClosedError or SpoolFullError."""
        if not part:
            return
        if self.uses_file():
            self._store(part)
        else:
            with self._lock:
                if self._closed:
                    raise SpoolClosedError
                self._in_memory.append(part)
                self._held += len(part)
        self._loop.call_soon_threadsafe(self._ready.set)

    def end(self) -> None:
        """Note that all parts were put, in the thread of the loop."""
        self._ended = True
        self._ready.set()

    async def get(self) -> bytes | None:
        """Return the next part; None at the end."""
        while True:
            self._ready.clear()
            with self._lock:
                if self._in_memory:
                    part = self._in_memory.popleft()
                    self._held -= len(part)
                    return part
                in_file = bool(self._in_file)
            if in_file:
                return await asyncio.to_thread(self._stored)
            if self._ended:
                return None
            await self._ready.wait()

    def close(self) -> None:
        """Drop all parts, in the thread of the loop; the next `put` fails."""
        with self._lock:
            self._closed = True
            self._in_memory.clear()
            self._in_file.clear()
            unused = self._unused()
        if unused is not None:
            # The system may take a while to free a large file.
            self._loop.run_in_executor(None, unused.close)

    def _store(self, part: bytes) -> None:
        sealed = self._cipher.encrypt(self._nonce(self._sealed), part, None)
        try:
            with self._used() as file:
                with self._lock:
                    begin = self._room(len(sealed))
                _write(file, sealed, begin)
                with self._lock:
                    self._in_file.append(_Stored(begin, len(sealed), self._sealed))
        except OSError as error:
            raise SpoolFullError from error
        self._sealed += 1

    def _room(self, size: int) -> int:
        """Return where the file has room for a part: what was sent is overwritten."""
        if not self._in_file:
            begin, end = 0, self._file_bytes
        else:
            first, last = self._in_file[0], self._in_file[-1]
            begin, end = last.begin + last.size, first.begin
            if begin > end:
                end = self._file_bytes
                if begin + size > end:
                    begin, end = 0, first.begin
        if begin + size > end:
            raise SpoolFullError
        return begin

    def _stored(self) -> bytes:
        with self._used() as file:
            with self._lock:
                if self._closed:
                    raise SpoolClosedError
                stored = self._in_file[0]
            sealed = os.pread(file.fileno(), stored.size, stored.begin)
            part = self._cipher.decrypt(self._nonce(stored.number), sealed, None)
            with self._lock:
                # It is empty if the reader has given up meanwhile.
                if self._in_file:
                    self._in_file.popleft()
        return part

    @contextmanager
    def _used(self) -> Iterator[IO[bytes]]:
        """Lend the file to a thread; the last one closes it if the reader has given up."""
        # Only the thread that writes may find no file.
        file = self._file or tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 — the last user closes it.
        with self._lock:
            self._file = file
            self._users += 1
            closed = self._closed
        try:
            if closed:
                raise SpoolClosedError
            yield file
        finally:
            with self._lock:
                self._users -= 1
                unused = self._unused() if self._closed else None
            if unused is not None:
                unused.close()

    def _unused(self) -> IO[bytes] | None:
        """Give the file up if no thread uses it; the caller closes it, without the lock."""
        if self._users:
            return None
        file, self._file = self._file, None
        return file

    @staticmethod
    def _nonce(number: int) -> bytes:
        return number.to_bytes(_NONCE_LENGTH, "big")


def _write(file: IO[bytes], data: bytes, begin: int) -> None:
    written = 0
    while written < len(data):
        written += os.pwrite(file.fileno(), data[written:], begin + written)
