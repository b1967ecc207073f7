"""Products of the vendor: what a code looks like, and how much of what a product may have."""

import re
from enum import Enum
from typing import NamedTuple

from domain.languages import Text
from domain.refusals import Refusal
from domain.text import trimmed

CODE_LENGTH = 40
NAME_LENGTH = 200
INCLUDED_SEATS_MAX = 10_000
"""The seats of the largest order item, 20,000 licenses with the bonus, are still a 32-bit number."""

_CODE = re.compile(rf"[A-Z0-9][A-Z0-9._-]{{0,{CODE_LENGTH - 1}}}")


class InvalidProductCode(Refusal):
    """A product's code has characters that no code has."""

    text = Text(
        pt="O código de um produto tem de 1 a 40 letras (A–Z), algarismos, pontos, hifens e sublinhados, sem espaços.",
        en="A product's code has 1 to 40 letters (A–Z), digits, dots, hyphens and underscores, and no spaces.",
    )


class ProductCodeTaken(Refusal):
    """A product has the code already."""

    text = Text(
        pt="Já existe um produto com o código {product_code}.",
        en="There is a product with the code {product_code} already.",
    )


class ProductDetails(NamedTuple):
    """A product as its vendor describes it."""

    code: str
    name: str
    included_seats: int
    active: bool | None = None
    """None keeps what the product has; a new product is active."""


class Change(Enum):
    """What became of a product that was put into the catalogue."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


def code(text: str) -> str | None:
    """Return the code in capitals; None if it can't be one."""
    capitals = trimmed(text).upper()
    # Without the first condition, "ß" would become "SS".
    return capitals if text.isascii() and _CODE.fullmatch(capitals) else None
