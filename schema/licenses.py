"""The stock of licenses, "estoque do parceiro", and its ledger."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import strawberry

from breadth.strawberry import level_field
from db.activations import ActivationRow
from db.licenses import MovementRow, StockRow
from db.orders import OrderRow
from db.prices import ProductRow
from domain.licenses import StockMovementType
from resolvers import ids, licenses
from resolvers.dataloader import Level, Related, column
from resolvers.pages import Page
from schema import references
from schema.arguments import number
from schema.nodes import Info, Node
from schema.paging import After, Before, Connection, First, Last, arguments


@strawberry.type(
    description=(
        "One line of the ledger: what it added to each counter, negative where it took away. Each counter of a "
        "`LicenseStock` is the sum of its movements."
    )
)
class StockMovement(Node):
    """A line of the ledger."""

    row = MovementRow

    type: StockMovementType = strawberry.field(description="What changed the stock.")
    occurred_at: datetime = strawberry.field(description="When it did.")
    purchased: int = strawberry.field(description="What was added to the purchased licenses.")
    bonus: int = strawberry.field(description="What was added to the bonus licenses, “Bônus”.")
    activated: int = strawberry.field(description="What was added to the licenses in use.")
    additional_seats_total: int = strawberry.field(description="What was added to the additional seats that there are.")
    additional_seats_allocated: int = strawberry.field(description="What was added to the additional seats in use.")

    @level_field(
        graphql_type=references.OrderType | None,
        description="The approved order that caused it, “pedido”; null where an activation did.",
    )
    @staticmethod
    def order(rows: strawberry.Parent[Sequence[MovementRow]], info: Info) -> Related[OrderRow | None]:
        return info.context.loaders.order.relate(column(rows, "order_id"))

    @level_field(
        graphql_type=references.ActivationType | None,
        description="The activation that took or gave back its license; null where an order caused it.",
    )
    @staticmethod
    def activation(rows: strawberry.Parent[Sequence[MovementRow]], info: Info) -> Related[ActivationRow | None]:
        return info.context.loaders.activation.relate(column(rows, "activation_id"))


@strawberry.type(description="What a partner has of a product, “estoque do parceiro”.")
class LicenseStock(Node):
    """The counters of a product."""

    row = StockRow

    purchased: int = strawberry.field(description="How many licenses approved orders have bought.")
    bonus: int = strawberry.field(description="How many licenses came on top without being billed, “Bônus”.")
    activated: int = strawberry.field(description="How many licenses are in use.")
    available: int = strawberry.field(
        description="How many licenses can be activated: `purchased` and `bonus` less `activated`; never negative."
    )
    additional_seats_total: int = strawberry.field(
        description="How many additional seats approved orders have bought, “Adicional”."
    )
    additional_seats_allocated: int = strawberry.field(description="How many additional seats are in use.")
    additional_seats_available: int = strawberry.field(
        description="How many additional seats an activation can take; never negative."
    )

    @level_field(
        graphql_type=strawberry.ID,
        description="The id of the partner's stock of the product: opaque, and the same for ever.",
    )
    @staticmethod
    def id(rows: strawberry.Parent[Sequence[StockRow]]) -> Level[str]:
        return [ids.encode("LicenseStock", row.partner_id, row.product_id) for row in rows]

    @level_field(graphql_type=references.ProductType, description="The product, “produto”.")
    @staticmethod
    def product(rows: strawberry.Parent[Sequence[StockRow]], info: Info) -> Related[ProductRow | None]:
        return info.context.loaders.product.relate(column(rows, "product_id"))

    @level_field(
        graphql_type=Connection[StockMovement],
        description="The ledger of the product, newest first: all that ever changed its counters.",
    )
    @staticmethod
    def movements(
        rows: strawberry.Parent[Sequence[StockRow]],
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Level[Page[MovementRow]]:
        return licenses.movements(info.context, rows, arguments(first, after, last, before))


@strawberry.type
class LicenseQueries:
    """The fields of Query about the stock."""

    @strawberry.field(
        graphql_type=list[LicenseStock],
        description="The partner's stock of each product that it has bought, “estoque do parceiro”.",
    )
    @staticmethod
    async def license_stock(
        info: Info,
        product_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="Only the stock of this product, “produto”.")
        ] = strawberry.UNSET,
    ) -> list[StockRow]:
        return await licenses.stock(info.context, number("Product", product_id))
