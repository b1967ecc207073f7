"""Spool between the thread that writes a file and the connection that sends it."""

import asyncio
import os
import tempfile
import threading
from collections import deque
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resolvers.exports import spool
from resolvers.exports.spool import Spool, SpoolClosedError, SpoolFullError

_FILE_BYTES = 10**9
_TAG = 16
"""Bytes by which a part is longer when it is encrypted."""

PARTS = [f"Padaria {number};".encode() * 50 for number in range(200)]


def _use_file(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: file.open("w+b", buffering=0))


async def read(opened: Spool) -> bytes:
    parts = []
    while (part := await opened.get()) is not None:
        parts.append(part)
    return b"".join(parts)


def fill(opened: Spool) -> None:
    for part in PARTS:
        opened.put(part)


@pytest.mark.parametrize("limit", [0, 5_000, 10**9])
async def test_all_parts_arrive_in_order_also_through_the_file(monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    monkeypatch.setattr(spool, "MEMORY_BYTES", limit)
    opened = Spool(file_bytes=_FILE_BYTES)
    reader = asyncio.create_task(read(opened))

    for _ in range(3):
        await asyncio.to_thread(fill, opened)
    opened.end()

    assert await reader == b"".join(PARTS * 3)
    opened.close()


async def test_what_a_slow_reader_leaves_is_encrypted_on_the_disk(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(spool, "MEMORY_BYTES", 5_000)
    _use_file(monkeypatch, tmp_path / "spool")
    opened = Spool(file_bytes=_FILE_BYTES)

    await asyncio.to_thread(fill, opened)

    written = (tmp_path / "spool").read_bytes()
    size = sum(map(len, PARTS))
    assert size - 5_000 - len(PARTS[-1]) < len(written) < size + _TAG * len(PARTS)
    assert b"Padaria" not in written
    opened.end()
    assert await read(opened) == b"".join(PARTS)
    opened.close()


async def test_a_reader_that_gives_up_stops_the_writer() -> None:
    opened = Spool(file_bytes=_FILE_BYTES)
    opened.put(b"a")

    opened.close()

    with pytest.raises(SpoolClosedError):
        opened.put(b"b")


async def test_a_disk_without_room_stops_the_writer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    monkeypatch.setattr(spool, "MEMORY_BYTES", 1)
    opened = Spool(file_bytes=_FILE_BYTES)
    opened.put(b"a")

    with pytest.raises(SpoolFullError):
        opened.put(b"b")


async def test_a_file_of_the_maximum_size_stops_the_writer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "MEMORY_BYTES", 1)
    opened = Spool(file_bytes=2 * (10 + _TAG))
    for part in (b"memory", b"0123456789", b"9876543210"):
        opened.put(part)

    with pytest.raises(SpoolFullError):
        opened.put(b"b")

    opened.end()
    assert await read(opened) == b"memory01234567899876543210"
    opened.close()


@settings(max_examples=50)
@given(st.lists(st.integers(-1, 60)))
def test_room_of_sent_parts_is_used_again(steps: list[int]) -> None:
    """Each step puts a part of so many bytes, or reads one if it is negative."""

    async def run() -> None:
        opened, expected = Spool(file_bytes=200), deque[bytes]()
        for number, size in enumerate(steps):
            if size > 0:
                part = bytes([number % 256]) * size
                try:
                    opened.put(part)
                except SpoolFullError:
                    # There is always room for one part, wherever the others are.
                    assert expected
                else:
                    expected.append(part)
            elif expected:
                assert await opened.get() == expected.popleft()
        opened.end()
        assert await read(opened) == b"".join(expected)
        opened.close()

    with pytest.MonkeyPatch.context() as monkeypatch, tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "spool")
        file.touch()
        monkeypatch.setattr(spool, "MEMORY_BYTES", 0)
        _use_file(monkeypatch, file)
        asyncio.run(run())
        assert file.stat().st_size <= 200


async def test_a_slow_disk_keeps_no_reader_waiting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(spool, "MEMORY_BYTES", 1)
    writing, written = threading.Event(), threading.Event()
    write = os.pwrite

    def wait_and_write(file: int, data: bytes, begin: int) -> int:
        writing.set()
        written.wait()
        return write(file, data, begin)

    monkeypatch.setattr(os, "pwrite", wait_and_write)
    _use_file(monkeypatch, tmp_path / "spool")
    opened = Spool(file_bytes=_FILE_BYTES)
    opened.put(b"memory")
    putting = asyncio.create_task(asyncio.to_thread(opened.put, b"file"))
    await asyncio.to_thread(writing.wait)

    assert await opened.get() == b"memory"
    assert not opened.uses_file()

    written.set()
    await putting
    assert await opened.get() == b"file"
    opened.close()


async def test_a_file_in_use_is_closed_by_its_last_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(spool, "MEMORY_BYTES", 0)
    file = await asyncio.to_thread((tmp_path / "spool").open, "w+b", buffering=0)
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: file)
    opened = Spool(file_bytes=_FILE_BYTES)

    def close_and_write(_file: int, data: bytes, _begin: int) -> int:
        loop.call_soon_threadsafe(opened.close)
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0), loop).result()
        assert not file.closed
        return len(data)

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(os, "pwrite", close_and_write)
    await asyncio.to_thread(opened.put, b"file")

    assert file.closed
