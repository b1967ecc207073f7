"""The stock of licenses, "estoque do parceiro", and its ledger."""

from datetime import datetime
from typing import Annotated

import strawberry

from db.licenses import MovementRow, StockRow
from domain.licenses import StockMovementType
from resolvers import ids, licenses
from schema import references
from schema.arguments import number
from schema.nodes import Info, Node
from schema.paging import Connection
from schema.relations import attribute, computed, to_one, to_page


@strawberry.type(
    description=(
        "One line of the ledger: what it added to each counter, negative where it took away. Each counter of a "
        "`LicenseStock` is the sum of its movements."
    )
)
class StockMovement(Node, row=MovementRow):
    """A line of the ledger."""

    type: StockMovementType = attribute("What changed the stock.")
    occurred_at: datetime = attribute("When it did.")
    purchased: int = attribute("What was added to the purchased licenses.")
    bonus: int = attribute("What was added to the bonus licenses, “Bônus”.")
    activated: int = attribute("What was added to the licenses in use.")
    additional_seats_total: int = attribute("What was added to the additional seats that there are.")
    additional_seats_allocated: int = attribute("What was added to the additional seats in use.")

    order: references.OrderType | None = to_one(
        "order_id",
        loader="order",
        description="The approved order that caused it, “pedido”; null where an activation did.",
    )

    activation: references.ActivationType | None = to_one(
        "activation_id",
        loader="activation",
        description="The activation that took or gave back its license; null where an order caused it.",
    )


@strawberry.type(description="What a partner has of a product, “estoque do parceiro”.")
class LicenseStock(Node, row=StockRow):
    """The counters of a product."""

    purchased: int = attribute("How many licenses approved orders have bought.")
    bonus: int = attribute("How many licenses came on top without being billed, “Bônus”.")
    activated: int = attribute("How many licenses are in use.")
    available: int = attribute(
        "How many licenses can be activated: `purchased` and `bonus` less `activated`; never negative."
    )
    additional_seats_total: int = attribute("How many additional seats approved orders have bought, “Adicional”.")
    additional_seats_allocated: int = attribute("How many additional seats are in use.")
    additional_seats_available: int = attribute("How many additional seats an activation can take; never negative.")

    id: strawberry.ID = computed(
        lambda _, stock: ids.encode("LicenseStock", stock.partner_id, stock.product_id),
        description="The id of the partner's stock of the product: opaque, and the same for ever.",
    )

    product: references.ProductType = to_one("product_id", loader="product", description="The product, “produto”.")

    movements: Connection[StockMovement] = to_page(
        "product_id",
        pages="movements_of_product",
        description="The ledger of the product, newest first: all that ever changed its counters.",
    )


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
