"""Long answers are compressed in one thread, for which partners take turns."""

import asyncio
import gzip
import os
import sys
import threading

import pytest

from server.graphql.answer_json import Json
from server.http.compression import THREAD_FROM_BYTES, Compressor, gzipped
from tests.db.engine.partners import call_for
from tests.eventually import settled


class Compressions:
    """Compressions of long bodies, each of which runs until a test lets it end."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        """The partners whose bodies a thread began to compress, in order."""
        self._compressor = Compressor(self._compress)
        self._begins, self._may_end = threading.Semaphore(0), threading.Semaphore(0)

    def begin(self, *partners: str) -> list[asyncio.Task[bytes]]:
        """Begin a compression for each of these partners, in this order."""
        return [asyncio.create_task(self._run(partner)) for partner in partners]

    async def has_begun(self) -> None:
        """Wait until a thread begins another one."""
        await asyncio.to_thread(self._begins.acquire)

    def end(self, number: int = 1) -> None:
        """Let so many end, also such as have not begun."""
        self._may_end.release(number)

    async def _run(self, partner: str) -> bytes:
        call_for(partner)
        return await self._compressor.gzipped(partner.encode() * THREAD_FROM_BYTES)

    def _compress(self, body: Json) -> bytes:
        self.begun.append(chr(body[0]))
        self._begins.release()
        self._may_end.acquire()
        return gzipped(body)


async def test_partners_take_turns_for_the_thread_that_compresses() -> None:
    compressions = Compressions()
    tasks = compressions.begin(*"aaaa", "b")
    await compressions.has_begun()
    await settled()

    begun_at_first = [*compressions.begun]
    compressions.end(len(tasks))
    bodies = await asyncio.gather(*tasks)

    assert begun_at_first == ["a"]
    assert compressions.begun == ["a", "a", "b", "a", "a"]
    assert [gzip.decompress(body)[:1] for body in bodies] == [b"a"] * 4 + [b"b"]


async def test_a_caller_that_leaves_does_not_free_the_thread_that_compresses() -> None:
    compressions = Compressions()
    left, other = compressions.begin("a", "b")
    await compressions.has_begun()

    left.cancel()
    await settled()
    begun_meanwhile = [*compressions.begun]
    compressions.end(2)

    assert gzip.decompress(await other)[:1] == b"b"
    assert left.cancelled()
    assert begun_meanwhile == ["a"]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere, a thread has no priority of its own")
async def test_the_thread_that_compresses_gives_way_to_the_others() -> None:
    def priority(_body: Json) -> bytes:
        return b"%d" % os.getpriority(os.PRIO_PROCESS, 0)

    long = b" " * THREAD_FROM_BYTES
    in_thread = int(await Compressor(priority).gzipped(long))
    lowest = 19

    assert in_thread == min(lowest, os.getpriority(os.PRIO_PROCESS, 0) + 5)
