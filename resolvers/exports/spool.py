"""Spool between the thread that writes a file and the connection that sends it.

The database is read at full speed, so that a slow caller does not hold its snapshot. Bytes that are not sent yet are in
memory, and beyond a limit in a temporary file that has no name, encrypted with a key that no file has.
"""

import asyncio
import tempfile
from collections import deque
from threading import Lock
from typing import IO

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MEMORY_BYTES = 4 * 1024 * 1024
"""Bytes that are kept in memory before others go to the file."""

_KEY_BITS = 256
_NONCE_LENGTH = 12


class SpoolClosedError(Exception):
    """The reader of the spool has given up."""


class SpoolFullError(Exception):
    """The disk has no room for bytes that are not sent yet."""


class Spool:
    """Queue of bytes from a thread to a coroutine."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._lock = Lock()
        self._ready = asyncio.Event()
        self._in_memory: deque[bytes] = deque()
        self._held = 0
        self._file: IO[bytes] | None = None
        self._in_file: deque[int] = deque()
        """Sizes of the parts in the file, all of which come after those in memory."""
        self._read_at = 0
        self._cipher = AESGCM(AESGCM.generate_key(_KEY_BITS))
        self._sealed = self._unsealed = 0
        self._ended = self._closed = False

    def put(self, part: bytes) -> None:
        """Append a part, from any thread; raise SpoolClosedError or SpoolFullError."""
        if not part:
            return
        with self._lock:
            if self._closed:
                raise SpoolClosedError
            if self._in_file or self._held >= MEMORY_BYTES:
                self._store(part)
            else:
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
        """Drop all parts; the next `put` fails."""
        with self._lock:
            self._closed = True
            self._in_memory.clear()
            self._in_file.clear()
            if self._file is not None:
                self._file.close()

    def _store(self, part: bytes) -> None:
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 — `close` closes it.
            if not self._in_file:
                self._file.truncate(0)
                self._read_at = 0
            sealed = self._cipher.encrypt(self._nonce(self._sealed), part, None)
            self._file.seek(0, 2)
            self._file.write(sealed)
        except OSError as error:
            raise SpoolFullError from error
        self._sealed += 1
        self._in_file.append(len(sealed))

    def _stored(self) -> bytes:
        with self._lock:
            if self._closed or self._file is None:
                raise SpoolClosedError
            size = self._in_file.popleft()
            self._file.seek(self._read_at)
            sealed = self._file.read(size)
            self._read_at += size
            part = self._cipher.decrypt(self._nonce(self._unsealed), sealed, None)
            self._unsealed += 1
        return part

    @staticmethod
    def _nonce(number: int) -> bytes:
        return number.to_bytes(_NONCE_LENGTH, "big")
