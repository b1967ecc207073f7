"""The partner's clients, "Clientes / ECFs"."""

import re
from enum import Enum

from domain.text import fold

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
    """The reason of a cancellation without the values that it erases, however their case, accents and blanks."""
    plain, places = _plain(note)
    any_mask = r"[.\-/\s]*".join(number.lower())
    names = sorted((fold(text) for text in texts if text), key=len, reverse=True)
    patterns = [any_mask, *(r"\s+".join(re.escape(word) for word in name.split()) for name in names if name)]
    kept, rest = "", 0
    for found in re.finditer("|".join(patterns), plain):
        kept += note[rest : places[found.start()]] + "[…]"
        rest = places[found.end() - 1] + 1
    return kept + note[rest:]


def _plain(note: str) -> tuple[str, list[int]]:
    """The note without accents and case, and for each of its characters the place that it comes from."""
    plain, places = "", []
    for place, character in enumerate(note):
        folded = character if character.isspace() else fold(character)
        plain += folded
        places += [place] * len(folded)
    return plain, places
