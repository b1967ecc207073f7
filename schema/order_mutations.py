"""Mutations that create, approve and cancel orders."""

from typing import Annotated

import strawberry

from db.licenses import StockRow
from db.orders import OrderRow
from domain.checks import Checks
from domain.money import Cents
from domain.orders import NOTE_LENGTH, OrderType
from resolvers import ids, licenses, orders
from resolvers.dataloader import MaybeAwaitable
from resolvers.orders import ApproveOrder, CancelOrder, CreateOrder, OrderApproved, OrderChanged
from schema import references
from schema.errors import Payload, settle
from schema.inputs import OnBehalf, given, idempotency_key, optional
from schema.nodes import Info
from schema.orders import Order
from schema.previews import DryRunPayload, dry_run
from schema.prices import OrderItemInput, by_price_table, wanted_order


@strawberry.input(description="Input of `createOrder`, “Confirmar Pedido”.")
class CreateOrderInput(OnBehalf):
    type: OrderType = strawberry.field(description="The type of the order, “Tipo”: “Compra” or “Adicional”.")
    items: list[OrderItemInput] = strawberry.field(description="The 1 to 50 products of the order, “Itens do Pedido”.")
    price_table_id: strawberry.ID | None = by_price_table()
    expected_total: Cents | None = optional(
        "The `totalWithSetupFee` of the quote. If the order comes to a different total, it is refused with "
        "PRICE_CHANGED and nothing is created."
    )
    note: str | None = optional("A note, “observação”. At most 2,000 characters.")
    dry_run: bool = dry_run()
    idempotency_key: str | None = idempotency_key()

    def checked(self) -> CreateOrder:
        """Return the order to create; raise a group of refusals if it is invalid."""
        checks = Checks()
        wanted = wanted_order(self.type, self.items, checks, self.price_table_id)
        note = checks.optional_text(given(self.note), "note", longest=NOTE_LENGTH, lines=True)
        checks.done()
        return CreateOrder(wanted, given(self.expected_total), note)


@strawberry.input(description="Input of `approveOrder`.")
class ApproveOrderInput(OnBehalf):
    order_id: strawberry.ID = strawberry.field(description="The ID of the order, which must be pending.")
    dry_run: bool = dry_run()
    idempotency_key: str | None = idempotency_key()

    def checked(self) -> ApproveOrder:
        """Return the order's id; raise a group of refusals if it is invalid."""
        return ApproveOrder(ids.number("Order", self.order_id))


@strawberry.input(description="Input of `cancelOrder`.")
class CancelOrderInput(OnBehalf):
    order_id: strawberry.ID = strawberry.field(description="The ID of the order, which must be pending.")
    reason: str | None = optional(
        "The reason for the cancellation, stored as `cancellationNote`. At most 2,000 characters."
    )
    idempotency_key: str | None = idempotency_key()

    def checked(self) -> CancelOrder:
        """Return the order's id and the reason; raise a group of refusals if they are invalid."""
        checks = Checks()
        reason = checks.optional_text(given(self.reason), "reason", longest=NOTE_LENGTH, lines=True)
        checks.done()
        return CancelOrder(ids.number("Order", self.order_id), reason)


@strawberry.type
class OrderChangedPayload(Payload):
    """Order that a mutation changed, or the refusals."""

    outcome: strawberry.Private[OrderChanged | OrderApproved | None] = None

    @strawberry.field(
        graphql_type=Order | None, description="The order after the change. Returns null if `userErrors` is not empty."
    )
    def order(self, info: Info) -> MaybeAwaitable[OrderRow | None]:
        return None if self.outcome is None else info.context.loaders.order.find(self.outcome.order_id)


@strawberry.type(description="Return type of `createOrder`. In a dry run, it has `preview` and no order.")
class CreateOrderPayload(OrderChangedPayload, DryRunPayload):
    """New order."""


@strawberry.type(description="Return type of `cancelOrder`.")
class CancelOrderPayload(OrderChangedPayload):
    """Cancelled order."""


@strawberry.type(description="Return type of `approveOrder`. In a dry run, it has `preview` and no objects.")
class ApproveOrderPayload(OrderChangedPayload, DryRunPayload):
    outcome: strawberry.Private[OrderApproved | None] = None

    @strawberry.field(
        graphql_type=list[references.LicenseStockType],
        description=(
            "The stock after the change of each product that the order added to. Empty if `userErrors` is not empty."
        ),
    )
    async def license_stock(self, info: Info) -> list[StockRow]:
        if self.outcome is None:
            return []
        return await licenses.stock_of(info.context, self.partner_id, self.outcome.product_ids)


@strawberry.type
class OrderMutations:
    @strawberry.mutation(description="Creates a pending order at the current prices, “Confirmar Pedido”.")
    @staticmethod
    async def create_order(
        info: Info, input: Annotated[CreateOrderInput, strawberry.argument(description="The order to create.")]
    ) -> CreateOrderPayload:
        return await settle(CreateOrderPayload, info.context, input, orders.create)

    @strawberry.mutation(
        description="Approves a pending order and adds its licenses or seats to the partner's stock, “Finalizado”."
    )
    @staticmethod
    async def approve_order(
        info: Info, input: Annotated[ApproveOrderInput, strawberry.argument(description="The order to approve.")]
    ) -> ApproveOrderPayload:
        return await settle(ApproveOrderPayload, info.context, input, orders.approve)

    @strawberry.mutation(description="Cancels a pending order, “Cancelado”.")
    @staticmethod
    async def cancel_order(
        info: Info, input: Annotated[CancelOrderInput, strawberry.argument(description="The order to cancel.")]
    ) -> CancelOrderPayload:
        return await settle(CancelOrderPayload, info.context, input, orders.cancel)
