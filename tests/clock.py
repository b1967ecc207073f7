"""Clock that a test sets."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Self

from resolvers.portal import Portal


@dataclass
class Clock:
    """Clock that stops until it is moved."""

    now: datetime = datetime(2026, 11, 24, 12, tzinfo=UTC)
    seconds: float = 1_000.0

    @classmethod
    def of(cls, portal: Portal, now: datetime | None = None) -> Self:
        """Return a clock that the portal has from now on."""
        clock = cls(now or cls.now, ceil(portal.monotonic()))
        portal.now, portal.monotonic = clock, clock.monotonic
        return clock

    def __call__(self) -> datetime:
        """Return the time of this clock."""
        return self.now

    def forward(self, **by: float) -> None:
        """Move the clock forward."""
        passed = timedelta(**by)
        self.now += passed
        self.seconds += passed.total_seconds()

    def set_back(self, **by: float) -> None:
        """Set the time of day back, which is not that of the monotonic clock."""
        self.now -= timedelta(**by)

    def monotonic(self) -> float:
        """Return the seconds that have passed by this clock."""
        return self.seconds
