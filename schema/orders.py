"""Orders, "Pedidos"."""

from datetime import datetime
from typing import Annotated

import strawberry

from db.orders import OrderFilter as Chosen
from db.orders import OrderItemRow, OrderRow, OrderSortKey
from domain.money import Cents
from domain.orders import STATUS_ABBREVIATIONS, STATUS_LABELS, OrderStatus, OrderType
from resolvers import ids, orders
from resolvers.dataloader import Soon
from resolvers.pages import Page
from schema import references
from schema.arguments import DateTimeRange, moments, number
from schema.enums import SortDirection
from schema.inputs import After, Before, First, Last, given
from schema.nodes import Info, Node
from schema.paging import Connection, arguments
from schema.prices import OrderLine
from schema.relations import attribute, computed, plain, selection, to_many, to_one


@strawberry.type(
    description=(
        "One product of an order, “Itens do Pedido”. Every value is taken from the partner's price table when the "
        "order is created, and kept as it was then."
    )
)
class OrderItem(Node, OrderLine, row=OrderItemRow):
    """A line of an order."""


@strawberry.type(description="An order of licenses or additional seats, “Pedido”.")
class Order(Node, row=OrderRow):
    """An order."""

    number: int = attribute("The order's number, “Id”: 1, 2, … for each partner, without gaps.")
    type: OrderType = attribute("What is ordered, “Tipo”.")
    status: OrderStatus = attribute("Where the order stands, “situação”.")
    monthly_total: Cents = attribute("What all items cost a month, “Valor Total Mensal”.")
    setup_fee_total: Cents = attribute("What is paid once for all items, “Valor Adesão”.")
    total_with_setup_fee: Cents = attribute("`monthlyTotal` and `setupFeeTotal` together, “Valor Total com Adesão”.")
    note: str | None = attribute("What was noted at creation, “observação”; null where nothing was.")
    created_at: datetime = attribute("When it was created.")
    approved_at: datetime | None = attribute("When it was approved; null unless it is completed.")
    cancelled_at: datetime | None = attribute("When it was cancelled; null unless it is.")
    cancellation_note: str | None = attribute("The reason that was given with `cancelOrder`; null where none was.")

    status_label: str = computed(
        lambda context, order: STATUS_LABELS[order.status].within(context.language),
        reads=("status",),
        description=(
            "The status in the caller's language: “Confirmação Pendente”, “Finalizado” or “Cancelado”; in English "
            "“Pending confirmation”, “Completed” or “Cancelled”."
        ),
    )

    status_abbreviation: str = computed(
        lambda _, order: STATUS_ABBREVIATIONS[order.status],
        reads=("status",),
        description="The status as the list of orders shows it below the number: PEND, FIN or CANC.",
    )

    partner: references.PartnerType = to_one(
        "partner_id", loader="partner", description="The partner that orders, “Parceiro”."
    )

    price_table: references.PriceTableType = to_one(
        "price_table_id", loader="price_table", description="The price table that the prices come from, “Pauta Preço”."
    )

    items: list[OrderItem] = to_many(
        "id",
        loader="items_of_order",
        description="What is ordered, “Itens do Pedido”; it is never altered after creation.",
    )

    created_by: references.UserType = to_one("created_by_id", loader="user", description="Who created it.")

    approved_by: references.UserType | None = to_one(
        "approved_by_id", loader="user", description="Who approved it; null unless it is completed."
    )

    cancelled_by: references.UserType | None = to_one(
        "cancelled_by_id", loader="user", description="Who cancelled it; null unless it is cancelled."
    )

    viewer_can_approve: bool = computed(
        orders.can_approve,
        reads=("status",),
        description="Whether the viewer could approve it now: it is pending, and the permission is held.",
    )

    viewer_can_cancel: bool = computed(
        orders.can_cancel,
        reads=("status",),
        description="Whether the viewer could cancel it now: it is pending, and the permission is held.",
    )


@strawberry.input(description="Which orders to list; what is not given is not asked.")
class OrderFilter:
    """A filter of orders."""

    number: int | None = strawberry.field(default=strawberry.UNSET, description="The order of this number, “Id”.")
    type: OrderType | None = strawberry.field(default=strawberry.UNSET, description="Orders of this type, “Tipo”.")
    status: list[OrderStatus] | None = strawberry.field(
        default=strawberry.UNSET, description="Orders in one of these statuses, “situação”."
    )
    product_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Orders with an item of this product, “Produto”."
    )
    created_at: DateTimeRange | None = strawberry.field(
        default=strawberry.UNSET, description="Orders that were created in this range of time."
    )

    def chosen(self) -> Chosen:
        """The filter as the statements take it."""
        created, status = moments(self.created_at), given(self.status)
        return Chosen(
            number=given(self.number),
            type=given(self.type),
            status=None if status is None else frozenset(status),
            product_id=number("Product", self.product_id),
            created_from=created.start,
            created_to=created.end,
        )


@strawberry.input(description="How to sort orders.")
class OrderSort:
    """An order of orders."""

    by: OrderSortKey = strawberry.field(default=OrderSortKey.NUMBER, description="What to sort by.")
    direction: SortDirection = strawberry.field(default=SortDirection.DESC, description="Which way to sort.")


@strawberry.type
class OrderQueries:
    """The fields of Query about orders."""

    @strawberry.field(graphql_type=Order | None, description="The order with this id; null where the partner has none.")
    @staticmethod
    def order(
        info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The order's id.")]
    ) -> Soon[OrderRow | None]:
        return orders.by_id(info.context, ids.number("Order", id))

    @strawberry.field(
        graphql_type=Order | None,
        description="The partner's order of this number, “Id”; null where there is none.",
    )
    @staticmethod
    async def order_by_number(
        info: Info, number: Annotated[int, strawberry.argument(description="The order's number, “Id”.")]
    ) -> OrderRow | None:
        return await orders.by_number(info.context, number)

    @strawberry.field(
        graphql_type=Connection[Order], description="The partner's orders, “Meus Pedidos”; newest first unless sorted."
    )
    @staticmethod
    def orders(
        info: Info,
        filter: Annotated[OrderFilter | None, strawberry.argument(description="Which orders.")] = strawberry.UNSET,
        sort: Annotated[OrderSort | None, strawberry.argument(description="In which order.")] = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Soon[Page[OrderRow]]:
        asked, order = given(filter), given(sort) or OrderSort()
        chosen = Chosen() if asked is None else asked.chosen()
        window, descending = arguments(first, after, last, before), order.direction is SortDirection.DESC
        return orders.page(
            info.context, chosen, order.by, window, descending=descending, selection=selection(plain(info))
        )
