"""Prices from a sheet: each row is a tier of a product for a type of order."""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from db.prices import PriceKey
from domain import money
from domain.money import UNIT_PRICE_MAX, Cents
from domain.orders import QUANTITY_MAX, OrderType
from domain.prices import Tier
from domain.text import fold
from server.imports.clients import BadRow
from server.imports.sheets import Line

COLUMNS = {
    "product": frozenset({"produto", "product", "codigo", "code"}),
    "order_type": frozenset({"tipo", "order_type", "type"}),
    "minimum_quantity": frozenset({"quantidade_minima", "minimum_quantity", "quantidade"}),
    "unit_monthly_price": frozenset({"valor_unitario_mensal", "unit_monthly_price"}),
    "unit_setup_fee": frozenset({"valor_adesao", "unit_setup_fee"}),
    "bonus_quantity": frozenset({"bonus", "bonus_quantity"}),
}
REQUIRED = frozenset(COLUMNS) - {"bonus_quantity"}

_ORDER_TYPES = {
    "purchase": OrderType.PURCHASE,
    "compra": OrderType.PURCHASE,
    "additional_seats": OrderType.ADDITIONAL_SEATS,
    "adicional": OrderType.ADDITIONAL_SEATS,
}
_BRAZILIAN = re.compile(r"[0-9]{1,3}(?:\.[0-9]{3})*,[0-9]{1,2}|[0-9]+,[0-9]{1,2}")


class Prices(NamedTuple):
    """The tiers of a sheet by what they are for, and the rows that are none."""

    tiers: Mapping[PriceKey, list[Tier]]
    bad: list[BadRow]


def read(lines: Iterable[Line], products: Mapping[str, int]) -> Prices:
    """The whole sheet. `products` has the ids of the products by their folded codes."""
    tiers: dict[PriceKey, list[Tier]] = {}
    bad = []
    for line in lines:
        try:
            key, tier = _tier(line.cells, products)
            of_key = tiers.setdefault(key, [])
            if any(other.minimum_quantity == tier.minimum_quantity for other in of_key):
                message = f"the product has a tier from {tier.minimum_quantity} already"
                raise ValueError(message)  # noqa: TRY301 — every fault of a row ends in the same place.
            of_key.append(tier)
        except ValueError as error:
            bad.append(BadRow(line.number, str(error)))
    return Prices(tiers, bad)


def _tier(cells: Mapping[str, str], products: Mapping[str, int]) -> tuple[PriceKey, Tier]:
    product_id = products.get(fold(cells.get("product", "")))
    if product_id is None:
        message = f"there is no product with this code; there are {', '.join(sorted(products)) or 'none'}"
        raise ValueError(message)
    order_type = _ORDER_TYPES.get(fold(cells.get("order_type", "")))
    if order_type is None:
        message = "the order type is Compra (PURCHASE) or Adicional (ADDITIONAL_SEATS)"
        raise ValueError(message)
    tier = Tier(
        minimum_quantity=_whole(cells.get("minimum_quantity", ""), "the minimum quantity", lowest=1),
        unit_monthly_price=_price(cells.get("unit_monthly_price", ""), "the monthly price"),
        unit_setup_fee=_price(cells.get("unit_setup_fee", ""), "the setup fee"),
        bonus_quantity=_whole(cells.get("bonus_quantity", "") or "0", "the bonus", lowest=0),
    )
    return PriceKey(product_id, order_type), tier


def _whole(text: str, what: str, *, lowest: int) -> int:
    number = int(text) if text.isascii() and text.isdecimal() and len(text) <= len(str(QUANTITY_MAX)) else -1
    if not lowest <= number <= QUANTITY_MAX:
        message = f"{what} is a whole number from {lowest} to {QUANTITY_MAX}"
        raise ValueError(message)
    return number


def _price(text: str, what: str) -> Cents:
    plain = text.removeprefix("R$").strip()
    cents = money.parse(plain.replace(".", "").replace(",", ".") if _BRAZILIAN.fullmatch(plain) else plain)
    if cents is None or cents > UNIT_PRICE_MAX:
        message = f"{what} is an amount such as 1.234,50 or 1234.50, at most {money.reais(UNIT_PRICE_MAX)}"
        raise ValueError(message)
    return cents
