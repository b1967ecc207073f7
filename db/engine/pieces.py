"""Long answers of PostgreSQL, which the driver decodes in pieces, so that the event loop runs others in between.

The driver decodes all that has arrived, which can be thousands of rows, for as long as several short requests take.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from db.engine.asyncpg_types import DriverConnection

PIECE_BYTES = 32 * 1024
"""Most bytes that are decoded in one iteration of the loop, which takes about a quarter of a millisecond."""


class Pieces(asyncio.Protocol):
    """Protocol that gives the driver's own what arrives in pieces, one in each iteration of the loop.

    It reads nothing more of the connection until all pieces are given.
    """

    def __init__(self, transport: asyncio.Transport, protocol: asyncio.Protocol) -> None:
        """Take the place of the protocol of a transport."""
        self._transport, self._protocol = transport, protocol
        self._left, self._at = b"", 0
        self._is_paused = False
        self.is_needed = True
        """Whether it stays when all pieces are given."""
        transport.set_protocol(self)

    def data_received(self, data: bytes) -> None:
        """Give the first piece now, and the others later."""
        if self._is_paused:
            # A connection with TLS may have decrypted more before it was paused.
            self._left, self._at = self._left[self._at :] + data, 0
            return
        self._left = data
        self._give()
        if self._left:
            self._is_paused = True
            self._transport.pause_reading()
            asyncio.get_running_loop().call_soon(self._continue)
        elif not self.is_needed:
            self._leave()

    def eof_received(self) -> bool | None:
        """Give what is left, since the driver closes the connection."""
        self._give_all()
        return self._protocol.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass it to the driver's protocol, after what is left unless the driver itself has aborted the connection."""
        if exc is not None:
            self._give_all()
        self._protocol.connection_lost(exc)

    def pause_writing(self) -> None:
        """Let the driver send no more for now."""
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        """Let the driver send again."""
        self._protocol.resume_writing()

    def end(self) -> None:
        """Give the connection back to the driver's protocol when all pieces are given."""
        self.is_needed = False
        if not self._is_paused:
            self._leave()

    def _continue(self) -> None:
        """Give the next piece, or read what follows all of them."""
        if self._transport.is_closing():
            return
        if self._left:
            self._give()
            asyncio.get_running_loop().call_soon(self._continue)
        else:
            self._is_paused = False
            self._transport.resume_reading()
            if not self.is_needed:
                self._leave()

    def _give(self) -> None:
        piece = self._left[self._at : self._at + PIECE_BYTES]
        self._at += len(piece)
        if self._at == len(self._left):
            self._left, self._at = b"", 0
        self._protocol.data_received(piece)

    def _give_all(self) -> None:
        while self._left:
            self._give()

    def _leave(self) -> None:
        if self._transport.get_protocol() is self:
            self._transport.set_protocol(self._protocol)


@contextmanager
def in_pieces(driver: DriverConnection) -> Iterator[None]:
    """Let the driver decode what arrives within the block in pieces, also those that are left after its end."""
    transport = driver._transport  # noqa: SLF001 — nothing else has it.
    found = cast("asyncio.Protocol | None", transport.get_protocol())
    if found is None:
        # The connection is lost, which the driver says when it is used.
        yield
        return
    pieces = found if isinstance(found, Pieces) else Pieces(transport, found)
    pieces.is_needed = True
    try:
        yield
    finally:
        pieces.end()
