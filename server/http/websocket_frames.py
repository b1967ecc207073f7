"""Frames of text messages (RFC 6455, 5.2), which the package websockets makes in the time of a whole delivery."""

from websockets.frames import Opcode

_TEXT_FRAME = 0x80 | Opcode.TEXT
_LENGTH_MAX, _TWO_BYTES_MAX = 125, 0xFFFF
_TWO_BYTES, _EIGHT_BYTES = 126, 127


def text_frame(data: bytes) -> bytes:
    """Return the frame of a whole message (RFC 6455, 5.2), which a server does not mask."""
    size = len(data)
    if size <= _LENGTH_MAX:
        return bytes((_TEXT_FRAME, size)) + data
    if size <= _TWO_BYTES_MAX:
        return bytes((_TEXT_FRAME, _TWO_BYTES)) + size.to_bytes(2) + data
    return bytes((_TEXT_FRAME, _EIGHT_BYTES)) + size.to_bytes(8) + data
