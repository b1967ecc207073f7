"""Rates: leaky buckets of cost points, which say how much a caller may use.

A bucket is one number, the time at which it is empty again (GCRA, as in ATM's traffic management): a point postpones
that time by what it takes to leak. Times are nanoseconds since 1970, so that every store counts with integers.
"""

from typing import NamedTuple

SECOND = 1_000_000_000
"""Nanoseconds of a second."""

POINTS_PER_SECOND_MAX = 1_000_000


class Limit(NamedTuple):
    """Limit of a caller: the points that leak from its bucket in a second, and the seconds after which it is empty."""

    per_second: int
    seconds: int

    @property
    def points(self) -> int:
        """Return the points that a full bucket has."""
        return self.per_second * self.seconds

    @property
    def point(self) -> int:
        """Return the nanoseconds that one point takes to leak."""
        return SECOND // self.per_second

    @property
    def window(self) -> int:
        """Return the nanoseconds that a full bucket takes to be empty."""
        return self.point * self.points


class Claim(NamedTuple):
    """Claim to a part of a bucket, in nanoseconds; a negative one gives back."""

    bucket: str
    needed: int
    """The least that is of use."""
    wanted: int
    window: int


class Grant(NamedTuple):
    """Part of a bucket that was granted, 0 if less than what is needed was left, and when the bucket is empty."""

    granted: int
    empties_at: int


def granted(claim: Claim, empties_at: int, now: int) -> Grant:
    """Return what a bucket grants, and its next state.

    The bucket is never more than full, also if the clock was ahead before.
    """
    level = min(max(empties_at, now), now + claim.window)
    left = now + claim.window - level
    given = min(claim.wanted, left) if left >= claim.needed else 0
    return Grant(given, level + given)


def left(empties_at: int, now: int, limit: Limit) -> int:
    """Return the points that a bucket has left."""
    return max(0, min(limit.window, now + limit.window - empties_at)) // limit.point
