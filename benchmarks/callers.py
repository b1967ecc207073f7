"""`python -m benchmarks.callers`: the rate of W1 beside 1,000 idle and 200 slow callers.

Half of the idle callers have asked once and keep their connections, and half have a WebSocket. Half of the slow ones
send a header byte by byte, and half read a long answer by and by. A caller whose connection the server ends begins
again. Rounds with and without them alternate; the ratio is that of the medians.
"""

import argparse
import asyncio
import contextlib
import socket
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from functools import cache
from pathlib import Path
from statistics import median
from threading import Event, Thread

from benchmarks import data
from benchmarks.contenders import CONTENDERS
from benchmarks.load import Load, load
from benchmarks.processes import Server, serving
from benchmarks.results import OURS
from benchmarks.workloads import WORKLOADS

_CONNECTIONS = 16
_BYTE_SECONDS = 0.5
_SETTLED_SECONDS = 5
_PATIENCE_SECONDS = 120
_READ_BYTES = 2048
_HEAD = b"POST /graphql HTTP/1.1\r\nHost: portal\r\nContent-Type: application/json\r\n"
_UPGRADE = (
    b"GET /graphql HTTP/1.1\r\nHost: portal\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
)
_INIT = b'{"type":"connection_init"}'

Act = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def main() -> None:
    """Measure, and print both rates and their ratio."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.callers", description=__doc__)
    options.add_argument("--idle", type=int, default=1_000)
    options.add_argument("--slow", type=int, default=200)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--seconds", type=int, default=5)
    given = options.parse_args()
    data.database()
    (ours,) = (contender for contender in CONTENDERS if contender.name == OURS)
    workload = WORKLOADS[0]
    quiet: list[Load] = []
    beside: list[Load] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(ours, workload.durability, patience_seconds=_PATIENCE_SECONDS) as server,
    ):
        bodies = workload.write_bodies(Path(folder) / "bodies")

        def measure() -> Load:
            return load(server, bodies, connections=_CONNECTIONS, seconds=given.seconds, begin=0)

        measure()
        for number in range(given.rounds):
            # As long as the callers have to settle.
            time.sleep(_SETTLED_SECONDS)
            quiet.append(measure())
            with _calling(server, idle=given.idle, slow=given.slow):
                beside.append(measure())
            pair = quiet[-1], beside[-1]
            both = " and ".join(f"{each.rps:6,.0f} requests/s of {each.work:.2f} ms" for each in pair)
            print(f"round {number + 1}: {both}, quiet and beside them", flush=True)
    rates = [median(each.rps for each in loads) for loads in (quiet, beside)]
    work = [median(each.work for each in loads) for loads in (quiet, beside)]
    print(
        f"requests/s: {rates[0]:,.0f} quiet, {rates[1]:,.0f} beside {given.idle:,} idle and {given.slow} slow callers"
    )
    print(f"ratio: {rates[1] / rates[0]:.2f} of the rate, {work[1] / work[0]:.2f} of the work a request")
    print(f"faults: {sum(each.faults for each in (*quiet, *beside))}")


@contextlib.contextmanager
def _calling(server: Server, *, idle: int, slow: int) -> Iterator[None]:
    """Have callers on the server, from a thread."""
    stopped, all_there = Event(), Event()
    acts = [
        (_asked, idle - idle // 2),
        (_websocket, idle // 2),
        (_trickled, slow - slow // 2),
        (_read_slowly, slow // 2),
    ]

    async def call() -> None:
        there = asyncio.Semaphore(0)
        callers = [asyncio.create_task(_again(server.port, act, there)) for act, number in acts for _ in range(number)]
        for _ in callers:
            await there.acquire()
        # They all come at once, which is not what is measured.
        await asyncio.sleep(_SETTLED_SECONDS)
        all_there.set()
        await asyncio.to_thread(stopped.wait)
        for each in callers:
            each.cancel()
        await asyncio.gather(*callers, return_exceptions=True)

    thread = Thread(target=lambda: asyncio.run(call()))
    thread.start()
    all_there.wait()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


async def _again(port: int, act: Act, there: asyncio.Semaphore) -> None:
    while True:
        with contextlib.suppress(OSError, EOFError):
            connection = socket.socket()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _READ_BYTES)
            connection.setblocking(False)  # noqa: FBT003 — of the standard library.
            await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", port))
            reader, writer = await asyncio.open_connection(sock=connection, limit=_READ_BYTES)
            there.release()
            try:
                await act(reader, writer)
            finally:
                writer.transport.abort()


async def _asked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: portal\r\n\r\n")
    while await reader.read(_READ_BYTES):
        pass


async def _websocket(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    # A mask of zeros leaves the bytes as they are.
    writer.write(_UPGRADE + bytes([0x81, 0x80 | len(_INIT), 0, 0, 0, 0]) + _INIT)
    while await reader.read(_READ_BYTES):
        pass


async def _trickled(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    ended = asyncio.ensure_future(reader.read())
    try:
        for byte in _HEAD + b"X-Padding: " + b"a" * 1_000:
            writer.write(bytes([byte]))
            await asyncio.wait([ended], timeout=_BYTE_SECONDS)
            if ended.done():
                return
    finally:
        ended.cancel()


async def _read_slowly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    body = _long()
    authorization = b"Authorization: Bearer %b\r\n" % data.SECRET.encode()
    writer.write(_HEAD + authorization + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    while True:
        if not await reader.read(_READ_BYTES):
            return
        await asyncio.sleep(_BYTE_SECONDS)


@cache
def _long() -> bytes:
    """A request whose answer is longer than what the system's buffers take at once."""
    return WORKLOADS[2].bodies()[0]


if __name__ == "__main__":
    main()
