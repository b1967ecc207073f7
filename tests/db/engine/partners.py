"""Partners for whom units of work are done."""

from collections.abc import Hashable
from typing import NamedTuple

from db.engine.deadline import Deadline, current

_SECONDS = 600


class Partner(NamedTuple):
    """Partner that calls."""

    partner_id: Hashable


def call_for(partner: Hashable, seconds: float = _SECONDS) -> Deadline:
    """Let the task be that of a partner's request, or of a stranger's; return its deadline."""
    until = Deadline(seconds)
    until.caller = None if partner is None else Partner(partner)
    current.set(until)
    return until
