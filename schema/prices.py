"""Products, "Pauta Preço", and what an order would come to."""

from collections.abc import Sequence
from typing import Annotated

import strawberry

from db.prices import PriceTableRow, ProductRow
from domain.checks import Checks
from domain.money import Cents
from domain.orders import OrderType
from resolvers import ids, prices
from resolvers.prices import PriceTableItem as PriceTableItemRow
from resolvers.prices import Quote, QuotedLine, WantedOrder
from schema.errors import Payload, answer
from schema.nodes import Info, Node, OfRow
from schema.relations import attribute, to_one


@strawberry.type(description="A product of the vendor, “produto”: Moderniza Completo, Moderniza Light or Módulo SPED.")
class Product(Node, row=ProductRow):
    """A product."""

    code: str = attribute("A short name for programs, unique among the products.")
    name: str = attribute("The product's name.")
    included_seats: int = attribute("How many users one license serves before additional seats are needed.")
    active: bool = attribute("Whether it can be ordered; one that can't stays in stock and in use.")


@strawberry.type(description="A unit price that holds from a quantity on, until the next tier begins.")
class PriceTier:
    """A tier, read from a Tier."""

    minimum_quantity: int = strawberry.field(
        description="The quantity from which on the tier applies: the highest one that a quantity reaches does."
    )
    unit_monthly_price: Cents = strawberry.field(description="The price of one unit a month, “Valor Unitário Mensal”.")
    unit_setup_fee: Cents = strawberry.field(description="The fee for one unit, paid once, “Valor Adesão”.")
    bonus_quantity: int = strawberry.field(description="How many units come on top without being billed, “Bônus”.")


@strawberry.type(description="The prices of one product for one type of order.")
class PriceTableItem(OfRow, row=PriceTableItemRow):
    """What a price is for, and its tiers."""

    order_type: OrderType = strawberry.field(description="What kind of order the prices are for, “Tipo”.")
    tiers: list[PriceTier] = strawberry.field(description="The tiers, the one with the lowest quantity first.")

    product: Product = to_one("product_id", loader="product", description="The product that is priced, “produto”.")


@strawberry.type(description="The price table of a partner, “Pauta Preço”.")
class PriceTable(Node, row=PriceTableRow):
    """A price table."""

    name: str = attribute("The name of the price table.")

    @strawberry.field(graphql_type=list[PriceTableItem], description="What has a price, by product and type of order.")
    @staticmethod
    async def items(table: strawberry.Parent[PriceTableRow], info: Info) -> list[PriceTableItemRow]:
        return await prices.price_table_items(info.context, table)


@strawberry.input(description="One product of an order. Nothing else can be given: prices are not the caller's to set.")
class OrderItemInput:
    """A product and its quantity."""

    product_id: strawberry.ID = strawberry.field(description="The product to order, “Produto”; each at most once.")
    quantity: int = strawberry.field(description="How many, “Quantidade”: 1 to 10,000.")


@strawberry.input(description="An order to find the price of.")
class QuoteOrderInput:
    """An order without consequences."""

    type: OrderType = strawberry.field(description="What is ordered, “Tipo”: “Compra” or “Adicional”.")
    items: list[OrderItemInput] = strawberry.field(description="What is ordered, “Itens do Pedido”: 1 to 50 products.")

    def checked(self) -> WantedOrder:
        """The order, or a group of what is refused of it."""
        checks = Checks()
        wanted = wanted_order(self.type, self.items, checks)
        checks.done()
        return wanted


def wanted_order(order_type: OrderType, items: Sequence[OrderItemInput], checks: Checks) -> WantedOrder:
    """The order that the items make."""
    pairs = [(ids.number("Product", item.product_id), item.quantity) for item in items]
    return prices.checked(order_type, pairs, checks)


@strawberry.type
class OrderLine(OfRow):
    """What a line of an order has, before there is an order as well as after."""

    quantity: int = strawberry.field(description="How many are billed, “Quantidade”.")
    bonus_quantity: int = strawberry.field(description="How many come on top without being billed, “Bônus”.")
    total_quantity: int = strawberry.field(description="`quantity` and `bonusQuantity` together, “Quantidade Total”.")
    seats: int = strawberry.field(
        description=(
            "How many users it serves, “Quantidade Usuários”: the product's `includedSeats` times `totalQuantity`, "
            "or `totalQuantity` itself where additional seats are ordered."
        )
    )
    unit_monthly_price: Cents = strawberry.field(description="The price of one unit a month, “Valor Unitário Mensal”.")
    unit_setup_fee: Cents = strawberry.field(description="The fee for one unit, paid once.")
    setup_fee: Cents = strawberry.field(description="`unitSetupFee` times `quantity`, “Valor Adesão”.")
    monthly_total: Cents = strawberry.field(description="`unitMonthlyPrice` times `quantity`, “Valor Total Mensal”.")
    total_with_setup_fee: Cents = strawberry.field(
        description="`monthlyTotal` and `setupFee` together, “Valor Total com Adesão”."
    )

    product: Product = to_one("product_id", loader="product", description="The product that is ordered, “Produto”.")


@strawberry.type(description="The values of an item before there is an order, and how far the next tier is.")
class QuotedItem(OrderLine, row=QuotedLine):
    """A line that is not ordered yet."""

    next_tier: PriceTier | None = strawberry.field(
        description="The nearest tier that the quantity does not reach yet; null in the highest one."
    )
    units_to_next_tier: int | None = strawberry.field(
        description="How many units more would reach `nextTier`; null in the highest one."
    )


@strawberry.type(description="What an order would come to by the partner's price table as it is now.")
class OrderQuote:
    """The lines of the “novo pedido” screen, read from a Quote."""

    type: OrderType = strawberry.field(description="What would be ordered, “Tipo”.")
    items: list[QuotedItem] = strawberry.field(description="The lines, in the order of the input, “Itens do Pedido”.")
    monthly_total: Cents = strawberry.field(description="What all lines cost a month, “Valor Total Mensal”.")
    setup_fee_total: Cents = strawberry.field(description="What is paid once for all lines, “Valor Adesão”.")
    total_with_setup_fee: Cents = strawberry.field(
        description="`monthlyTotal` and `setupFeeTotal` together, “Valor Total com Adesão”: the `expectedTotal`."
    )


@strawberry.type(description="What `quoteOrder` answers.")
class QuoteOrderPayload(Payload):
    """A quote, or why there is none."""

    outcome: strawberry.Private[Quote | None] = None

    @strawberry.field(
        graphql_type=OrderQuote | None,
        description="What the order would come to; null where `userErrors` says why there is none.",
    )
    def quote(self) -> Quote | None:
        return self.outcome


@strawberry.type
class PriceQueries:
    """The fields of Query about products and prices."""

    @strawberry.field(
        graphql_type=list[Product], description="Every product of the vendor, in the order of their codes."
    )
    @staticmethod
    async def products(info: Info) -> list[ProductRow]:
        return await prices.products(info.context)

    @strawberry.field(graphql_type=PriceTable, description="The price table of the viewer's partner, “Pauta Preço”.")
    @staticmethod
    async def price_table(info: Info) -> PriceTableRow | None:
        return await prices.price_table(info.context, info.context.partner_id)

    @strawberry.field(
        description="What an order would come to: it fills the lines of the screen “Comprar”, and changes nothing.",
    )
    @staticmethod
    async def quote_order(
        info: Info, input: Annotated[QuoteOrderInput, strawberry.argument(description="The order to quote.")]
    ) -> QuoteOrderPayload:
        return await answer(QuoteOrderPayload, info.context, lambda: prices.quote(info.context, input.checked()))
