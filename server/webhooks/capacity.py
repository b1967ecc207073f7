"""Capacity of a sender: how many webhooks a process serves at once, and how many of them are of one partner."""

from collections import Counter
from typing import NamedTuple


class Places(NamedTuple):
    """Webhooks that a process serves at once: those that answer, and those that have failed or are pinged."""

    answering: int = 200
    failing: int = 50
    answering_of_partner: int = 5
    failing_of_partner: int = 3


class FreePlaces:
    """Places that are free, of the process and of each partner."""

    def __init__(self, places: Places) -> None:
        self._of_all = {False: places.answering, True: places.failing}
        self._most = {False: places.answering_of_partner, True: places.failing_of_partner}
        self._taken: Counter[tuple[int, bool]] = Counter()

    def has(self, partner_id: int, *, failing: bool) -> bool:
        """Return whether the partner may have one more."""
        return self._of_all[failing] > 0 and self._taken[partner_id, failing] < self._most[failing]

    def take(self, partner_id: int, *, failing: bool) -> None:
        """Give the partner a place."""
        self._of_all[failing] -= 1
        self._taken[partner_id, failing] += 1
