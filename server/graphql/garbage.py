"""Collections of garbage, which wait while large operations run.

A large operation makes tens of thousands of objects, none of which is garbage of cycles: each collection would look at
all of them, for milliseconds, in which the event loop serves no one.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

_LONGEST_SECONDS = 10.0
"""How long collections wait at most, if there is always a large operation."""


class Deferral:
    """Number of large operations, and since when collections wait for them."""

    def __init__(self, longest_seconds: float = _LONGEST_SECONDS) -> None:
        self._longest_seconds = longest_seconds
        self._running = 0
        self._began = 0.0
        self._was_enabled = False

    def begin(self) -> None:
        """Let collections wait."""
        if not self._running:
            self._began, self._was_enabled = monotonic(), gc.isenabled()
            gc.disable()
        self._running += 1

    def end(self) -> None:
        """Let them begin again after the last operation, or collect now what waits for too long."""
        self._running -= 1
        if not self._was_enabled:
            return
        if not self._running:
            gc.enable()
        elif monotonic() - self._began >= self._longest_seconds:
            gc.collect(0)
            self._began = monotonic()


_deferral = Deferral()


@contextmanager
def deferred() -> Iterator[None]:
    """Let collections wait for the end of an operation."""
    _deferral.begin()
    try:
        yield
    finally:
        _deferral.end()
