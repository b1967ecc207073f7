"""The mutations of orders: "Confirmar Pedido", approve, cancel."""

from typing import Annotated

import strawberry

from db.licenses import StockRow
from db.orders import OrderRow
from domain.checks import Checks
from domain.money import Cents
from domain.orders import NOTE_LENGTH, OrderType
from resolvers import ids, licenses, orders
from resolvers.dataloader import Soon
from resolvers.orders import ApproveOrder, CancelOrder, CreateOrder, OrderApproved, OrderChanged
from schema import references
from schema.errors import Payload, settle
from schema.inputs import given, idempotency_key, optional
from schema.nodes import Info
from schema.orders import Order
from schema.prices import OrderItemInput, wanted_order


@strawberry.input(description="An order to create, “Confirmar Pedido”.")
class CreateOrderInput:
    """A new order."""

    type: OrderType = strawberry.field(description="What is ordered, “Tipo”: “Compra” or “Adicional”.")
    items: list[OrderItemInput] = strawberry.field(description="What is ordered, “Itens do Pedido”: 1 to 50 products.")
    expected_total: Cents | None = optional(
        "The `totalWithSetupFee` that the caller was quoted: where the order comes to another one, it is refused with "
        "PRICE_CHANGED and nothing is created."
    )
    note: str | None = optional("A note of at most 2,000 characters, “observação”.")
    idempotency_key: str | None = idempotency_key()

    def checked(self) -> CreateOrder:
        """The order, or a group of what is refused of it."""
        checks = Checks()
        wanted = wanted_order(self.type, self.items, checks)
        note = checks.optional_text(given(self.note), "note", longest=NOTE_LENGTH, lines=True)
        checks.done()
        return CreateOrder(wanted, given(self.expected_total), note)


@strawberry.input(description="An order to approve.")
class ApproveOrderInput:
    """A pending order."""

    order_id: strawberry.ID = strawberry.field(description="The order, which has to be pending.")
    idempotency_key: str | None = idempotency_key()

    def checked(self) -> ApproveOrder:
        """The order's id."""
        return ApproveOrder(ids.number("Order", self.order_id))


@strawberry.input(description="An order to cancel.")
class CancelOrderInput:
    """A pending order."""

    order_id: strawberry.ID = strawberry.field(description="The order, which has to be pending.")
    reason: str | None = optional("Why it is cancelled, at most 2,000 characters; it becomes `cancellationNote`.")
    idempotency_key: str | None = idempotency_key()

    def checked(self) -> CancelOrder:
        """The order's id and the reason, or a group of what is refused of them."""
        checks = Checks()
        reason = checks.optional_text(given(self.reason), "reason", longest=NOTE_LENGTH, lines=True)
        checks.done()
        return CancelOrder(ids.number("Order", self.order_id), reason)


@strawberry.type
class OrderChangedPayload(Payload):
    """An order, or why nothing was done."""

    outcome: strawberry.Private[OrderChanged | OrderApproved | None] = None

    @strawberry.field(graphql_type=Order | None, description="The order as it is now; null where nothing was done.")
    def order(self, info: Info) -> Soon[OrderRow | None]:
        return None if self.outcome is None else info.context.loaders.order.find(self.outcome.order_id)


@strawberry.type(description="What `createOrder` answers.")
class CreateOrderPayload(OrderChangedPayload):
    """The new order."""


@strawberry.type(description="What `cancelOrder` answers.")
class CancelOrderPayload(OrderChangedPayload):
    """The cancelled order."""


@strawberry.type(description="What `approveOrder` answers.")
class ApproveOrderPayload(OrderChangedPayload):
    """The completed order and the stock that it added to."""

    outcome: strawberry.Private[OrderApproved | None] = None

    @strawberry.field(
        graphql_type=list[references.LicenseStockType],
        description="The stock, as it is now, of each product that the order added to; empty where nothing was done.",
    )
    async def license_stock(self, info: Info) -> list[StockRow]:
        return [] if self.outcome is None else await licenses.stock_of(info.context, self.outcome.product_ids)


@strawberry.type
class OrderMutations:
    """The fields of Mutation about orders."""

    @strawberry.mutation(description="Create a pending order with the prices as they are now, “Confirmar Pedido”.")
    @staticmethod
    async def create_order(
        info: Info, input: Annotated[CreateOrderInput, strawberry.argument(description="The order to create.")]
    ) -> CreateOrderPayload:
        return await settle(CreateOrderPayload, info.context, input, orders.create)

    @strawberry.mutation(
        description="Complete a pending order and add what it bought to the partner's stock, “Finalizado”."
    )
    @staticmethod
    async def approve_order(
        info: Info, input: Annotated[ApproveOrderInput, strawberry.argument(description="The order to approve.")]
    ) -> ApproveOrderPayload:
        return await settle(ApproveOrderPayload, info.context, input, orders.approve)

    @strawberry.mutation(description="Cancel a pending order, “Cancelado”.")
    @staticmethod
    async def cancel_order(
        info: Info, input: Annotated[CancelOrderInput, strawberry.argument(description="The order to cancel.")]
    ) -> CancelOrderPayload:
        return await settle(CancelOrderPayload, info.context, input, orders.cancel)
