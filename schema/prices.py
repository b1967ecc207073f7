"""Products, "Pauta Preço" and quotes of orders."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import strawberry

from db.prices import ProductRow
from domain.checks import Checks
from domain.money import Cents
from domain.orders import OrderType
from resolvers import ids, prices
from resolvers.prices import PriceTableItem as PriceTableItemRow
from resolvers.prices import Quote, QuotedLine, WantedOrder
from schema.arguments import number
from schema.errors import Payload, answer
from schema.inputs import OnBehalf, optional
from schema.labels import label_of
from schema.nodes import Info, Node, OfRow
from schema.relations import attribute, to_one


@strawberry.type(description="A product of the vendor, “produto”, such as Moderniza Completo or Módulo SPED.")
class Product(Node, row=ProductRow):
    code: str = attribute("The short name of the product for programs, unique among all products.")
    name: str = attribute("The product's name.")
    included_seats: int = attribute("The number of users that one license serves without additional seats.")
    active: bool = attribute(
        "Whether the product can be ordered. False if it is retired; its licenses stay in stock and in use."
    )


@strawberry.type(description="A unit price that applies from a minimum quantity up to the next tier.")
class PriceTier:
    """Tier of prices, read from a Tier."""

    minimum_quantity: int = strawberry.field(
        description=(
            "The lowest quantity of the tier. The tier with the highest minimum that a quantity reaches applies."
        )
    )
    unit_monthly_price: Cents = strawberry.field(description="The monthly price of one unit, “Valor Unitário Mensal”.")
    unit_setup_fee: Cents = strawberry.field(description="The one-time setup fee of one unit, “Valor Unitário Adesão”.")
    bonus_quantity: int = strawberry.field(description="The number of units added without being billed, “Bônus”.")


@strawberry.type(description="The prices of a product for one type of order.")
class PriceTableItem(OfRow, row=PriceTableItemRow):
    order_type: OrderType = strawberry.field(description="The type of order that the prices are for, “Tipo”.")
    order_type_label: str = label_of("order_type", OrderType)
    tiers: list[PriceTier] = strawberry.field(description="The tiers, sorted by their minimum quantity.")

    product: Product = to_one(
        "product_id", loader="product", description="The product that the prices are for, “produto”."
    )


@strawberry.input(
    description=(
        "A product of an order, with its quantity. Prices are not part of the input: they come from the price table."
    )
)
class OrderItemInput:
    product_id: strawberry.ID = strawberry.field(
        description="The ID of the product, “Produto”. Each product can be ordered at most once."
    )
    quantity: int = strawberry.field(description="The quantity, “Quantidade”: 1 to 10,000.")


def by_price_table() -> Any:  # noqa: ANN401 — a field of a dataclass, as strawberry.field is.
    """Declare the price table of an order."""
    return optional(
        "The ID of the price table, “Pauta Preço”, which must be one of the partner's. The preselected one if it is "
        "omitted."
    )


@strawberry.input(description="Input of `quoteOrder`.")
class QuoteOrderInput(OnBehalf):
    type: OrderType = strawberry.field(description="The type of the order, “Tipo”: “Compra” or “Adicional”.")
    items: list[OrderItemInput] = strawberry.field(description="The 1 to 50 products of the order, “Itens do Pedido”.")
    price_table_id: strawberry.ID | None = by_price_table()

    def checked(self) -> WantedOrder:
        """Return the order to quote; raise a group of refusals if it is invalid."""
        checks = Checks()
        wanted = wanted_order(self.type, self.items, checks, self.price_table_id)
        checks.done()
        return wanted


def wanted_order(
    order_type: OrderType, items: Sequence[OrderItemInput], checks: Checks, price_table_id: strawberry.ID | None
) -> WantedOrder:
    """Return the order of the given items, and add refusals to `checks`."""
    pairs = [(ids.number("Product", item.product_id), item.quantity) for item in items]
    return prices.checked(order_type, pairs, checks, price_table_id=number("PriceTable", price_table_id))


@strawberry.type
class OrderLine(OfRow):
    """Fields of a line of an order or quote."""

    quantity: int = strawberry.field(description="The quantity that is billed, “Quantidade”.")
    bonus_quantity: int = strawberry.field(description="The quantity that is added without being billed, “Bônus”.")
    total_quantity: int = strawberry.field(description="The sum of `quantity` and `bonusQuantity`, “Quantidade Total”.")
    seats: int = strawberry.field(
        description=(
            "The number of users that the line serves, “Quantidade Usuários”: the product's `includedSeats` times "
            "`totalQuantity`, or `totalQuantity` itself if additional seats are ordered."
        )
    )
    unit_monthly_price: Cents = strawberry.field(description="The monthly price of one unit, “Valor Unitário Mensal”.")
    unit_setup_fee: Cents = strawberry.field(description="The one-time setup fee of one unit, “Valor Unitário Adesão”.")
    setup_fee: Cents = strawberry.field(
        description="The one-time setup fee of the line, “Valor Adesão”: `unitSetupFee` times `quantity`."
    )
    monthly_total: Cents = strawberry.field(description="`unitMonthlyPrice` times `quantity`, “Valor Total Mensal”.")
    total_with_setup_fee: Cents = strawberry.field(
        description="The sum of `monthlyTotal` and `setupFee`, “Valor Total com Adesão”."
    )

    product: Product = to_one("product_id", loader="product", description="The ordered product, “Produto”.")


@strawberry.type(description="A line of a quote, with the distance to the next tier.")
class QuotedItem(OrderLine, row=QuotedLine):
    next_tier: PriceTier | None = strawberry.field(
        description="The next tier above the quantity. Returns null if the quantity is in the highest one."
    )
    units_to_next_tier: int | None = strawberry.field(
        description=(
            "The number of units missing to reach `nextTier`. Returns null if the quantity is in the highest one."
        )
    )


@strawberry.type(description="What an order would cost at the prices that are in force.")
class OrderQuote:
    """Values of the “novo pedido” screen, read from a Quote."""

    type: OrderType = strawberry.field(description="The type of the order, “Tipo”.")
    type_label: str = label_of("type", OrderType)
    items: list[QuotedItem] = strawberry.field(description="The lines, in the order of the input, “Itens do Pedido”.")
    monthly_total: Cents = strawberry.field(description="The monthly price of all lines, “Valor Total Mensal”.")
    setup_fee_total: Cents = strawberry.field(
        description="The one-time setup fee of all lines, “Total da Adesão”: the sum of their “Valor Adesão”."
    )
    total_with_setup_fee: Cents = strawberry.field(
        description=(
            "The sum of `monthlyTotal` and `setupFeeTotal`, “Valor Total com Adesão”: the `expectedTotal` of "
            "`createOrder`."
        )
    )
    valid_until: datetime | None = strawberry.field(
        description=(
            "The date and time at which the next version of the price table begins, and the prices may change. Returns "
            "null if none is published."
        )
    )


@strawberry.type(description="Return type of `quoteOrder`.")
class QuoteOrderPayload(Payload):
    outcome: strawberry.Private[Quote | None] = None

    @strawberry.field(
        graphql_type=OrderQuote | None,
        description="The quote. Returns null if `userErrors` is not empty.",
    )
    def quote(self) -> Quote | None:
        return self.outcome


@strawberry.type
class PriceQueries:
    @strawberry.field(graphql_type=list[Product], description="All products of the vendor, sorted by code.")
    @staticmethod
    async def products(info: Info) -> list[ProductRow]:
        return await prices.products(info.context)

    @strawberry.field(
        description="What an order would cost. It fills the lines of the screen “Comprar”, and changes nothing.",
    )
    @staticmethod
    async def quote_order(
        info: Info, input: Annotated[QuoteOrderInput, strawberry.argument(description="The order to quote.")]
    ) -> QuoteOrderPayload:
        named = number("Partner", input.partner_id)
        return await answer(QuoteOrderPayload, info.context, lambda: prices.quote(info.context, input.checked(), named))
