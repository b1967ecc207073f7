"""Compression of answers, for callers that accept it (RFC 9110, 12.5.3)."""

import asyncio
import contextlib
import os
import sys
import threading
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from enum import Enum

from db.engine.place_queue import PlaceQueue
from domain import header_lists
from server.graphql.answer_json import Json
from server.http.negotiation import quality

# On pages of 1 to 16 KB, level 2 takes as long as level 1 and half as long as level 6, which saves 8 % more.
_LEVEL = 2
_GZIP_FORMAT = 31

THREAD_FROM_BYTES = 64 * 1024
"""Size from which a thread compresses a body: 64 KB would block the event loop for 200 µs."""

_THREADS = 1
"""The thread leaves the interpreter to the event loop while it compresses, but takes a core."""

_NICENESS = 5
"""How much lower its priority is, so that the loop and a database on the same cores run as soon as they are asked."""


class Coding(Enum):
    """Content coding of an answer."""

    PLAIN = "plain"
    EITHER = "either"
    GZIP = "gzip"


def accepted(accept_encoding: str) -> Coding | None:
    """Return the coding that an Accept-Encoding header accepts; None if it accepts no available one."""
    qualities: dict[str, float] = {}
    for part in header_lists.members(accept_encoding.lower()):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        weights = [
            value.strip() for key, _, value in (each.partition("=") for each in parameters) if key.strip() == "q"
        ]
        qualities["gzip" if name == "x-gzip" else name] = quality(weights[0]) if weights else 1.0
    others = qualities.get("*")
    gzip = qualities.get("gzip", others or 0.0)
    # The identity coding is acceptable unless it is excluded; few callers give it a weight.
    plain = qualities.get("identity", others)
    if plain == 0:
        return Coding.GZIP if gzip else None
    return Coding.EITHER if gzip and gzip >= (plain or 0) else Coding.PLAIN


def gzipped(body: Json) -> bytes:
    """Return the body in the gzip format."""
    return zlib.compress(body, _LEVEL, wbits=_GZIP_FORMAT)


class Compressor:
    """Compressor of bodies: short ones at once, and long ones in a thread, for which partners take turns."""

    def __init__(self, compress: Callable[[Json], bytes] = gzipped) -> None:
        """Compress by a function, in the gzip format by default."""
        self._compress = compress
        # Answers that are made and not sent have a limit of their own.
        self._turns = PlaceQueue(_THREADS, waiting_max=None)
        self._threads = ThreadPoolExecutor(_THREADS, "compressor", initializer=_give_way)

    async def gzipped(self, body: Json) -> bytes:
        """Return the body in the gzip format."""
        if len(body) < THREAD_FROM_BYTES:
            return self._compress(body)
        async with self._turns.place() as turn:
            compressing = asyncio.get_running_loop().run_in_executor(self._threads, self._compress, body)
            try:
                return await asyncio.shield(compressing)
            except asyncio.CancelledError:
                # The thread does not end with its caller.
                turn.keep(compressing)
                raise


def _give_way() -> None:
    """Lower the priority of this thread, which only Linux can do for a thread alone."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            own = os.getpriority(os.PRIO_PROCESS, 0)
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), own + _NICENESS)
