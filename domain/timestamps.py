"""Timestamps of RFC 3339, and the time of now."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

utc_now: Callable[[], datetime] = partial(datetime.now, UTC)
"""The machine's clock."""

TEXT_LENGTH_MAX = 64
"""Maximum length, since RFC 3339 allows any number of fractional digits."""

_TIMESTAMP = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]"
    r"(?P<minute>(?:[01][0-9]|2[0-3]):[0-5][0-9]):(?P<second>[0-5][0-9]|60)(?:\.(?P<fraction>[0-9]+))?"
    r"(?:[Zz]|(?P<sign>[+-])(?P<hours>[01][0-9]|2[0-3]):(?P<minutes>[0-5][0-9]))"
)
_LEAP_SECOND = "60"


def parse(text: str) -> datetime | None:
    """Return the timestamp in UTC, cut to microseconds; None if the text is invalid.

    The second 60 is the first of the next minute, in every minute: which ones have a leap second is not known in
    advance. Years outside of 1 to 9999 can't be represented, so they are refused.
    """
    found = _TIMESTAMP.fullmatch(text) if len(text) <= TEXT_LENGTH_MAX else None
    if found is None:
        return None
    is_leap = found["second"] == _LEAP_SECOND
    second = "59" if is_leap else found["second"]
    microseconds = (found["fraction"] or "")[:6].ljust(6, "0")
    offset = timedelta(hours=int(found["hours"] or 0), minutes=int(found["minutes"] or 0))
    to_utc = timedelta(seconds=int(is_leap)) + (offset if found["sign"] == "-" else -offset)
    try:
        local = datetime.fromisoformat(f"{found['date']}T{found['minute']}:{second}.{microseconds}")
        return local.replace(tzinfo=UTC) + to_utc
    except (ValueError, OverflowError):
        return None
