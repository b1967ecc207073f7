"""Times of the demo: office hours of the 52 weeks before a given moment."""

from bisect import bisect_left
from datetime import UTC, datetime, timedelta
from random import Random

_YEAR = timedelta(weeks=52)
_OPENS = timedelta(hours=11)
"""Eight o'clock in Brasília, in UTC."""
_OPEN_SECONDS = 10 * 3600
_SATURDAY, _SUNDAY = 5, 6
_WEIGHTS = {_SATURDAY: 2, _SUNDAY: 0}
_WORKDAY_WEIGHT = 10


class Calendar:
    """Days of the whole weeks before that of `now`, so that everything has happened already.

    Weeks are alike, so the same demo is generated on each day of a week.
    """

    def __init__(self, rng: Random, now: datetime) -> None:
        """List the days on which the office is open; busy days occur several times."""
        self._rng = rng
        today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        last = today - timedelta(days=today.weekday())
        days = (last - _YEAR + timedelta(days=number) for number in range(_YEAR.days))
        self._days = [day for day in days for _ in range(_WEIGHTS.get(day.weekday(), _WORKDAY_WEIGHT))]
        self.begin = self._days[0] + _OPENS
        self.end = last

    def moment(self, *, after: datetime) -> datetime:
        """Return a random moment after the given one."""
        rng, days = self._rng, self._days
        first = bisect_left(days, after.replace(hour=0, minute=0, second=0, microsecond=0))
        if first < len(days):
            found = days[rng.randrange(first, len(days))] + _OPENS + self._while_open()
            if found > after:
                return found
        return self.soon(after, within=self.end - after)

    def soon(self, after: datetime, *, within: timedelta) -> datetime:
        """Return a random moment within a span after the given one, at any hour."""
        return after + timedelta(microseconds=self._rng.randrange(1, max(2, within // timedelta(microseconds=1))))

    def _while_open(self) -> timedelta:
        return timedelta(microseconds=self._rng.randrange(_OPEN_SECONDS * 1_000_000))
