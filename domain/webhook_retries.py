"""Attempts to deliver a message of a webhook: how long it is tried, and when the next one is."""

from datetime import datetime, timedelta
from typing import NamedTuple

RETRIED_FOR = timedelta(days=3)
"""How long a message is tried before the webhook is suspended."""

ATTEMPTS_MIN = 10
"""Number of failures before which it is not, since the clock may have been wrong, or the portal down for days."""

CLOCK_TOLERANCE = timedelta(minutes=1)
"""By how much the clocks of two processes may differ, or one may be set back, before times count as wrong."""

LONGEST_PAUSE = timedelta(hours=4)
_FIRST_PAUSE = timedelta(seconds=5)
_LONGEST_WANTED = timedelta(hours=1)
_DOUBLED_MAX = 20


class Failing(NamedTuple):
    """Failed attempts of one message."""

    attempts: int
    since: datetime
    """When the first of them failed."""


def latest(now: datetime) -> datetime:
    """Return the latest time of the next attempt; a later one was written before the clock was set back."""
    return now + LONGEST_PAUSE + CLOCK_TOLERANCE


def is_due(next_attempt_at: datetime | None, now: datetime) -> bool:
    """Return whether a message may be sent now."""
    return next_attempt_at is None or not now < next_attempt_at <= latest(now)


def next_attempt(failing: Failing, now: datetime, *, luck: float, wanted: timedelta | None = None) -> datetime | None:
    """Return when to try again after a failure; None if the webhook is to be suspended.

    The pause doubles from 5 seconds to 4 hours, and is shortened by up to a half by `luck`, from 0 to 1, so that
    webhooks of one receiver don't return together. It is not shorter than what the receiver wanted, up to an hour.
    """
    end = failing.since + RETRIED_FOR
    if now >= end and failing.attempts >= ATTEMPTS_MIN:
        return None
    doubled = min(max(failing.attempts, 1) - 1, _DOUBLED_MAX)
    pause = min(_FIRST_PAUSE * 2**doubled, LONGEST_PAUSE) * (1 - luck / 2)
    if wanted is not None:
        pause = max(pause, min(wanted, _LONGEST_WANTED))
    then: datetime = now + pause
    return min(then, end) if now < end else then
