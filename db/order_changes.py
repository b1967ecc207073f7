"""Statements that create, lock, complete and cancel orders."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from db.engine import Transaction, one, returned
from db.engine.expressions import KEEPING_KEYS
from db.engine.filters import PARTNER, values_of
from db.engine.statement import Statement
from db.orders import ORDER_COLUMNS, OrderRow
from db.tables import order_items, orders
from domain.audit import lines_hash
from domain.orders import Line, OrderStatus, OrderType

_MINE = orders.c.partner_id == PARTNER, orders.c.id == sa.bindparam("order_id")
_LOCK = Statement(sa.select(*ORDER_COLUMNS).where(*_MINE).with_for_update(key_share=KEEPING_KEYS), OrderRow)


async def locked(tx: Transaction, partner_id: int, order_id: int) -> OrderRow | None:
    """Lock the partner's order until the transaction ends, and return it; None if there is none."""
    return await one(tx, _LOCK, {"partner_id": partner_id, "order_id": order_id})


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrder:
    """New order."""

    number: int
    type: OrderType
    price_table_id: int
    price_table_version_id: int
    lines: Sequence[Line]
    note: str | None


_CREATE = Statement(
    sa.insert(orders).returning(orders.c.id),
    int,
    inserted=[
        "partner_id",
        "number",
        "type",
        "status",
        "price_table_id",
        "price_table_version_id",
        "monthly_total",
        "setup_fee_total",
        "lines_hash",
        "note",
        "created_at",
        "created_by_id",
    ],
)
_ADD_ITEM = Statement(
    sa.insert(order_items),
    tuple,
    inserted=[
        "partner_id",
        "order_id",
        "product_id",
        "quantity",
        "bonus_quantity",
        "seats",
        "unit_monthly_price",
        "unit_setup_fee",
    ],
)


async def create(tx: Transaction, partner_id: int, new: NewOrder, *, by_id: int, at: datetime) -> int:
    """Create a pending order with its items, and return its id."""
    order = {
        "partner_id": partner_id,
        "number": new.number,
        "type": new.type,
        "status": OrderStatus.PENDING,
        "price_table_id": new.price_table_id,
        "price_table_version_id": new.price_table_version_id,
        "monthly_total": sum(line.monthly_total for line in new.lines),
        "setup_fee_total": sum(line.setup_fee for line in new.lines),
        "lines_hash": lines_hash(new.lines),
        "note": new.note,
        "created_at": at,
        "created_by_id": by_id,
    }
    order_id = await returned(tx, _CREATE, order)
    items = [
        {
            "partner_id": partner_id,
            "order_id": order_id,
            "product_id": line.product_id,
            "quantity": line.quantity,
            "bonus_quantity": line.bonus_quantity,
            "seats": line.seats,
            "unit_monthly_price": line.unit_monthly_price,
            "unit_setup_fee": line.unit_setup_fee,
        }
        for line in new.lines
    ]
    await tx.execute_many(_ADD_ITEM, items)
    return order_id


_COMPLETE = Statement(
    sa.update(orders)
    .where(*_MINE)
    .values(status=OrderStatus.COMPLETED, approved_by_id=sa.bindparam("by_id"), approved_at=sa.bindparam("at")),
    values_of,
)
_CANCEL = Statement(
    sa.update(orders)
    .where(*_MINE)
    .values(
        status=OrderStatus.CANCELLED,
        cancelled_by_id=sa.bindparam("by_id"),
        cancelled_at=sa.bindparam("at"),
        cancellation_note=sa.bindparam("note_of_it"),
    ),
    values_of,
)


async def complete(tx: Transaction, partner_id: int, order_id: int, *, by_id: int, at: datetime) -> None:
    """Complete the order, which the caller has locked and found pending."""
    await tx.execute(_COMPLETE, {"partner_id": partner_id, "order_id": order_id, "by_id": by_id, "at": at})


async def cancel(
    tx: Transaction, partner_id: int, order_id: int, *, by_id: int, at: datetime, note: str | None
) -> None:
    """Cancel the order, which the caller has locked and found pending."""
    which = {"partner_id": partner_id, "order_id": order_id}
    await tx.execute(_CANCEL, {**which, "by_id": by_id, "at": at, "note_of_it": note})
