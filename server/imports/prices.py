"""Prices from a sheet: each row is a tier of a product for a type of order."""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from domain import money
from domain.money import UNIT_PRICE_MAX, Cents
from domain.orders import QUANTITY_MAX, OrderType
from domain.price_tables import PriceKey
from domain.prices import Tier
from domain.text import fold, visible
from server.imports.cells import CellError, whole
from server.imports.sheets import BadRow, Columns, Line

COLUMNS: Columns = {
    "product": ("produto", "product", "product_code", "codigo_produto", "codigo", "code"),
    "order_type": ("tipo", "order_type", "tipo_pedido", "type"),
    "minimum_quantity": ("quantidade_minima", "minimum_quantity", "qtd_minima", "quantidade", "quantity"),
    "unit_monthly_price": ("valor_unitario_mensal", "unit_monthly_price", "valor_mensal", "monthly_price"),
    "unit_setup_fee": ("valor_adesao", "unit_setup_fee", "adesao", "setup_fee"),
    "bonus_quantity": ("bonus", "bonus_quantity", "quantidade_bonus"),
}
REQUIRED = frozenset(COLUMNS) - {"bonus_quantity"}

_ORDER_TYPES = {
    "purchase": OrderType.PURCHASE,
    "compra": OrderType.PURCHASE,
    "additional seats": OrderType.ADDITIONAL_SEATS,
    "adicional": OrderType.ADDITIONAL_SEATS,
}
_BRAZILIAN = re.compile(r"(?:[0-9]{1,3}(?:\.[0-9]{3})+|[0-9]+)(?:,[0-9]{1,2})?")
_ENGLISH = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+\.[0-9]{1,2}")


class Prices(NamedTuple):
    """Tiers of a sheet by product and type of order, and the bad rows."""

    tiers: Mapping[PriceKey, list[Tier]]
    bad: list[BadRow]


def read(lines: Iterable[Line | BadRow], products: Mapping[str, int]) -> Prices:
    """Read the whole sheet; `products` has the ids of the products by their folded codes."""
    tiers: dict[PriceKey, list[Tier]] = {}
    bad = []
    for line in lines:
        if isinstance(line, BadRow):
            bad.append(line)
            continue
        cells = {name: visible(cell).strip() for name, cell in line.cells.items()}
        try:
            key, tier = _tier(cells, products)
        except CellError as error:
            bad.append(BadRow(line.number, str(error)))
            continue
        of_key = tiers.setdefault(key, [])
        if any(other.minimum_quantity == tier.minimum_quantity for other in of_key):
            bad.append(BadRow(line.number, f"the product has a tier from {tier.minimum_quantity} already"))
        else:
            of_key.append(tier)
    return Prices(tiers, bad)


def _tier(cells: Mapping[str, str], products: Mapping[str, int]) -> tuple[PriceKey, Tier]:
    product_id = products.get(fold(cells.get("product", "")))
    if product_id is None:
        message = f"there is no product with this code; there are {', '.join(sorted(products)).upper() or 'none'}"
        raise CellError(message)
    order_type = _ORDER_TYPES.get(fold(cells.get("order_type", "").replace("_", " ")))
    if order_type is None:
        message = "the order type is Compra (PURCHASE) or Adicional (ADDITIONAL_SEATS)"
        raise CellError(message)
    tier = Tier(
        minimum_quantity=whole(
            cells.get("minimum_quantity", ""), "the minimum quantity", lowest=1, highest=QUANTITY_MAX
        ),
        unit_monthly_price=_price(cells.get("unit_monthly_price", ""), "the monthly price"),
        unit_setup_fee=_price(cells.get("unit_setup_fee", ""), "the setup fee"),
        bonus_quantity=whole(cells.get("bonus_quantity", "") or "0", "the bonus", lowest=0, highest=QUANTITY_MAX),
    )
    return PriceKey(product_id, order_type), tier


def _price(text: str, what: str) -> Cents:
    plain = text.removeprefix("R$").strip()
    if _BRAZILIAN.fullmatch(plain):
        plain = plain.replace(".", "").replace(",", ".")
    elif _ENGLISH.fullmatch(plain):
        plain = plain.replace(",", "")
    cents = money.parse(plain)
    if cents is None or cents > UNIT_PRICE_MAX:
        message = f"{what} is an amount such as 1.234,50 or 1234.50, at most {money.reais(UNIT_PRICE_MAX)}"
        raise CellError(message)
    return cents
