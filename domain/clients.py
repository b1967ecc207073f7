"""Clients of a partner, "Clientes / ECFs"."""

import re
from enum import Enum

from domain.text import fold, plain

NAME_LENGTH = 200
PLACE_LENGTH = 100

REMOVED_NAME = "Cliente removido"
"""Replacement for the name of a cancelled client."""

STATES = frozenset(
    "AC AL AM AP BA CE DF ES GO MA MG MS MT PA PB PE PI PR RJ RN RO RR RS SC SE SP TO".split(),
)
"""Abbreviations (UF) of the 26 states and the Federal District."""

STATE_NAMES = {
    "acre": "AC",
    "alagoas": "AL",
    "amazonas": "AM",
    "amapa": "AP",
    "bahia": "BA",
    "ceara": "CE",
    "distrito federal": "DF",
    "espirito santo": "ES",
    "goias": "GO",
    "maranhao": "MA",
    "minas gerais": "MG",
    "mato grosso do sul": "MS",
    "mato grosso": "MT",
    "para": "PA",
    "paraiba": "PB",
    "pernambuco": "PE",
    "piaui": "PI",
    "parana": "PR",
    "rio de janeiro": "RJ",
    "rio grande do norte": "RN",
    "rondonia": "RO",
    "roraima": "RR",
    "rio grande do sul": "RS",
    "santa catarina": "SC",
    "sergipe": "SE",
    "sao paulo": "SP",
    "tocantins": "TO",
}
"""Abbreviations of the states by their folded names."""


class ClientStatus(Enum):
    """Status of a client: served, or cancelled."""

    ACTIVE = "ACTIVE"
    CANCELLED = "CANCELLED"


def names_folded(name: str, trade_name: str | None) -> str:
    """Return both names as they are searched, one per line: a search text has no line feed, so no match spans both."""
    folded = fold(trade_name or "")
    return f"{fold(name)}\n{folded}" if folded else fold(name)


def redacted(note: str, *, number: str, texts: tuple[str | None, ...]) -> str:
    """Return the note without the erased number and texts, in any case, accents and blanks."""
    for text in texts:
        if text and not fold(text):
            note = note.replace(text, "[…]")
    any_mask = r"[.\-/\s]*".join(plain(number))
    names = sorted((fold(text) for text in texts if text), key=len, reverse=True)
    patterns = [any_mask, *(r"\s+".join(re.escape(word) for word in name.split()) for name in names if name)]
    # Origin of each plain character: “½” becomes three of them, and an accent by itself none.
    places = [place for place, character in enumerate(note) for _ in plain(character)]
    kept, rest = "", 0
    for found in re.finditer("|".join(patterns), plain(note)):
        kept += note[rest : places[found.start()]] + "[…]"
        rest = places[found.end()] if found.end() < len(places) else len(note)
    return kept + note[rest:]
