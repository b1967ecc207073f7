"""Products of the vendor: the form of their codes, and the limits of their values."""

import re
from enum import Enum
from typing import NamedTuple

from domain.events import EventType
from domain.languages import Text
from domain.refusals import Refusal, UserErrorCode
from domain.text import trimmed

CODE_LENGTH = 40
NAME_LENGTH = 200
INCLUDED_SEATS_MAX = 10_000
"""Maximum, so that the seats of the largest order item (20,000 licenses with the bonus) are a 32-bit number."""

_CODE = re.compile(rf"[A-Z0-9][A-Z0-9._-]{{0,{CODE_LENGTH - 1}}}")


class InvalidProductCode(Refusal):
    """A product's code has invalid characters."""

    text = Text(
        pt=(
            "O código do produto deve ter de 1 a 40 caracteres: letras sem acento, algarismos, pontos, hifens e "
            "sublinhados, sem espaços."
        ),
        en=(
            "The product's code must have 1 to 40 characters: letters without accents, digits, dots, hyphens and "
            "underscores, and no spaces."
        ),
    )


class ProductCodeTaken(Refusal):
    """A product has the same code."""

    code = UserErrorCode.PRODUCT_CODE_IN_USE
    text = Text(
        pt="Já existe um produto com o código “{product_code}”.",
        en="There is a product with the code “{product_code}” already.",
    )


class ProductRetired(Refusal):
    """A retired product can't be ordered."""

    code = UserErrorCode.PRODUCT_RETIRED
    text = Text(
        pt="O produto “{product}” foi retirado de venda e não pode mais ser pedido.",
        en="The product “{product}” is retired and can no longer be ordered.",
    )


class ProductDetails(NamedTuple):
    """Details of a product, as the vendor gives them."""

    code: str
    name: str
    included_seats: int
    active: bool | None = None
    """None keeps the stored value; a new product is active."""

    def completed(self, before: "ProductDetails | None") -> "ProductDetails":
        """Return the details with the value that `active` will have."""
        if self.active is not None:
            return self
        return self._replace(active=True if before is None else before.active)


class Change(Enum):
    """Outcome of importing a product."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


def happened(before: ProductDetails | None, after: ProductDetails) -> list[EventType]:
    """Return the types of events of a new or changed product; none if it is as before."""
    was_active = before is None or before.active is not False
    types = []
    if before is None:
        types.append(EventType.PRODUCT_CREATED)
    elif after != before._replace(active=after.active):
        types.append(EventType.PRODUCT_UPDATED)
    if was_active and after.active is False:
        types.append(EventType.PRODUCT_RETIRED)
    elif not was_active and after.active is not False:
        types.append(EventType.PRODUCT_REINSTATED)
    return types


def code(text: str) -> str | None:
    """Return the code in capitals; None if it is invalid."""
    capitals = trimmed(text).upper()
    # Without the first condition, "ß" would become "SS".
    return capitals if text.isascii() and _CODE.fullmatch(capitals) else None
