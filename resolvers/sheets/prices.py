"""Prices from a sheet: each row is a tier of a product for a type of order."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from db.prices import ProductRow
from domain import money
from domain.checks import Checks
from domain.languages import Text
from domain.money import UNIT_PRICE_MAX, Amount, Cents
from domain.orders import QUANTITY_MAX, OrderType
from domain.price_tables import TIERS_MAX, PriceKey
from domain.prices import Tier
from domain.refusals import Refusal
from domain.sheet_files import NoRows
from domain.sheet_rows import AmbiguousProduct, NoAmount, RepeatedTier, TooManyTiers, UnknownOrderType, UnknownProduct
from domain.text import fold, visible
from resolvers.sheets.cells import NOTHING, Dots, whole, without_text_mark
from resolvers.sheets.headers import Columns, Layout
from resolvers.sheets.reader import BadRow, Line

COLUMNS: Columns = {
    "product": ("produto", "product", "product_code", "codigo_produto", "codigo", "code", "nome_produto", "nome"),
    "order_type": ("tipo", "order_type", "tipo_pedido", "type"),
    "minimum_quantity": (
        "quantidade_minima",
        "minimum_quantity",
        "qtd_minima",
        "qtde_minima",
        "quantidade",
        "quantity",
        "a_partir_de",
    ),
    "unit_monthly_price": (
        "valor_unitario_mensal",
        "unit_monthly_price",
        "valor_mensal",
        "preco_mensal",
        "mensalidade",
        "monthly_price",
    ),
    "unit_setup_fee": ("valor_adesao", "unit_setup_fee", "adesao", "taxa_adesao", "setup_fee"),
    "bonus_quantity": ("bonus", "bonus_quantity", "quantidade_bonus"),
}
LABELS: Mapping[str, Text] = {
    "product": Text(pt="Produto", en="Product"),
    "order_type": Text(pt="Tipo", en="Type"),
    "minimum_quantity": Text(pt="Quantidade mínima", en="Minimum quantity"),
    "unit_monthly_price": Text(pt="Valor unitário mensal", en="Monthly price"),
    "unit_setup_fee": Text(pt="Valor de adesão", en="Setup fee"),
    "bonus_quantity": Text(pt="Bônus", en="Bonus"),
}
"""What sentences call the columns."""

LAYOUT = Layout(columns=COLUMNS, labels=LABELS, required=(frozenset(COLUMNS) - {"bonus_quantity"},))
_NUMBERS = [name for name in COLUMNS if name not in {"product", "order_type"}]

_ORDER_TYPES = {
    "purchase": OrderType.PURCHASE,
    "compra": OrderType.PURCHASE,
    "additional seats": OrderType.ADDITIONAL_SEATS,
    "adicional": OrderType.ADDITIONAL_SEATS,
}
_BRAZILIAN = re.compile(r"(?:[1-9][0-9]{0,2}(?:\.[0-9]{3})+|[0-9]+)(?:,[0-9]{1,2})?")
_ENGLISH = re.compile(r"[1-9][0-9]{0,2}(?:,[0-9]{3})+\.[0-9]{1,2}")
_THREE_DECIMALS = re.compile(r"(0[0-9]*\.[0-9]{2})0")
"""An amount with a zero before the dot, which separates no thousands then."""

_CURRENCY = re.compile(r"R\$\s*", re.IGNORECASE)

_CODES_SAID = 20
"""How many codes the refusal of an unknown product names: each of thousands of rows may have one."""


Value = TypeVar("Value")


class Prices(NamedTuple):
    """Tiers of a sheet by product and type of order, and the bad rows."""

    tiers: Mapping[PriceKey, list[Tier]]
    bad: list[BadRow]


class Products:
    """Products by the codes and names that a sheet may have."""

    def __init__(self, products: Sequence[ProductRow]) -> None:
        self._by_code = {fold(product.code): product.id for product in products}
        self._by_name: dict[str, list[ProductRow]] = {}
        for product in products:
            self._by_name.setdefault(fold(product.name), []).append(product)
        codes = sorted(product.code for product in products)
        self._codes = ", ".join([*codes[:_CODES_SAID], *["…"] * (len(codes) > _CODES_SAID)]) or "-"

    def found(self, written: str) -> int:
        """Return the id of the product with the code, or else the name; raise a refusal unless there is one."""
        # A name may begin with an apostrophe, which marks a text elsewhere.
        for folded in map(fold, (written, without_text_mark(written))):
            if (by_code := self._by_code.get(folded)) is not None:
                return by_code
            named = self._by_name.get(folded, [])
            if len(named) > 1:
                raise AmbiguousProduct(("product",), codes=", ".join(product.code for product in named))
            if named:
                return named[0].id
        raise UnknownProduct(("product",), codes=self._codes)


def read(lines: Iterable[Line | BadRow], products: Products, dots: Dots | None = None) -> Prices:
    """Read the whole sheet; raise NoRows if it has none.

    Raises DotBothWays if the dot separates decimals in one number and thousands in another. `dots` has the
    warnings of the sheet.
    """
    tiers: dict[PriceKey, list[Tier]] = {}
    bad, dots = [], Dots() if dots is None else dots
    for line in lines:
        if isinstance(line, BadRow):
            bad.append(line)
            continue
        cells = {name: visible(_unmarked(name, cell)).strip() for name, cell in line.cells.items()}
        dots.note(line.number, {name: _amount(cells.get(name, "")) for name in _NUMBERS})
        checks = Checks()
        key, tier = _tier(cells, products, checks)
        if checks.refusals:
            bad.append(line.bad(*checks.refusals))
            continue
        of_key = tiers.setdefault(key, [])
        if any(other.minimum_quantity == tier.minimum_quantity for other in of_key):
            bad.append(line.bad(RepeatedTier(quantity=tier.minimum_quantity)))
        elif len(of_key) == TIERS_MAX:
            bad.append(line.bad(TooManyTiers(highest=TIERS_MAX)))
        else:
            of_key.append(tier)
    if not tiers and not bad:
        raise NoRows
    return Prices(tiers, bad)


def _tier(cells: Mapping[str, str], products: Products, checks: Checks) -> tuple[PriceKey, Tier]:
    product_id = _tried(checks, 0, lambda: products.found(cells.get("product", "")))
    order_type = _ORDER_TYPES.get(fold(cells.get("order_type", "").replace("_", " ")))
    if order_type is None:
        checks.refuse(UnknownOrderType(("order_type",)))
    tier = Tier(
        minimum_quantity=_tried(checks, 1, lambda: _quantity(cells, "minimum_quantity", lowest=1)),
        unit_monthly_price=_tried(checks, Cents(0), lambda: _price(cells, "unit_monthly_price")),
        unit_setup_fee=_tried(checks, Cents(0), lambda: _price(cells, "unit_setup_fee")),
        bonus_quantity=_tried(checks, 0, lambda: _quantity(cells, "bonus_quantity", lowest=0)),
    )
    return PriceKey(product_id, order_type or OrderType.PURCHASE), tier


def _tried(checks: Checks, otherwise: Value, read_cell: Callable[[], Value]) -> Value:
    try:
        return read_cell()
    except Refusal as refusal:
        checks.refuse(refusal)
        return otherwise


def _quantity(cells: Mapping[str, str], name: str, *, lowest: int) -> int:
    cell = cells.get(name, "")
    return whole(cell or ("" if lowest else "0"), name, lowest=lowest, highest=QUANTITY_MAX)


def _price(cells: Mapping[str, str], name: str) -> Cents:
    plain = _amount(cells.get(name, ""))
    if plain in NOTHING:
        return Cents(0)
    if _BRAZILIAN.fullmatch(plain):
        plain = plain.replace(".", "").replace(",", ".")
    elif _ENGLISH.fullmatch(plain):
        plain = plain.replace(",", "")
    elif three := _THREE_DECIMALS.fullmatch(plain):
        plain = three[1]
    cents = money.parse(plain)
    if cents is None or cents > UNIT_PRICE_MAX:
        raise NoAmount((name,), highest=Amount(UNIT_PRICE_MAX))
    return cents


def _unmarked(name: str, cell: str) -> str:
    return cell if name == "product" else without_text_mark(cell)


def _amount(text: str) -> str:
    return _CURRENCY.sub("", text, count=1).strip() if _CURRENCY.match(text) else text
