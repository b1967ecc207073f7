"""Flow control of a connection whose requests wait for each other."""

import asyncio
from collections import deque
from typing import Any

from uvicorn.protocols.http.flow_control import FlowControl


class Flow(FlowControl):
    """Flow control that doesn't resume reading while requests of the connection wait for another."""

    def __init__(self, transport: asyncio.Transport, waiting: deque[Any]) -> None:
        super().__init__(transport)
        self._waiting = waiting
        self.holds = False

    def hold(self) -> None:
        """Pause reading until `release`: there are more bytes to parse."""
        self.holds = True
        self.pause_reading()

    def release(self) -> None:
        """End the pause."""
        self.holds = False
        self.resume_reading()

    def resume_reading(self) -> None:
        """Resume unless bytes are held, or a request waits."""
        if self.read_paused and not self.holds and not self._waiting:
            super().resume_reading()
