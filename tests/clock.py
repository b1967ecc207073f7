"""Clock that a test sets."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass
class Clock:
    """Clock that stops until it is moved."""

    now: datetime = datetime(2026, 11, 24, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Return the time of this clock."""
        return self.now

    def forward(self, **by: float) -> None:
        """Move the clock forward."""
        self.now += timedelta(**by)
