"""Spool between the thread that writes a file and the connection that sends it."""

import asyncio
import tempfile
from pathlib import Path

import pytest

from resolvers.exports import spool
from resolvers.exports.spool import Spool, SpoolClosedError, SpoolFullError

PARTS = [f"Padaria {number};".encode() * 50 for number in range(200)]


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
    opened = Spool()
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
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: (tmp_path / "spool").open("w+b", buffering=0))
    opened = Spool()

    await asyncio.to_thread(fill, opened)

    written = (tmp_path / "spool").read_bytes()
    size = sum(map(len, PARTS))
    assert size - 5_000 - len(PARTS[-1]) < len(written) < size + 16 * len(PARTS)
    assert b"Padaria" not in written
    opened.end()
    assert await read(opened) == b"".join(PARTS)
    opened.close()


async def test_a_reader_that_gives_up_stops_the_writer() -> None:
    opened = Spool()
    opened.put(b"a")

    opened.close()

    with pytest.raises(SpoolClosedError):
        opened.put(b"b")


async def test_a_disk_without_room_stops_the_writer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    monkeypatch.setattr(spool, "MEMORY_BYTES", 1)
    opened = Spool()
    opened.put(b"a")

    with pytest.raises(SpoolFullError):
        opened.put(b"b")
