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

_FULL_EVERY = 6
"""One of so many collections looks at old objects too, among them those that earlier ones found in use.

It takes as long as the process has objects, so there is about one in a minute.
"""


class Deferral:
    """Number of large operations, and since when collections wait for them."""

    def __init__(self, longest_seconds: float = _LONGEST_SECONDS, *, full_every: int = _FULL_EVERY) -> None:
        self._longest_seconds, self._full_every = longest_seconds, full_every
        self._running = self._collections = 0
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
            self._collections += 1
            gc.collect(1 if self._collections % self._full_every else 2)
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
