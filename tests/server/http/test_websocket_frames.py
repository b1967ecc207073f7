"""Frames of text messages are those of the package."""

import pytest
from websockets.frames import Frame, Opcode

from server.http.websocket_frames import text_frame


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 100_000])
def test_a_text_is_the_frame_that_the_package_makes(size: int) -> None:
    data = b"x" * size

    assert text_frame(data) == Frame(Opcode.TEXT, data).serialize(mask=False)
