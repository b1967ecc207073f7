"""Counts of what a process has done since it started, which the metrics show."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Counts:
    """Counts of a process, by outcomes from closed sets."""

    deliveries: Counter[str] = field(default_factory=Counter)
    """Tries to deliver to webhooks, by outcome."""
    answers_of_connections: Counter[str] = field(default_factory=Counter)
    """Answers to what is no request, by status, which connections give by themselves."""
    refused_connections: Counter[str] = field(default_factory=Counter)
    """Connections beyond a cap, by the cap."""
