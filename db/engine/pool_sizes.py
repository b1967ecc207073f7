"""How many connections to PostgreSQL a process may have, and how long it waits for a new one."""

from typing import NamedTuple

CONNECT_SECONDS = 4.0
"""Timeout of a connection attempt over all hosts.

It is shorter than the deadline of any request, so that callers get UNAVAILABLE and not TIMEOUT, and longer than the
three seconds in which TCP sends its first two retries.
"""

PATIENT_SECONDS = 10.0
"""Timeout where no caller waits, as in a migration."""


class PoolSizes(NamedTuple):
    """Largest numbers of connections of a process for reads and for writes."""

    reading: int = 16
    writing: int = 8
    connect_seconds: float = CONNECT_SECONDS
