"""Stock of licenses, "estoque do parceiro", and its ledger."""

from datetime import datetime
from typing import Annotated

import strawberry

from db.licenses import StockRow
from db.stock_movements import MovementRow
from domain.licenses import StockMovementType
from resolvers import ids, licenses
from schema import references
from schema.arguments import number
from schema.inputs import PartnerId
from schema.labels import label_of
from schema.nodes import Info, Node
from schema.paging import Connection
from schema.relations import attribute, computed, to_one, to_page


@strawberry.type(
    description=(
        "A movement of the stock: the change of each counter, negative if units were taken away. Each counter of "
        "a `LicenseStock` is the sum of its movements."
    )
)
class StockMovement(Node, row=MovementRow):
    type: StockMovementType = attribute("The type of the movement.")
    type_label: str = label_of("type", StockMovementType)
    occurred_at: datetime = attribute("The date and time of the movement.")
    purchased: int = attribute("The change of the purchased licenses.")
    bonus: int = attribute("The change of the bonus licenses, “Bônus”.")
    activated: int = attribute("The change of the licenses in use.")
    additional_seats_total: int = attribute("The change of the total of additional seats.")
    additional_seats_allocated: int = attribute("The change of the additional seats in use.")

    order: references.OrderType | None = to_one(
        "order_id",
        loader="order",
        description="The approved order that caused the movement, “pedido”. Returns null if an activation did.",
    )

    activation: references.ActivationType | None = to_one(
        "activation_id",
        loader="activation",
        description="The activation that took or returned its license. Returns null if an order caused the movement.",
    )


@strawberry.type(description="A partner's stock of a product, “estoque do parceiro”.")
class LicenseStock(Node, row=StockRow):
    purchased: int = attribute("The number of licenses bought by approved orders.")
    bonus: int = attribute("The number of licenses added without being billed, “Bônus”.")
    activated: int = attribute("The number of licenses in use.")
    available: int = attribute(
        "The number of licenses that can be activated: `purchased` plus `bonus` minus `activated`. Never negative."
    )
    additional_seats_total: int = attribute("The number of additional seats bought by approved orders, “Adicional”.")
    additional_seats_allocated: int = attribute("The number of additional seats in use.")
    additional_seats_available: int = attribute(
        "The number of additional seats that activations can take. Never negative."
    )

    low: bool = attribute(
        "Whether fewer licenses are available than `warningBelow`, “estoque baixo”. False if there is no warning."
    )
    warned_below: int | None = strawberry.field(
        name="warningBelow",
        description=(
            "The number of available licenses below which the partner is warned: that of the product, or else that of "
            "the partner's policy. Returns null if there is no warning."
        ),
    )
    warning_below: int | None = strawberry.field(
        name="ownWarningBelow",
        description="The number that is set for this product. Returns null if the partner's policy holds.",
    )

    id: strawberry.ID = computed(
        lambda _, stock: ids.encode("LicenseStock", stock.partner_id, stock.product_id),
        description="The ID of the partner's stock of the product. It is opaque and never changes.",
    )

    partner: references.PartnerType = to_one(
        "partner_id", loader="partner", description="The partner whose stock it is, “Parceiro”."
    )

    product: references.ProductType = to_one(
        "product_id", loader="product", description="The product in stock, “produto”."
    )

    movements: Connection[StockMovement] = to_page(
        "number",
        pages="movements_of_stock",
        description="The movements of the stock, newest first. They contain every change of its counters.",
    )


@strawberry.type
class LicenseQueries:
    @strawberry.field(
        graphql_type=list[LicenseStock],
        description="A partner's stock of each product that it has bought, “estoque do parceiro”.",
    )
    @staticmethod
    async def license_stock(
        info: Info,
        product_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="Filters by the ID of the product, “produto”.")
        ] = strawberry.UNSET,
        partner_id: PartnerId = strawberry.UNSET,
    ) -> list[StockRow]:
        return await licenses.stock(info.context, number("Product", product_id), number("Partner", partner_id))
