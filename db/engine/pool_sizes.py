"""How many connections to PostgreSQL a process may have, and how long it waits for a new one."""

from typing import NamedTuple

CONNECT_SECONDS = 4.0
"""How long a new connection may take, with all hosts: one that is switched off never answers.

Less than any request may take, so that its caller hears of the database and not of a deadline; and more than the three
seconds after which TCP has asked three times.
"""

PATIENT_SECONDS = 10.0
"""How long it may take where no caller waits, as for a migration."""


class PoolSizes(NamedTuple):
    """Largest numbers of connections of a process for reads and for writes."""

    reading: int = 16
    writing: int = 8
    connect_seconds: float = CONNECT_SECONDS
