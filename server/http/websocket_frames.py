"""Frames of a WebSocket: those that arrive, and those of text messages that are sent."""

import logging

from websockets.frames import Opcode
from websockets.protocol import Protocol, Side

_TEXT_FRAME = 0x80 | Opcode.TEXT
_LENGTH_MAX, _TWO_BYTES_MAX = 125, 0xFFFF
_TWO_BYTES, _EIGHT_BYTES = 126, 127

# The package logs the end of each connection.
_logger = logging.getLogger("portal.websockets")
_logger.setLevel(logging.ERROR)


def frames_parser(max_bytes: int) -> Protocol:
    """Return the parser of a connection's frames, whose messages have at most these bytes."""
    return Protocol(Side.SERVER, max_size=max_bytes, logger=_logger)


def text_frame(data: bytes) -> bytes:
    """Return the frame of a whole message (RFC 6455, 5.2), which a server does not mask.

    The package would make one in the time of a whole delivery.
    """
    size = len(data)
    if size <= _LENGTH_MAX:
        return bytes((_TEXT_FRAME, size)) + data
    if size <= _TWO_BYTES_MAX:
        return bytes((_TEXT_FRAME, _TWO_BYTES)) + size.to_bytes(2) + data
    return bytes((_TEXT_FRAME, _EIGHT_BYTES)) + size.to_bytes(8) + data
