"""Products, price tables, and quotes of orders ("Comprar")."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import NamedTuple

from db import licenses, price_tables, price_versions, prices
from db.engine import Connection
from db.licenses import StockRow
from db.price_tables import PriceTableRow
from db.prices import ProductRow
from domain import prices as rules
from domain.access import Permission
from domain.checks import Checks
from domain.errors import BadUserInput
from domain.money import Cents
from domain.orders import ITEMS_MAX, QUANTITY_MAX, Line, OrderType
from domain.partners import PartnerRequired
from domain.price_tables import PriceKey, Tiers
from domain.prices import Tier
from domain.products import ProductRetired
from domain.refusals import DuplicateProduct, NotFound, ProductNotInStock, ProductNotPriced, Refusal
from resolvers.columns import column
from resolvers.context import Context
from resolvers.dataloader import Batch, then
from resolvers.ids import NOWHERE
from resolvers.partners import check_partner


class WantedItem(NamedTuple):
    """Product and its quantity."""

    product_id: int
    quantity: int


class WantedOrder(NamedTuple):
    """Order to quote, by a price table or, without one, by the preselected one of the partner."""

    type: OrderType
    items: tuple[WantedItem, ...]
    price_table_id: int | None = None

    @property
    def product_ids(self) -> list[int]:
        """Ids of the products, in the order of the items."""
        return [item.product_id for item in self.items]


_OF_LINE = tuple(each.name for each in fields(Line))


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotedLine(Line):
    """Line of a quote, and the tier that a larger quantity would reach."""

    next_tier: Tier | None

    @classmethod
    def of(cls, line: Line, next_tier: Tier | None) -> "QuotedLine":
        """Return the line with its next tier."""
        # `asdict` would copy each value deeply.
        return cls(**{name: getattr(line, name) for name in _OF_LINE}, next_tier=next_tier)

    @property
    def units_to_next_tier(self) -> int | None:
        """Number of units that are missing for the next tier."""
        return None if self.next_tier is None else self.next_tier.minimum_quantity - self.quantity


class Quote(NamedTuple):
    """Quote of an order at today's prices."""

    type: OrderType
    price_table_id: int
    price_table_version_id: int
    items: Sequence[QuotedLine]
    valid_until: datetime | None = None
    """When the next version of the price table begins, if it is published."""

    @property
    def monthly_total(self) -> Cents:
        """ "Valor Total Mensal" of all lines."""
        return Cents(sum(line.monthly_total for line in self.items))

    @property
    def setup_fee_total(self) -> Cents:
        """ "Valor Adesão" of all lines."""
        return Cents(sum(line.setup_fee for line in self.items))

    @property
    def total_with_setup_fee(self) -> Cents:
        """ "Valor Total com Adesão" of all lines."""
        return Cents(self.monthly_total + self.setup_fee_total)


class PriceTableItem(NamedTuple):
    """Tiers of one product and order type."""

    product_id: int
    order_type: OrderType
    tiers: Sequence[Tier]


def checked(
    order_type: OrderType, items: Sequence[tuple[int, int]], checks: Checks, *, price_table_id: int | None = None
) -> WantedOrder:
    """Return the order of an input: 1–50 items, each product once, 1–10,000 of each."""
    if not checks.count(len(items), "items", lowest=1, highest=ITEMS_MAX):
        return WantedOrder(order_type, ())
    seen = set[int]()
    for place, (product_id, quantity) in enumerate(items):
        checks.number(quantity, "items", str(place), "quantity", lowest=1, highest=QUANTITY_MAX)
        if product_id in seen and product_id != NOWHERE:
            checks.refuse(DuplicateProduct(("items", str(place), "productId")))
        seen.add(product_id)
    return WantedOrder(order_type, tuple(WantedItem(*item) for item in items), price_table_id)


def found(price_table_id: int | None) -> int:
    """Return the id of the price table to buy by; raise NotFound if the partner does not buy by it."""
    if price_table_id is None:
        raise NotFound(("priceTableId",))
    return price_table_id


async def priced(
    connection: Connection,
    partner_id: int,
    wanted: WantedOrder,
    known: Mapping[int, ProductRow],
    price_table_id: int,
    *,
    at: datetime,
) -> Quote:
    """Return the quote by a price table of the partner; raise a group of all its refusals."""
    product_ids = wanted.product_ids
    version = await prices.in_force_for(connection, partner_id, price_table_id, product_ids, wanted.type, at=at)
    tiers: Tiers = {} if version is None else version.tiers
    stock: Mapping[int, StockRow] = {}
    if wanted.type is OrderType.ADDITIONAL_SEATS:
        stock = await licenses.by_products(connection, partner_id, product_ids)
    checks = Checks()
    lines = []
    for place, item in enumerate(wanted.items):
        path = ("items", str(place), "productId")
        bought = item.product_id in stock and stock[item.product_id].purchased > 0
        try:
            lines.append(_line(wanted.type, item, known, tiers, path, bought=bought))
        except Refusal as refusal:
            checks.refuse(refusal)
    checks.done()
    # Without a version, each line is refused.
    return Quote(wanted.type, price_table_id, NOWHERE if version is None else version.version_id, lines)


def _line(
    order_type: OrderType,
    item: WantedItem,
    known: Mapping[int, ProductRow],
    tiers: Mapping[PriceKey, Sequence[Tier]],
    path: tuple[str, ...],
    *,
    bought: bool,
) -> QuotedLine:
    product = known.get(item.product_id)
    if product is None:
        raise NotFound(path)
    if not product.active:
        raise ProductRetired(path, product=product.name)
    of_product = tiers.get(PriceKey(product.id, order_type), ())
    tier = rules.tier_for(item.quantity, of_product)
    if tier is None:
        raise ProductNotPriced(path)
    if order_type is OrderType.ADDITIONAL_SEATS and not bought:
        raise ProductNotInStock(path)
    line = rules.line(
        order_type,
        tier,
        product_id=product.id,
        quantity=item.quantity,
        included_seats=product.included_seats,
    )
    return QuotedLine.of(line, rules.next_tier(item.quantity, of_product))


async def quote(context: Context, wanted: WantedOrder, named: int | None = None) -> Quote:
    """Return the quote of an order."""
    viewer = context.require(Permission.ORDERS_READ)
    if viewer.of_vendor and named is None:
        raise PartnerRequired(("partnerId",))
    partner_id = context.acting_for(named)

    at = context.now()

    async def read(connection: Connection) -> Quote:
        if named is not None:
            await check_partner(connection, viewer, partner_id)
        table_id = found(await price_tables.chosen(connection, partner_id, wanted.price_table_id))
        known = await prices.products_by_ids(connection, wanted.product_ids)
        quoted = await priced(connection, partner_id, wanted, known, table_id, at=at)
        return quoted._replace(valid_until=await price_versions.next_begin(connection, partner_id, table_id, at=at))

    return await context.portal.database.read(read)


async def products(context: Context) -> list[ProductRow]:
    """Return every product of the vendor."""
    context.require(Permission.ORDERS_READ)
    return await context.portal.database.read(prices.all_products)


async def price_table(context: Context, named: int | None = None) -> PriceTableRow:
    """Return the partner's preselected price table; raise BadUserInput if no partner has the id."""
    partner_id = context.of_one_partner(named, "partnerId")
    table = await context.loaders.price_table_of_partner.load(partner_id)
    if table is None:
        message = "“partnerId” must be the ID of a partner."
        raise BadUserInput(message, argument="partnerId")
    return table


def price_table_items(context: Context, tables: Sequence[PriceTableRow]) -> Batch[list[PriceTableItem]]:
    """Return the items of each price table."""
    loaded = context.loaders.tiers_of_price_table.load_many(column(tables, "id"))
    return then(loaded, lambda of_tables: [items(tiers or {}) for tiers in of_tables])


def items(tiers: Tiers) -> list[PriceTableItem]:
    """Return the tiers as items, each of one product and order type."""
    return [PriceTableItem(key.product_id, key.order_type, of_key) for key, of_key in tiers.items()]
