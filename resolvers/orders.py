"""Orders: "Comprar", "Meus Pedidos"."""

from collections.abc import Sequence
from typing import NamedTuple

from db import licenses, order_changes, orders, price_tables, products
from db.order_changes import NewOrder
from db.orders import OrderFilter, OrderRow, OrderSortKey, OrdersTotal
from db.partners import PartnerRow
from db.stock_movements import NewMovement
from domain import policies
from domain.access import Permission
from domain.checks import Checks
from domain.events import Event, EventType
from domain.licenses import COUNTER_MAX, StockMovementType, bought
from domain.money import Cents
from domain.orders import OrderStatus, OrderType, can_move, move
from domain.partners import PartnerStatus
from domain.policies import Approval, Policy
from domain.refusals import CounterOverflow, NotFound, PriceChanged
from domain.tenancy import ALL_PARTNERS
from resolvers import pages, prices
from resolvers.context import Context
from resolvers.dataloader import Batch, MaybeAwaitable, then
from resolvers.mutations import Work, mutation
from resolvers.pages import EVERYTHING, Page, PageArguments, Selection
from resolvers.prices import WantedOrder
from resolvers.viewers import Viewer


def by_id(context: Context, order_id: int) -> MaybeAwaitable[OrderRow | None]:
    """The order."""
    context.require(Permission.ORDERS_READ)
    return context.loaders.order.find(order_id)


async def by_number(context: Context, number: int, named: int | None = None) -> OrderRow | None:
    """Return the partner's order with that number."""
    context.require(Permission.ORDERS_READ)
    partner_id = context.of_one_partner(named, "partnerId")
    order_id = await context.portal.database.read(
        lambda connection: orders.id_by_number(connection, partner_id, number)
    )
    return None if order_id is None else await context.loaders.order.load(order_id)


def page(
    context: Context,
    chosen: OrderFilter,
    by: OrderSortKey | None,
    arguments: PageArguments,
    *,
    descending: bool,
    named: int | None = None,
    selection: Selection = EVERYTHING,
) -> MaybeAwaitable[Page[OrderRow]]:
    """Return a page of the orders, of the partner that is named or all, of which it reads the selection.

    Without a sort, orders of one partner are sorted by number, and those of all partners by time.
    """
    context.require(Permission.ORDERS_READ)
    scope = context.within(named)
    if by is None:
        by = OrderSortKey.CREATED_AT if scope is ALL_PARTNERS else OrderSortKey.NUMBER
    listing = orders.listing(scope, chosen, by, descending=descending)
    return pages.page(context, scope, listing, arguments, selection)


async def total(context: Context, chosen: OrderFilter, named: int | None) -> OrdersTotal:
    """Return the number and the sums of the orders, of the partner that is named or all."""
    context.require(Permission.ORDERS_READ)
    scope = context.within(named)
    return await context.portal.database.read(lambda connection: orders.total(connection, scope, chosen))


def can_approve(context: Context, rows: Sequence[OrderRow]) -> Batch[bool]:
    """Return whether the viewer can approve each order now, by its status and its partner's policies."""
    permitted = context.may(Permission.ORDERS_APPROVE)
    pending = [permitted and can_move(order.status, OrderStatus.COMPLETED) for order in rows]
    if not any(pending):
        return pending

    def decided(partners: list[PartnerRow | None]) -> list[bool]:
        return [
            is_pending
            and partner is not None
            and partner.status is PartnerStatus.ACTIVE
            and not policies.refusals(partner.policy, _approval(context.signed_in, order))
            for order, partner, is_pending in zip(rows, partners, pending, strict=True)
        ]

    wanted = [order.partner_id if each else None for order, each in zip(rows, pending, strict=True)]
    return then(context.loaders.partner.load_many(wanted), decided)


def can_cancel(context: Context, order: OrderRow) -> bool:
    """Return whether the viewer can cancel the order now."""
    return context.may(Permission.ORDERS_CREATE) and can_move(order.status, OrderStatus.CANCELLED)


class CreateOrder(NamedTuple):
    """Order to create; it is refused if its total is not the expected one."""

    wanted: WantedOrder
    expected_total: Cents | None
    note: str | None


class OrderChanged(NamedTuple):
    """Order that was created or cancelled."""

    order_id: int


@mutation("createOrder", OrderChanged)
async def create(work: Work, given: CreateOrder) -> OrderChanged:
    """Create a pending order at today's prices."""
    await work.terms()
    known = await products.shared(work.tx, given.wanted.product_ids)
    table_id = prices.found(await price_tables.shared(work.tx, work.partner_id, given.wanted.price_table_id))
    if given.wanted.type is OrderType.ADDITIONAL_SEATS:
        await licenses.locked(work.tx, work.partner_id, given.wanted.product_ids)
    # The time after the locks: before them, a version may have been published that began meanwhile.
    quote = await prices.priced(work.tx, work.partner_id, given.wanted, known, table_id, at=work.now)
    if given.expected_total not in {None, quote.total_with_setup_fee}:
        raise PriceChanged(
            ("expectedTotal",), expected=Cents(given.expected_total or 0), actual=quote.total_with_setup_fee
        )
    work.changes.quote = quote
    new = NewOrder(
        number=await work.next_order_number(),
        type=quote.type,
        price_table_id=quote.price_table_id,
        price_table_version_id=quote.price_table_version_id,
        lines=quote.items,
        note=given.note,
    )
    order_id = await order_changes.create(work.tx, work.partner_id, new, by_id=work.viewer.user_id, at=work.now)
    await work.append(Event(type=EventType.ORDER_CREATED, order_id=order_id))
    return OrderChanged(order_id)


class ApproveOrder(NamedTuple):
    """Order to approve."""

    order_id: int


class OrderApproved(NamedTuple):
    """Approved order, and the products whose stock it added to."""

    order_id: int
    product_ids: list[int]


@mutation("approveOrder", OrderApproved)
async def approve(work: Work, given: ApproveOrder) -> OrderApproved:
    """Complete a pending order and add what it bought to the partner's stock."""
    terms = await work.terms()
    order = await _pending(work, given.order_id, to=OrderStatus.COMPLETED)
    _check_policy(work, terms.policy, order)
    items = (await orders.items_of(work.tx, work.partner_id, [order.id]))[order.id]
    deltas = {
        item.product_id: bought(order.type, quantity=item.quantity, bonus_quantity=item.bonus_quantity)
        for item in sorted(items, key=lambda item: item.product_id)
    }
    if not await licenses.add_each(work.tx, work.partner_id, deltas):
        raise CounterOverflow(("orderId",), highest=COUNTER_MAX)
    movements = [
        NewMovement(product_id, StockMovementType.ORDER_APPROVED, delta, order_id=order.id)
        for product_id, delta in deltas.items()
    ]
    await work.record(movements)
    await order_changes.complete(work.tx, work.partner_id, order.id, by_id=work.viewer.user_id, at=work.now)
    await work.append(Event(type=EventType.ORDER_APPROVED, order_id=order.id))
    return OrderApproved(order.id, list(deltas))


def _check_policy(work: Work, policy: Policy, order: OrderRow) -> None:
    checks = Checks()
    for refusal in policies.refusals(policy, _approval(work.viewer, order), ("orderId",)):
        checks.refuse(refusal)
    checks.done()


def _approval(viewer: Viewer, order: OrderRow) -> Approval:
    return Approval(
        made_by=order.created_by_id,
        approved_by=viewer.user_id,
        total=Cents(order.monthly_total + order.setup_fee_total),
        by_vendor=viewer.of_vendor,
    )


class CancelOrder(NamedTuple):
    """Order to cancel, and the reason."""

    order_id: int
    reason: str | None


@mutation("cancelOrder", OrderChanged)
async def cancel(work: Work, given: CancelOrder) -> OrderChanged:
    """Cancel a pending order."""
    order = await _pending(work, given.order_id, to=OrderStatus.CANCELLED)
    await order_changes.cancel(
        work.tx, work.partner_id, order.id, by_id=work.viewer.user_id, at=work.now, note=given.reason
    )
    await work.append(Event(type=EventType.ORDER_CANCELLED, order_id=order.id))
    return OrderChanged(order.id)


async def _pending(work: Work, order_id: int, *, to: OrderStatus) -> OrderRow:
    order = await order_changes.locked(work.tx, work.partner_id, order_id)
    if order is None:
        raise NotFound(("orderId",))
    move(order.status, to, ("orderId",))
    return order
