"""The partner's clients, "Clientes / ECFs"."""

import re
from enum import Enum

NAME_LENGTH = 200
PLACE_LENGTH = 100

REMOVED_NAME = "Cliente removido"
"""What is shown in place of the name of a cancelled client."""

STATES = frozenset(
    "AC AL AM AP BA CE DF ES GO MA MG MS MT PA PB PE PI PR RJ RN RO RR RS SC SE SP TO".split(),
)
"""The 26 states and the Federal District, by their abbreviation (UF)."""


class ClientStatus(Enum):
    """Whether the client is served, or has left the portal."""

    ACTIVE = "ACTIVE"
    CANCELLED = "CANCELLED"


def redacted(note: str, *, number: str, texts: tuple[str | None, ...]) -> str:
    """The reason of a cancellation without the values that the cancellation erases."""
    any_mask = r"[.\-/\s]?".join(number)
    names = sorted((re.escape(text) for text in texts if text), key=len, reverse=True)
    return re.sub("|".join([any_mask, *names]), "[…]", note, flags=re.IGNORECASE)
