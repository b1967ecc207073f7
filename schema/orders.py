"""Orders, "Pedidos"."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import strawberry

from breadth.strawberry import level_field
from db.access import PartnerRow, UserRow
from db.orders import OrderFilter as Chosen
from db.orders import OrderItemRow, OrderRow, OrderSortKey
from db.prices import PriceTableRow
from domain.money import Cents
from domain.orders import STATUS_ABBREVIATIONS, STATUS_LABELS, OrderStatus, OrderType
from resolvers import ids, orders
from resolvers.dataloader import Level, Related, Soon, column, then
from resolvers.pages import Page
from schema import references
from schema.arguments import DateTimeRange, moments, number
from schema.enums import SortDirection
from schema.nodes import Info, Node, given
from schema.paging import After, Before, Connection, First, Last, arguments, listed
from schema.prices import OrderLine


@strawberry.type(
    description=(
        "One product of an order, “Itens do Pedido”. Every value is taken from the partner's price table when the "
        "order is created, and kept as it was then."
    )
)
class OrderItem(Node, OrderLine):
    """A line of an order."""

    row = OrderItemRow


@strawberry.type(description="An order of licenses or additional seats, “Pedido”.")
class Order(Node):
    """An order."""

    row = OrderRow

    number: int = strawberry.field(description="The order's number, “Id”: 1, 2, … for each partner, without gaps.")
    type: OrderType = strawberry.field(description="What is ordered, “Tipo”.")
    status: OrderStatus = strawberry.field(description="Where the order stands, “situação”.")
    monthly_total: Cents = strawberry.field(description="What all items cost a month, “Valor Total Mensal”.")
    setup_fee_total: Cents = strawberry.field(description="What is paid once for all items, “Valor Adesão”.")
    total_with_setup_fee: Cents = strawberry.field(
        description="`monthlyTotal` and `setupFeeTotal` together, “Valor Total com Adesão”."
    )
    note: str | None = strawberry.field(description="What was noted at creation, “observação”; null where nothing was.")
    created_at: datetime = strawberry.field(description="When it was created.")
    approved_at: datetime | None = strawberry.field(description="When it was approved; null unless it is completed.")
    cancelled_at: datetime | None = strawberry.field(description="When it was cancelled; null unless it is.")
    cancellation_note: str | None = strawberry.field(
        description="The reason that was given with `cancelOrder`; null where none was."
    )

    @level_field(
        graphql_type=str,
        reads=["status"],
        description=(
            "The status in the caller's language: “Confirmação Pendente”, “Finalizado” or “Cancelado”; in English "
            "“Pending confirmation”, “Completed” or “Cancelled”."
        ),
    )
    @staticmethod
    def status_label(rows: strawberry.Parent[Sequence[OrderRow]], info: Info) -> Level[str]:
        return [STATUS_LABELS[row.status].within(info.context.language) for row in rows]

    @level_field(
        graphql_type=str,
        reads=["status"],
        description="The status as the list of orders shows it below the number: PEND, FIN or CANC.",
    )
    @staticmethod
    def status_abbreviation(rows: strawberry.Parent[Sequence[OrderRow]]) -> Level[str]:
        return [STATUS_ABBREVIATIONS[row.status] for row in rows]

    @level_field(
        graphql_type=references.PartnerType, reads=["partner_id"], description="The partner that orders, “Parceiro”."
    )
    @staticmethod
    def partner(rows: strawberry.Parent[Sequence[OrderRow]], info: Info) -> Related[PartnerRow | None]:
        return info.context.loaders.partner.relate(column(rows, "partner_id"))

    @level_field(
        graphql_type=references.PriceTableType,
        reads=["price_table_id"],
        description="The price table that the prices come from, “Pauta Preço”.",
    )
    @staticmethod
    def price_table(rows: strawberry.Parent[Sequence[OrderRow]], info: Info) -> Related[PriceTableRow | None]:
        return info.context.loaders.price_table.relate(column(rows, "price_table_id"))

    @level_field(
        graphql_type=list[OrderItem],
        reads=["id"],
        description="What is ordered, “Itens do Pedido”; it is never altered after creation.",
    )
    @staticmethod
    def items(rows: strawberry.Parent[Sequence[OrderRow]], info: Info) -> Level[list[OrderItemRow]]:
        loaded = info.context.loaders.items_of_order.load_many([row.id for row in rows])
        return then(loaded, lambda of_orders: [items or [] for items in of_orders])

    @level_field(graphql_type=references.UserType, reads=["created_by_id"], description="Who created it.")
    @staticmethod
    def created_by(rows: strawberry.Parent[Sequence[OrderRow]], info: Info) -> Related[UserRow | None]:
        return info.context.loaders.user.relate(column(rows, "created_by_id"))

    @level_field(
        graphql_type=references.UserType | None,
        reads=["approved_by_id"],
        description="Who approved it; null unless it is completed.",
    )
    @staticmethod
    def approved_by(rows: strawberry.Parent[Sequence[OrderRow]], info: Info) -> Related[UserRow | None]:
        return info.context.loaders.user.relate(column(rows, "approved_by_id"))

    @level_field(
        graphql_type=references.UserType | None,
        reads=["cancelled_by_id"],
        description="Who cancelled it; null unless it is cancelled.",
    )
    @staticmethod
    def cancelled_by(rows: strawberry.Parent[Sequence[OrderRow]], info: Info) -> Related[UserRow | None]:
        return info.context.loaders.user.relate(column(rows, "cancelled_by_id"))

    @level_field(
        graphql_type=bool,
        reads=["status"],
        description="Whether the viewer could approve it now: it is pending, and the permission is held.",
    )
    @staticmethod
    def viewer_can_approve(rows: strawberry.Parent[Sequence[OrderRow]], info: Info) -> Level[bool]:
        return [orders.can_approve(info.context, row) for row in rows]

    @level_field(
        graphql_type=bool,
        reads=["status"],
        description="Whether the viewer could cancel it now: it is pending, and the permission is held.",
    )
    @staticmethod
    def viewer_can_cancel(rows: strawberry.Parent[Sequence[OrderRow]], info: Info) -> Level[bool]:
        return [orders.can_cancel(info.context, row) for row in rows]


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
        read = listed(info)
        return orders.page(info.context, chosen, order.by, window, descending=descending, columns=read)
