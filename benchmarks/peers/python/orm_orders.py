"""Writing an order, on SQLAlchemy's async ORM."""

from collections.abc import Mapping

import texts
from models import AssignmentRow, CountersRow, EventRow, OrderItemRow, OrderRow, PriceTierRow, ProductRow, VersionRow
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from texts import PARTNER, USER


async def write_order(session: AsyncSession, order_type: str, quantities: Mapping[int, int]) -> OrderRow:
    """Write a pending order of these quantities of products, at the prices of the partner's table."""
    now = texts.stored_now()
    products = await session.scalars(select(ProductRow).where(ProductRow.id.in_(quantities)))
    included = {product.id: product.included_seats for product in products}
    version = (
        await session.scalars(
            select(VersionRow)
            .join(AssignmentRow, AssignmentRow.price_table_id == VersionRow.price_table_id)
            .where(AssignmentRow.partner_id == PARTNER, AssignmentRow.preselected, VersionRow.begins_at <= now)
            .order_by(VersionRow.begins_at.desc(), VersionRow.number.desc())
            .limit(1)
        )
    ).one()
    tiers = (
        await session.scalars(
            select(PriceTierRow)
            .where(
                PriceTierRow.version_id == version.id,
                PriceTierRow.order_type == order_type,
                PriceTierRow.product_id.in_(quantities),
            )
            .order_by(PriceTierRow.minimum_quantity.desc())
        )
    ).all()
    items = []
    for product_id, quantity in quantities.items():
        tier = next(each for each in tiers if each.product_id == product_id and each.minimum_quantity <= quantity)
        total = quantity + tier.bonus_quantity
        items.append(
            OrderItemRow(
                partner_id=PARTNER,
                product_id=product_id,
                quantity=quantity,
                bonus_quantity=tier.bonus_quantity,
                seats=total * (included[product_id] if order_type == "PURCHASE" else 1),
                unit_monthly_price=tier.unit_monthly_price,
                unit_setup_fee=tier.unit_setup_fee,
            )
        )
    numbers = (
        await session.execute(
            update(CountersRow)
            .where(CountersRow.partner_id == PARTNER)
            .values(order_number=CountersRow.order_number + 1, event_number=CountersRow.event_number + 1)
            .returning(CountersRow.order_number, CountersRow.event_number)
        )
    ).one()
    order = OrderRow(
        partner_id=PARTNER,
        number=numbers.order_number,
        type=order_type,
        status="PENDING",
        price_table_id=version.price_table_id,
        price_table_version_id=version.id,
        monthly_total=sum(item.quantity * item.unit_monthly_price for item in items),
        setup_fee_total=sum(item.quantity * item.unit_setup_fee for item in items),
        created_at=now,
        created_by_id=USER,
    )
    session.add(order)
    await session.flush()
    for item in items:
        item.order_id = order.id
    happened = EventRow(
        partner_id=PARTNER,
        number=numbers.event_number,
        type="ORDER_CREATED",
        occurred_at=now,
        actor_id=USER,
        order_id=order.id,
    )
    session.add_all([*items, happened])
    return order
