"""Products of the vendor: the form of their codes, and the limits of their values."""

import re
from enum import Enum
from typing import NamedTuple

from domain.languages import Text
from domain.refusals import Refusal
from domain.text import trimmed

CODE_LENGTH = 40
NAME_LENGTH = 200
INCLUDED_SEATS_MAX = 10_000
"""Maximum, so that the seats of the largest order item (20,000 licenses with the bonus) are a 32-bit number."""

_CODE = re.compile(rf"[A-Z0-9][A-Z0-9._-]{{0,{CODE_LENGTH - 1}}}")


class InvalidProductCode(Refusal):
    """A product's code has invalid characters."""

    text = Text(
        pt="O código de um produto tem de 1 a 40 letras (A–Z), algarismos, pontos, hifens e sublinhados, sem espaços.",
        en="A product's code has 1 to 40 letters (A–Z), digits, dots, hyphens and underscores, and no spaces.",
    )


class ProductCodeTaken(Refusal):
    """A product has the same code."""

    text = Text(
        pt="Já existe um produto com o código {product_code}.",
        en="There is a product with the code {product_code} already.",
    )


class ProductDetails(NamedTuple):
    """Details of a product, as the vendor gives them."""

    code: str
    name: str
    included_seats: int
    active: bool | None = None
    """None keeps the stored value; a new product is active."""


class Change(Enum):
    """Outcome of importing a product."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


def code(text: str) -> str | None:
    """Return the code in capitals; None if it is invalid."""
    capitals = trimmed(text).upper()
    # Without the first condition, "ß" would become "SS".
    return capitals if text.isascii() and _CODE.fullmatch(capitals) else None
