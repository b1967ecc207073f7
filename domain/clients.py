"""Clients of a partner, "Clientes / ECFs"."""

from enum import Enum

from domain.text import fold

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
