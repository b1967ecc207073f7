"""Partners for whom units of work are done."""

from collections.abc import Hashable
from typing import NamedTuple


class Partner(NamedTuple):
    """Partner that calls."""

    partner_id: Hashable
