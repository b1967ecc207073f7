"""Pause before a server process starts in the place of one that ended."""

_FIRST_SECONDS, _MAX_SECONDS = 0.5, 30.0
_DOUBLED_MAX = 6
"""How often the pause doubles until it is longer than its maximum."""


class Pause:
    """Pause of one place among the server's processes, which doubles with each that ends before it serves."""

    def __init__(self) -> None:
        """Begin without a pause."""
        self._failed_starts = 0
        self._until = 0.0

    def begin(self, *, now: float, has_served: bool) -> float:
        """Begin when the process of the place has ended; return the seconds, 0 if it served before."""
        seconds = 0.0
        if has_served:
            self._failed_starts = 0
        else:
            seconds = min(_FIRST_SECONDS * 2 ** min(self._failed_starts, _DOUBLED_MAX), _MAX_SECONDS)
            self._failed_starts += 1
        self._until = now + seconds
        return seconds

    def is_over(self, *, now: float) -> bool:
        """Return whether another process may start in the place."""
        return now >= self._until
