"""Orders, "Pedidos"."""

from datetime import datetime
from typing import Annotated

import strawberry

from db.orders import OrderFilter as Chosen
from db.orders import OrderItemRow, OrderRow, OrderSortKey
from db.orders import OrdersTotal as OrdersTotalRow
from domain.money import Cents
from domain.orders import STATUS_ABBREVIATIONS, OrderStatus, OrderType
from resolvers import ids, orders
from resolvers.dataloader import MaybeAwaitable
from resolvers.pages import Page, PageArguments
from schema import references
from schema.arguments import DateTimeRange, MoneyRange, amounts, moments, of_partner
from schema.arguments import number as database_id
from schema.enums import SortDirection
from schema.inputs import After, Before, First, Last, PartnerId, given, optional
from schema.labels import label_of
from schema.nodes import Info, Node
from schema.paging import Connection
from schema.prices import OrderLine
from schema.relations import attribute, computed, computed_together, plain, selection, to_many, to_one


@strawberry.type(
    description=(
        "A product of an order, “Itens do Pedido”. Its values come from the partner's price table at the creation "
        "of the order, and never change."
    )
)
class OrderItem(Node, OrderLine, row=OrderItemRow):
    """Line of an order."""


@strawberry.type(description="An order of licenses or additional seats, “Pedido”.")
class Order(Node, row=OrderRow):
    number: int = attribute("The order's number, “Id”: 1, 2, … for each partner, without gaps.")
    type: OrderType = attribute("The type of the order, “Tipo”.")
    type_label: str = label_of("type", OrderType)
    status: OrderStatus = attribute("The status of the order, “situação”.")
    status_label: str = label_of("status", OrderStatus)
    monthly_total: Cents = attribute("The monthly price of all items, “Valor Total Mensal”.")
    setup_fee_total: Cents = attribute(
        "The one-time setup fee of all items, “Total da Adesão”: the sum of their “Valor Adesão”."
    )
    total_with_setup_fee: Cents = attribute("The sum of `monthlyTotal` and `setupFeeTotal`, “Valor Total com Adesão”.")
    note: str | None = attribute("The note given at creation, “observação”. Returns null if there is none.")
    created_at: datetime = attribute("The date and time when the order was created.")
    approved_at: datetime | None = attribute(
        "The date and time when the order was approved. Returns null if it is not completed."
    )
    cancelled_at: datetime | None = attribute(
        "The date and time when the order was cancelled. Returns null if it is not cancelled."
    )
    cancellation_note: str | None = attribute("The reason given to `cancelOrder`. Returns null if none was given.")

    status_abbreviation: str = computed(
        lambda _, order: STATUS_ABBREVIATIONS[order.status],
        reads=("status",),
        description="The status as the list of orders shows it below the number: PEND, FIN or CANC.",
    )

    partner: references.PartnerType = to_one(
        "partner_id", loader="partner", description="The partner that placed the order, “Parceiro”."
    )

    price_table: references.PriceTableType = to_one(
        "price_table_id",
        loader="price_table",
        description="The price table that the order's prices come from, “Pauta Preço”.",
    )

    price_table_version: references.PriceTableVersionType = to_one(
        "price_table_version_id",
        loader="price_table_version",
        description="The version of the price table that was in force at the creation of the order.",
    )

    items: list[OrderItem] = to_many(
        "id",
        loader="items_of_order",
        description="The items of the order, “Itens do Pedido”. They never change after creation.",
    )

    created_by: references.UserType = to_one(
        "created_by_id", loader="user", description="The user who created the order."
    )

    approved_by: references.UserType | None = to_one(
        "approved_by_id",
        loader="user",
        description="The user who approved the order. Returns null if it is not completed.",
    )

    cancelled_by: references.UserType | None = to_one(
        "cancelled_by_id",
        loader="user",
        description="The user who cancelled the order. Returns null if it is not cancelled.",
    )

    viewer_can_approve: bool = computed_together(
        orders.can_approve,
        reads=("status", "partner_id", "created_by_id", "monthly_total", "setup_fee_total"),
        description=(
            "Whether the viewer can approve the order: it is pending, the viewer has the permission, the partner is "
            "not suspended, and no policy of the partner refuses it, such as four eyes or the ceiling."
        ),
    )

    viewer_can_cancel: bool = computed(
        orders.can_cancel,
        reads=("status",),
        description="Whether the viewer can cancel the order: it is pending, and the viewer has the permission.",
    )


@strawberry.input(description="Filtering options for orders. An omitted field doesn't limit the list.")
class OrderFilter:
    partner_id: strawberry.ID | None = of_partner()
    number: int | None = strawberry.field(default=strawberry.UNSET, description="Filters by number, “Id”.")
    type: OrderType | None = strawberry.field(default=strawberry.UNSET, description="Filters by type, “Tipo”.")
    status: list[OrderStatus] | None = strawberry.field(
        default=strawberry.UNSET, description="Filters by status, “situação”."
    )
    product_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Filters by the ID of a product, “Produto”, that an item orders."
    )
    created_by_id: strawberry.ID | None = optional("Filters by the ID of the user who created the order.")
    approved_by_id: strawberry.ID | None = optional("Filters by the ID of the user who approved the order.")
    total_with_setup_fee: MoneyRange | None = optional("Filters by `totalWithSetupFee`, “Valor Total com Adesão”.")
    created_at: DateTimeRange | None = strawberry.field(
        default=strawberry.UNSET, description="Filters by the date and time of creation."
    )
    completed_at: DateTimeRange | None = strawberry.field(
        default=strawberry.UNSET,
        description="Filters by the date and time of completion, which is the approval, `approvedAt`.",
    )

    def chosen(self) -> Chosen:
        """Return the filter as `db` takes it."""
        created, completed, status = moments(self.created_at), moments(self.completed_at), given(self.status)
        total = amounts(self.total_with_setup_fee)
        return Chosen(
            number=given(self.number),
            type=given(self.type),
            status=None if status is None else frozenset(status),
            product_id=database_id("Product", self.product_id),
            created_by_id=database_id("User", self.created_by_id),
            approved_by_id=database_id("User", self.approved_by_id),
            total_minimum=total.minimum,
            total_maximum=total.maximum,
            created_from=created.start,
            created_to=created.end,
            completed_from=completed.start,
            completed_to=completed.end,
        )


@strawberry.type(description="The number of orders, and the sums of their totals.")
class OrdersTotal:
    """Sums of orders, read from an OrdersTotal."""

    count: int = computed(lambda _, total: total.order_count, description="The number of orders.")
    monthly_total: Cents = strawberry.field(description="The sum of the orders' `monthlyTotal`, “Valor Total Mensal”.")
    setup_fee_total: Cents = strawberry.field(description="The sum of the orders' `setupFeeTotal`, “Total da Adesão”.")
    total_with_setup_fee: Cents = strawberry.field(
        description="The sum of `monthlyTotal` and `setupFeeTotal`, “Valor Total com Adesão”."
    )


@strawberry.input(description="Ordering options for orders.")
class OrderSort:
    by: OrderSortKey = strawberry.field(default=OrderSortKey.NUMBER, description="The field to sort orders by.")
    direction: SortDirection = strawberry.field(default=SortDirection.DESC, description="The direction of the sort.")


@strawberry.type
class OrderQueries:
    @strawberry.field(
        graphql_type=Order | None,
        description="The order with this ID. Returns null if the viewer can't see such an order.",
    )
    @staticmethod
    def order(
        info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The ID of the order.")]
    ) -> MaybeAwaitable[OrderRow | None]:
        return orders.by_id(info.context, ids.number("Order", id))

    @strawberry.field(
        graphql_type=Order | None,
        description="The partner's order with this number, “Id”. Returns null if there is none.",
    )
    @staticmethod
    async def order_by_number(
        info: Info,
        number: Annotated[int, strawberry.argument(description="The order's number, “Id”.")],
        partner_id: PartnerId = strawberry.UNSET,
    ) -> OrderRow | None:
        return await orders.by_number(info.context, number, database_id("Partner", partner_id))

    @strawberry.field(
        graphql_type=Connection[Order],
        description=(
            "The orders, “Meus Pedidos”, newest first by default: those of the viewer's partner, or of all partners "
            "for the vendor's users. Without `sort`, those of all partners are sorted by their creation, because "
            "each partner has numbers of its own."
        ),
    )
    @staticmethod
    def orders(
        info: Info,
        filter: Annotated[
            OrderFilter | None, strawberry.argument(description="The filter for the orders.")
        ] = strawberry.UNSET,
        sort: Annotated[
            OrderSort | None, strawberry.argument(description="The ordering of the orders.")
        ] = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> MaybeAwaitable[Page[OrderRow]]:
        asked, order = given(filter), given(sort)
        chosen = Chosen() if asked is None else asked.chosen()
        return orders.page(
            info.context,
            chosen,
            None if order is None else order.by,
            PageArguments.given(first, after, last, before),
            descending=order is None or order.direction is SortDirection.DESC,
            named=None if asked is None else database_id("Partner", asked.partner_id),
            selection=selection(plain(info)),
        )

    @strawberry.field(
        graphql_type=OrdersTotal,
        description=(
            "The number and the sums of the orders that `orders` lists with this filter: what is to be invoiced, for "
            "example, of the orders completed in a month."
        ),
    )
    @staticmethod
    async def orders_total(
        info: Info,
        filter: Annotated[
            OrderFilter | None, strawberry.argument(description="The filter for the orders.")
        ] = strawberry.UNSET,
    ) -> OrdersTotalRow:
        asked = given(filter)
        chosen = Chosen() if asked is None else asked.chosen()
        named = None if asked is None else database_id("Partner", asked.partner_id)
        return await orders.total(info.context, chosen, named)
