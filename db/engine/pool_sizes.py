"""How many connections to PostgreSQL a process may have, and how long it waits for a new one."""

from typing import NamedTuple


class PoolSizes(NamedTuple):
    """Largest numbers of connections of a process for reads and for writes."""

    reading: int = 16
    writing: int = 8
    connect_seconds: float = 10
    """How long a host may take to answer a new connection: one that is switched off never does."""
